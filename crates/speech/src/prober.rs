//! Probing for async callers, on a thread of its own.

use std::sync::Arc;
use std::time::Duration;
use std::{io, thread};

use thiserror::Error;
use tokio::sync::oneshot;

use crate::fault::AudioFault;
use crate::limits::Limits;
use crate::line::{Line, Next};
use crate::probe::{Probe, probe};
use crate::source::Source;

/// How many uploads may wait for their turn. A probe takes milliseconds.
const PLACES: usize = 32;
const THREADS: usize = 2;

/// Probes uploads one after the other on threads of its own. Clones share them.
#[derive(Clone)]
pub struct Prober(Arc<Handle>);

struct Handle {
    line: Arc<Line<Task>>,
    limits: Limits,
}

struct Task {
    source: Source,
    answer: oneshot::Sender<Result<Probe, AudioFault>>,
}

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
            thread::Builder::new().name(format!("probe-{number}")).spawn(move || work(&line, &limits))?;
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
        let (answer, hear) = oneshot::channel();
        self.0.line.join(Task { source, answer }).map_err(|_| ProbeError::Busy)?;
        // No answer means that the work on it panicked outside the net around the demuxer.
        Ok(hear.await.unwrap_or(Err(AudioFault::Corrupt))?)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.line.close();
    }
}

fn work(line: &Line<Task>, limits: &Limits) {
    loop {
        match line.next(Duration::from_hours(1)) {
            Next::Item(Task { source, answer }) => {
                let looked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| probe(source, limits)));
                // A caller who went away does not want the answer.
                drop(answer.send(looked.unwrap_or(Err(AudioFault::Corrupt))));
            }
            Next::Idle => {}
            Next::Closed => return,
        }
    }
}
