//! Transcription for async callers: a few threads of its own, a bounded queue, one model kept while it is used.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use std::{io, thread};

use tokio::sync::oneshot;

use crate::cancel::Cancel;
use crate::chunks::Chunks;
use crate::cores;
use crate::decode::Decoder;
use crate::fault::SpeechError;
use crate::language::Language;
use crate::limits::Limits;
use crate::line::{Line, Next};
use crate::models::{self, Missing, ModelFile};
use crate::source::Source;
use crate::transcript::Transcript;
use crate::whisper::{Engine, Model, Threads, Wish};

/// More threads than this make whisper.cpp slower, not faster.
const MOST_THREADS: usize = 16;

/// How the pool works.
#[derive(Debug, Clone)]
pub struct PoolSettings {
    /// Where the models lie.
    pub models_dir: PathBuf,
    /// How many recordings at once. One by default: two would each take more than twice as long.
    pub workers: usize,
    /// Threads of one job. `None`: the processor's real cores shared among the workers, fewer while others use them.
    pub threads: Option<usize>,
    /// How many jobs may wait.
    pub queue: usize,
    /// After how long without work the model leaves memory.
    pub idle: Duration,
    /// What a recording may be at most.
    pub limits: Limits,
}

impl PoolSettings {
    /// The defaults, with models from that folder.
    pub fn new(models_dir: impl Into<PathBuf>) -> Self {
        let (idle, limits) = (Duration::from_mins(5), Limits::default());
        Self { models_dir: models_dir.into(), workers: 1, threads: None, queue: 8, idle, limits }
    }
}

/// One recording to listen to.
pub struct Job {
    source: Source,
    language: Language,
    prompt: String,
    temperature: f32,
    progress: Arc<dyn Fn(f32) + Send + Sync>,
    cancel: Cancel,
}

impl Job {
    /// A recording in whatever language is spoken.
    pub fn new(source: Source) -> Self {
        let (language, prompt, temperature) = (Language::Auto, String::new(), 0.0);
        Self { source, language, prompt, temperature, progress: Arc::new(|_| ()), cancel: Cancel::new() }
    }

    /// The language spoken.
    #[must_use]
    pub fn language(mut self, language: Language) -> Self {
        self.language = language;
        self
    }

    /// Words that help the model with names and style, as if said just before. Zero bytes are dropped.
    #[must_use]
    pub fn prompt(mut self, prompt: &str) -> Self {
        self.prompt = prompt.replace('\0', "");
        self
    }

    /// How freely the model chooses, 0 (the default, always the likeliest) to 1.
    #[must_use]
    pub fn temperature(mut self, temperature: f32) -> Self {
        self.temperature = if temperature.is_finite() { temperature } else { 0.0 };
        self
    }

    /// Hears how far it is, 0 to 1, never less than before; called on the worker's thread, so it has to be quick.
    #[must_use]
    pub fn progress(mut self, hear: impl Fn(f32) + Send + Sync + 'static) -> Self {
        self.progress = Arc::new(hear);
        self
    }

    /// A flag that stops it.
    #[must_use]
    pub fn cancel(mut self, cancel: Cancel) -> Self {
        self.cancel = cancel;
        self
    }
}

/// The workers. Clones share them; when the last clone is gone, they finish and end.
#[derive(Clone)]
pub struct WhisperPool(Arc<Handle>);

struct Handle(Arc<Shared>);

struct Shared {
    settings: PoolSettings,
    line: Line<Task>,
    /// The model while at least one worker holds it.
    model: Mutex<Weak<Model>>,
    closing: Cancel,
}

struct Task {
    job: Job,
    abandoned: Cancel,
    answer: oneshot::Sender<Result<Transcript, SpeechError>>,
}

/// Raises its flag when the caller's future is dropped.
struct Abandon(Cancel);

impl Drop for Abandon {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

impl WhisperPool {
    /// Starts the threads; no model is loaded before the first job.
    ///
    /// # Errors
    /// The system gives no more threads.
    pub fn start(settings: PoolSettings) -> io::Result<Self> {
        let workers = settings.workers.clamp(1, 64);
        let threads = match settings.threads {
            Some(threads) => Threads::Fixed(threads.clamp(1, MOST_THREADS)),
            None => Threads::UpTo((cores::real() / workers).clamp(1, MOST_THREADS)),
        };
        let (line, model) = (Line::new(settings.queue), Mutex::new(Weak::new()));
        let shared = Arc::new(Shared { settings, line, model, closing: Cancel::new() });
        for number in 0..workers {
            let shared = Arc::clone(&shared);
            thread::Builder::new().name(format!("whisper-{number}")).spawn(move || work(&shared, threads))?;
        }
        Ok(Self(Arc::new(Handle(shared))))
    }

