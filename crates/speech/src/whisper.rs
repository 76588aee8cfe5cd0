//! The engine: whisper.cpp, one model, one piece of sound at a time.

use std::collections::HashMap;
use std::ffi::c_int;
use std::sync::{Arc, Mutex, PoisonError};

use whisper_rs::{FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters, WhisperState};

use crate::chunks::{Chunk, Chunks, is_silent};
use crate::cores;
use crate::decode::SAMPLE_RATE;
use crate::fault::{AudioFault, SpeechError};
use crate::language::Language;
use crate::models::ModelFile;
use crate::phrases::loops;
use crate::transcript::{Segment, Transcript, Word};
use crate::words::{Token, round, words};

/// Frames of the encoder's window: 30 s at 50 a second.
const FULL_WINDOW: c_int = 1500;
/// A shorter window makes short sound cheaper, but under this the model loops.
const LEAST_WINDOW: c_int = 768;
/// Above this chance of "nobody speaks", words the model is not sure of are not believed.
const NO_SPEECH: f32 = 0.6;
/// Words in a segment that is believed in spite of it are on average at least this sure.
const SURE: f32 = 0.6;

/// Words that are on average less sure than this are guesses into noise.
const GUESS: f32 = 0.4;

/// What one job asks of the engine, and how to reach whoever asked.
pub(crate) struct Wish {
    pub(crate) language: Language,
    pub(crate) prompt: String,
    pub(crate) temperature: f32,
    /// Hears shares, 0 to 1; must not panic.
    pub(crate) progress: Arc<dyn Fn(f32) + Send + Sync>,
    /// Whether to stop; must not panic.
    pub(crate) stop: Arc<dyn Fn() -> bool + Send + Sync>,
}

/// Weights in memory, shared by all workers.
pub(crate) struct Model {
    context: WhisperContext,
    pub(crate) file: ModelFile,
}

impl Model {
    /// Reads the weights.
    pub(crate) fn load(file: ModelFile) -> Result<Self, SpeechError> {
        // whisper.cpp talks to standard error about everything; this sends it nowhere.
        whisper_rs::install_logging_hooks();
        let parameters = WhisperContextParameters::default();
        let context = WhisperContext::new_with_params(&file.path, parameters).map_err(|error| engine(&error))?;
        Ok(Self { context, file })
    }
}

/// How many threads one job may have.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Threads {
    /// So many, whatever else goes on.
    Fixed(usize),
    /// As many as nobody else is using, up to so many.
    UpTo(usize),
}

/// One worker's half of the engine: the buffers of a run. Too large to make anew each time.
pub(crate) struct Engine {
    pub(crate) model: Arc<Model>,
    state: WhisperState,
    threads: Threads,
    /// One set of parameters a language: the binding leaks what it is given, so it is given each but once.
    templates: HashMap<&'static str, FullParams<'static, 'static>>,
    current: Current,
}

/// The job the callbacks speak for.
type Current = Arc<Mutex<Option<Running>>>;

#[derive(Clone)]
struct Running {
    wish: Arc<Wish>,
    share: (f32, f32),
}

/// What came out of one run.
struct Heard {
    language: &'static str,
    segments: Vec<Segment>,
}

impl Engine {
    pub(crate) fn new(model: Arc<Model>, threads: Threads) -> Result<Self, SpeechError> {
        let state = model.context.create_state().map_err(|error| engine(&error))?;
        Ok(Self { model, state, threads, templates: HashMap::new(), current: Current::default() })
    }

    /// Listens to a recording from beginning to end.
    pub(crate) fn transcribe(&mut self, mut sound: Chunks, wish: Wish) -> Result<Transcript, SpeechError> {
        let wish = Arc::new(wish);
        let mut language = match (wish.language, self.model.file.english_only) {
            (Language::Code(asked), true) if asked != "en" => {
                return Err(SpeechError::Language { asked, model: self.model.file.name });
            }
            (Language::Auto, true) => Language::Code("en"),
            (asked, _) => asked,
        };
        let mut segments: Vec<Segment> = Vec::new();
        let go_on = || !(wish.stop)();
        while let Some(chunk) = sound.next(go_on).map_err(stopped)? {
            if !is_silent(&chunk.samples) {
                let heard = self.listen(&chunk, language, &wish)?;
                if !heard.segments.is_empty() {
                    // Found out once, it is the same for the rest.
                    language = Language::Code(heard.language);
                }
                segments.extend(heard.segments);
            }
            (wish.progress)(chunk.share.1);
        }
        for (segment, id) in segments.iter_mut().zip(0..) {
            segment.id = id;
        }
        let language = match language {
            Language::Code(code) if !segments.is_empty() => code,
            _ => "",
        };
        Ok(Transcript {
            language: language.to_owned(),
            provider: "local".to_owned(),
            model: self.model.file.name.to_owned(),
            duration_s: round(sound.seconds()),
            segments,
        })
    }

