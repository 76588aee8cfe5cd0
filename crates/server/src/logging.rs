//! Logs: one JSON object a line on standard error, UTC, with a last filter over anything that looks like a secret (A1-L4,
//! A2-8). `docs/logging.md` says what a line has.

use kernel::{Clock as _, SystemClock, redact};
use std::io::Write;
use tracing::{Event, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::registry::LookupSpan;

mod line;

/// Writes an event as one line. Spans are not written: what belongs to a request carries its `request_id`.
struct Lines(SystemClock);

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> std::fmt::Result {
        writer.write_str(&line::of(event, self.0.now()))
    }
}

/// Lines go through [`redact::bytes`] on their way out; types that cannot be printed are the first defence, this the last.
#[derive(Clone, Copy)]
struct Redacting;

struct Line(Vec<u8>);

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let clean = redact::bytes(&self.0);
        // There is nobody left to tell that the log cannot be written.
        let _ = std::io::stderr().write_all(&clean);
    }
}

impl<'a> MakeWriter<'a> for Redacting {
    type Writer = Line;
    fn make_writer(&'a self) -> Line {
        Line(Vec::with_capacity(512))
    }
}

/// Starts logging; `filter` is in the syntax of `tracing`'s filters (`info`, `info,access=off`). What cannot be read as
/// such counts as `info`. A panic becomes a line like any other.
pub(crate) fn start(filter: &str) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let subscriber = tracing_subscriber::fmt()
        .event_format(Lines(SystemClock))
        .with_env_filter(filter)
        .with_writer(Redacting)
        .finish();
    // A second start in one process (tests) keeps the first subscriber.
    let _ = tracing::subscriber::set_global_default(subscriber);
    std::panic::set_hook(Box::new(|panic| {
        let at = panic.location().map(ToString::to_string).unwrap_or_default();
        let text = panic.payload_as_str().unwrap_or("a panic without a text");
        tracing::error!(event = "panic", at, "{text}");
    }));
    // Seen only where everything is logged, which whoever searches a log for secrets wants to be sure of.
    tracing::trace!(event = "logging", "everything is logged");
}