    /// The model the next job would use: a look at the folder, so that one fetched later is found without a restart.
    ///
    /// # Errors
    /// There is none.
    pub fn model(&self) -> Result<ModelFile, Missing> {
        models::find(&self.0.0.settings.models_dir)
    }

    /// Whether a model is in memory.
    pub fn is_loaded(&self) -> bool {
        self.0.0.model.lock().unwrap_or_else(PoisonError::into_inner).strong_count() > 0
    }

    /// Listens to a recording. Dropping the future stops the work.
    ///
    /// # Errors
    /// [`SpeechError::Busy`] at once when the queue is full; otherwise why there is no transcript.
    pub async fn transcribe(&self, job: Job) -> Result<Transcript, SpeechError> {
        let (answer, hear) = oneshot::channel();
        let abandoned = Cancel::new();
        let _abandon = Abandon(abandoned.clone());
        self.0.0.line.join(Task { job, abandoned, answer }).map_err(|_| SpeechError::Busy)?;
        hear.await.unwrap_or(Err(SpeechError::Stopped))
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.closing.cancel();
        self.0.line.close();
    }
}

fn work(shared: &Arc<Shared>, threads: Threads) {
    let mut engine: Option<Engine> = None;
    loop {
        match shared.line.next(shared.settings.idle) {
            Next::Item(Task { job, abandoned, answer }) => {
                let done = catch_unwind(AssertUnwindSafe(|| listen(shared, threads, &mut engine, job, abandoned)));
                let done = done.unwrap_or_else(|_| Err(SpeechError::Engine("it panicked".to_owned())));
                if matches!(done, Err(SpeechError::Engine(_))) {
                    // Its buffers may be in any state; the next job gets new ones.
                    engine = None;
                }
                // A caller who went away does not want the answer.
                drop(answer.send(done));
            }
            Next::Idle => {
                if engine.take().is_some() {
                    tracing::debug!("the speech model left memory");
                }
            }
            Next::Closed => return,
        }
    }
}

fn listen(
    shared: &Arc<Shared>,
    threads: Threads,
    engine: &mut Option<Engine>,
    job: Job,
    abandoned: Cancel,
) -> Result<Transcript, SpeechError> {
    let closing = shared.closing.clone();
    let stop = move || job.cancel.is_cancelled() || abandoned.is_cancelled() || closing.is_cancelled();
    if stop() {
        return Err(SpeechError::Cancelled);
    }
    let wanted = models::find(&shared.settings.models_dir)?;
    // Opened first: a file that cannot be used must not cost the loaded model.
    let decoder = Decoder::open(job.source, &shared.settings.limits)?;
    let ready = match engine.take() {
        Some(ready) if ready.model.file == wanted => ready,
        _ => Engine::new(model(shared, wanted)?, threads)?,
    };
    let (language, prompt, temperature) = (job.language, job.prompt, job.temperature);
    let wish = Wish { language, prompt, temperature, progress: rising(job.progress), stop: Arc::new(stop) };
    engine.insert(ready).transcribe(Chunks::new(decoder), wish)
}

/// The model, loaded once for all workers.
fn model(shared: &Shared, wanted: ModelFile) -> Result<Arc<Model>, SpeechError> {
    // Held while loading, so that two workers that start at once load one model.
    let mut slot = shared.model.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(loaded) = slot.upgrade().filter(|loaded| loaded.file == wanted) {
        return Ok(loaded);
    }
    let name = wanted.name;
    let loaded = Arc::new(Model::load(wanted)?);
    *slot = Arc::downgrade(&loaded);
    tracing::info!(model = name, "the speech model is in memory");
    Ok(loaded)
}

/// Passes on only what is more than before. A listener that panics hears no more; the work goes on.
fn rising(hear: Arc<dyn Fn(f32) + Send + Sync>) -> Arc<dyn Fn(f32) + Send + Sync> {
    let (most, gone) = (AtomicU32::new(0), Cancel::new());
    Arc::new(move |share: f32| {
        let share = share.clamp(0.0, 1.0);
        // Bit patterns of floats that are not negative are ordered as the floats are.
        let is_more = most.fetch_max(share.to_bits(), Ordering::Relaxed) < share.to_bits();
        if is_more && !gone.is_cancelled() && catch_unwind(AssertUnwindSafe(|| hear(share))).is_err() {
            gone.cancel();
        }
    })
}