    /// One piece; again with a full window, and without what was said before, when the model went in circles.
    fn listen(&mut self, chunk: &Chunk, language: Language, wish: &Arc<Wish>) -> Result<Heard, SpeechError> {
        #[expect(clippy::cast_precision_loss, reason = "one piece of sound")]
        let seconds = chunk.samples.len() as f64 / f64::from(SAMPLE_RATE);
        let window = window(chunk.samples.len());
        let heard = self.run(chunk, language, wish, window, false)?;
        if !circles(&heard.segments, seconds) {
            return Ok(heard);
        }
        tracing::debug!(window, "the model repeated itself; listening again");
        let mut again = self.run(chunk, language, wish, FULL_WINDOW, true)?;
        // What still repeats is dropped: no words are better than words nobody said.
        again.segments.retain(|segment| !circles(std::slice::from_ref(segment), segment.end - segment.start));
        Ok(again)
    }

    fn run(
        &mut self,
        chunk: &Chunk,
        language: Language,
        wish: &Arc<Wish>,
        window: c_int,
        afresh: bool,
    ) -> Result<Heard, SpeechError> {
        let prompt = if afresh || wish.prompt.is_empty() {
            Vec::new()
        } else {
            // Longer than the model can remember is no error: it keeps the end.
            self.model.context.tokenize(&wish.prompt, wish.prompt.len() + 8).map_err(|error| engine(&error))?
        };
        let mut parameters: FullParams<'_, '_> = self.template(language);
        let threads = match self.threads {
            Threads::Fixed(threads) => threads,
            Threads::UpTo(threads) => cores::free(threads),
        };
        parameters.set_n_threads(c_int::try_from(threads).unwrap_or(1));
        parameters.set_tokens(&prompt);
        parameters.set_audio_ctx(if window < FULL_WINDOW { window } else { 0 });
        parameters.set_temperature(wish.temperature.clamp(0.0, 1.0));
        if afresh {
            parameters.set_n_max_text_ctx(0);
        }
        self.speak_for(Some(Running { wish: Arc::clone(wish), share: chunk.share }));
        let samples = at_least_a_second(&chunk.samples);
        let done = self.state.full(parameters, &samples);
        self.speak_for(None);
        if (wish.stop)() {
            return Err(SpeechError::Cancelled);
        }
        done.map_err(|error| engine(&error))?;
        Ok(self.collect(chunk))
    }

    fn speak_for(&self, running: Option<Running>) {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = running;
    }

    /// Greedy, one candidate, word times; the callbacks reach whatever job is running.
    fn template(&mut self, language: Language) -> FullParams<'static, 'static> {
        let code = match language {
            Language::Auto => "auto",
            Language::Code(code) => code,
        };
        let current = &self.current;
        let make = || {
            let mut parameters = FullParams::new(SamplingStrategy::Greedy { best_of: 1 });
            parameters.set_language(Some(code));
            parameters.set_no_context(true);
            parameters.set_token_timestamps(true);
            parameters.set_suppress_blank(true);
            parameters.set_suppress_nst(true);
            parameters.set_no_speech_thold(NO_SPEECH);
            parameters.set_print_progress(false);
            parameters.set_print_realtime(false);
            parameters.set_print_special(false);
            parameters.set_print_timestamps(false);
            let told = Arc::clone(current);
            parameters.set_progress_callback_safe(move |percent: i32| tell(&told, percent));
            let asked = Arc::clone(current);
            // Boxed here because the binding calls back through this very type.
            let stop: Box<dyn FnMut() -> bool> = Box::new(move || ask(&asked));
            parameters.set_abort_callback_safe::<_, Box<dyn FnMut() -> bool>>(stop);
            parameters
        };
        self.templates.entry(code).or_insert_with(make).clone()
    }

