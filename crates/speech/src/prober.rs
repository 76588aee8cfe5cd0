//! Probing and cleaning for async callers, on threads of their own.

use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use thiserror::Error;
use tokio::sync::oneshot;

use crate::container::Container;
use crate::fault::AudioFault;
use crate::limits::Limits;
use crate::line::{Line, Next};
use crate::probe::{Probe, probe};
use crate::source::Source;
use crate::strip::strip;

/// How many uploads may wait for their turn. A probe takes milliseconds, cleaning a hundred MiB about a second.
const PLACES: usize = 32;
const THREADS: usize = 2;

/// Probes uploads one after the other on threads of its own. Clones share them.
#[derive(Clone)]
pub struct Prober(Arc<Handle>);

struct Handle {
    line: Arc<Line<Task>>,
    limits: Limits,
}

type Task = Box<dyn FnOnce() + Send>;

/// Why there is no [`Probe`].
#[derive(Debug, Error)]
pub enum ProbeError {
    /// The file cannot be used.
    #[error(transparent)]
    Audio(#[from] AudioFault),
    /// Too many uploads are being looked at already; the caller may try again in a moment.
    #[error("Too many recordings are being looked at. Please try again in a moment.")]
    Busy,
}

impl Prober {
    /// Starts the threads.
    ///
    /// # Errors
    /// The system gives no more threads.
    pub fn new(limits: Limits) -> io::Result<Self> {
        let line = Arc::new(Line::new(PLACES));
        for number in 0..THREADS {
            let line = Arc::clone(&line);
            thread::Builder::new().name(format!("probe-{number}")).spawn(move || work(&line))?;
        }
        Ok(Self(Arc::new(Handle { line, limits })))
    }

    /// What is taken.
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// [`probe`], without blocking the caller's thread.
    ///
    /// # Errors
    /// What is wrong with the file, or that too many are waiting.
    pub async fn probe(&self, source: Source) -> Result<Probe, ProbeError> {
        let limits = self.0.limits;
        self.run(move || probe(source, &limits)).await
    }

    /// [`strip`], without blocking the caller's thread; the sink comes back when all is written to it. When the caller goes
    /// away meanwhile, the sink is dropped.
    ///
    /// # Errors
    /// What is wrong with the file, or that too many are waiting.
    pub async fn strip<W>(&self, source: Source, container: Container, mut sink: W) -> Result<W, ProbeError>
    where
        W: Write + Send + 'static,
    {
        self.run(move || {
            strip(source, container, &mut sink)?;
            Ok(sink)
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, AudioFault> + Send + 'static,
    ) -> Result<T, ProbeError> {
        let (answer, hear) = oneshot::channel();
        let task: Task = Box::new(move || {
            // A panic in it is a damaged file, not the end of a thread.
            let done = catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(AudioFault::Corrupt));
            // A caller who went away does not want the answer.
            drop(answer.send(done));
        });
        self.0.line.join(task).map_err(|_| ProbeError::Busy)?;
        Ok(hear.await.unwrap_or(Err(AudioFault::Corrupt))?)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.line.close();
    }
}

fn work(line: &Line<Task>) {
    loop {
        match line.next(Duration::from_hours(1)) {
            Next::Item(task) => task(),
            Next::Idle => {}
            Next::Closed => return,
        }
    }
}
