//! Logs: one JSON object a line on standard error, UTC, with a last filter over anything that looks like a secret (A1-L4,
//! A2-8). `docs/logging.md` says what a line has.

use access::Direct;
use guard::AccessLog;
use kernel::{Clock as _, SystemClock, redact};
use outlet::Outlet;
use std::cell::Cell;
use std::sync::{Arc, OnceLock};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::{EnvFilter, Registry};

mod access;
mod line;
mod outlet;

/// The outlet to standard error, once logging has started.
static OUTLET: OnceLock<Arc<Outlet>> = OnceLock::new();

/// The same, once our subscriber is the one of the whole process.
static ACCESS: OnceLock<Arc<Direct>> = OnceLock::new();

/// A line that needed more memory than this gives it back.
const KEPT: usize = 16 * 1024;

thread_local! {
    /// The memory of this thread's line before, to be filled again.
    static BUFFER: Cell<String> = const { Cell::new(String::new()) };
}

/// Writes each event as one line. Spans are not written: what belongs to a request carries its `request_id`.
///
/// Lines go through [`redact::bytes`] on their way out; types that cannot be printed are the first defence, this the last.
struct Lines(Arc<Outlet>);

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        // Taken and put back rather than borrowed: what an event holds may log when it is written. A thread that ends has
        // none any more.
        let mut text = BUFFER.try_with(Cell::take).unwrap_or_default();
        text.clear();
        line::write(&mut text, event, SystemClock.now());
        self.0.put(&redact::bytes(text.as_bytes()), *event.metadata().level() <= Level::WARN);
        if text.capacity() <= KEPT {
            let _ = BUFFER.try_with(|buffer| buffer.set(text));
        }
    }
}

/// Starts logging; `filter` is in the syntax of `tracing`'s filters (`info`, `info,access=off`). What cannot be read as
/// such counts as `info`. A panic becomes a line like any other.
pub(crate) fn start(filter: &str) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let outlet = OUTLET.get_or_init(|| Outlet::new(Box::new(std::io::stderr())));
    // A second start in one process (tests) keeps the first subscriber.
    let subscriber = Registry::default().with(filter).with(Lines(outlet.clone()));
    if tracing::subscriber::set_global_default(subscriber).is_ok() {
        let _ = ACCESS.set(Arc::new(Direct::new(outlet.clone())));
    }
    std::panic::set_hook(Box::new(|panic| {
        let at = panic.location().map(ToString::to_string).unwrap_or_default();
        let text = panic.payload_as_str().unwrap_or("a panic without a text");
        tracing::error!(event = "panic", at, "{text}");
    }));
    // Seen only where everything is logged, which whoever searches a log for secrets wants to be sure of.
    tracing::trace!(event = "logging", "everything is logged");
}

/// The short way of the access log, once logging has started.
pub(crate) fn access_log() -> Option<Arc<dyn AccessLog>> {
    ACCESS.get().map(|direct| direct.clone() as _)
}

/// Writes what waits, when dropped: to be held by whoever is the last to have something to tell.
pub(crate) struct Ending;

impl Drop for Ending {
    fn drop(&mut self) {
        if let Some(outlet) = OUTLET.get() {
            outlet.flush();
        }
    }
}