    /// The segments of the last run, with the chunk's place in the recording added.
    fn collect(&self, chunk: &Chunk) -> Heard {
        let language = whisper_rs::get_lang_str(self.state.full_lang_id_from_state()).unwrap_or("en");
        #[expect(clippy::cast_precision_loss, reason = "2^53 samples are eighteen thousand years")]
        let seconds = |samples: u64| samples as f64 / f64::from(SAMPLE_RATE);
        let (begin, end) = (seconds(chunk.offset), seconds(chunk.offset + chunk.samples.len() as u64));
        let mut earliest = begin;
        let mut segments = Vec::new();
        for heard in self.state.as_iter() {
            #[expect(clippy::cast_precision_loss, reason = "hundredths of a second of one piece")]
            let at = |hundredths: i64| begin + hundredths as f64 / 100.0;
            let start = round(at(heard.start_timestamp()).clamp(earliest, end.max(earliest)));
            let stop = round(at(heard.end_timestamp()).clamp(start, end.max(start)));
            let tokens: Vec<Token> = (0..heard.n_tokens())
                .filter_map(|index| heard.get_token(index))
                .filter(|token| token.token_id() < self.model.context.token_eot())
                .map(|token| {
                    let data = token.token_data();
                    let bytes = token.to_bytes().map(<[u8]>::to_vec).unwrap_or_default();
                    Token { bytes, start: at(data.t0), end: at(data.t1), probability: data.p }
                })
                .collect();
            let bytes: Vec<u8> = tokens.iter().flat_map(|token| token.bytes.iter().copied()).collect();
            let text = String::from_utf8_lossy(&bytes).replace('\u{FFFD}', "").trim().to_owned();
            let words = words(&tokens, language, start, stop);
            if believable(&words, heard.no_speech_probability(), &chunk.samples, start - begin, stop - begin) {
                earliest = stop;
                segments.push(Segment { id: 0, start, end: stop, text, words });
            }
        }
        Heard { language, segments }
    }
}

/// Whether these words were said rather than invented: there is sound where they are, and where the model itself thinks
/// that nobody speaks, it must at least be sure of the words.
fn believable(words: &[Word], no_speech: f32, samples: &[f32], start: f64, stop: f64) -> bool {
    if words.is_empty() {
        return false;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within one piece of sound")]
    let place = |seconds: f64| ((seconds.max(0.0) * f64::from(SAMPLE_RATE)) as usize).min(samples.len());
    let (from, to) = (place(start), place(stop));
    if from < to && is_silent(&samples[from..to]) {
        return false;
    }
    #[expect(clippy::cast_precision_loss, reason = "a count of words")]
    let mean = words.iter().map(|word| word.probability).sum::<f32>() / words.len() as f32;
    mean >= if no_speech < NO_SPEECH { GUESS } else { SURE }
}

/// How much of the encoder's window short sound needs.
fn window(samples: usize) -> c_int {
    let frames = samples / (SAMPLE_RATE as usize / 50) + 128;
    c_int::try_from(frames).unwrap_or(FULL_WINDOW).clamp(LEAST_WINDOW, FULL_WINDOW)
}

fn circles(segments: &[Segment], seconds: f64) -> bool {
    loops(segments.iter().flat_map(|segment| segment.words.iter().map(|word| word.text.as_str())), seconds)
}

/// whisper.cpp gives nothing for less than a second: silence is put behind a short word.
fn at_least_a_second(samples: &[f32]) -> std::borrow::Cow<'_, [f32]> {
    let least = SAMPLE_RATE as usize + SAMPLE_RATE as usize / 10;
    if samples.len() >= least {
        return samples.into();
    }
    let mut longer = samples.to_vec();
    longer.resize(least, 0.0);
    longer.into()
}

/// Called from the C code, which no panic may cross: a [`Wish`] is made so that it cannot panic.
fn tell(current: &Current, percent: i32) {
    let running = current.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some(Running { wish, share: (before, after) }) = running {
        #[expect(clippy::cast_precision_loss, reason = "a percentage")]
        let done = percent.clamp(0, 100) as f32 / 100.0;
        (wish.progress)(before + (after - before) * done);
    }
}

/// Whether the running job is to stop.
fn ask(current: &Current) -> bool {
    let running = current.lock().unwrap_or_else(PoisonError::into_inner).clone();
    running.is_some_and(|running| (running.wish.stop)())
}

fn stopped(fault: AudioFault) -> SpeechError {
    match fault {
        AudioFault::Cancelled => SpeechError::Cancelled,
        fault => fault.into(),
    }
}

fn engine(error: &whisper_rs::WhisperError) -> SpeechError {
    SpeechError::Engine(error.to_string())
}
