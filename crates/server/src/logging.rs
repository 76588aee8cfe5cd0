//! Logs: JSON lines on standard error, UTC, with a last filter over anything that looks like a secret (A1-L4, A2-8).

use kernel::{Clock as _, SystemClock};
use std::io::Write;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;

mod redact;

struct Utc(SystemClock);

impl FormatTime for Utc {
    fn format_time(&self, writer: &mut Writer<'_>) -> std::fmt::Result {
        write!(writer, "{}", self.0.now())
    }
}

/// Lines go through [`redact::line`] on their way out; types that cannot be printed are the first defence, this the last.
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
        let clean = redact::line(&self.0);
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
/// such counts as `info`.
pub(crate) fn start(filter: &str) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let subscriber = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_timer(Utc(SystemClock))
        .with_env_filter(filter)
        .with_writer(Redacting)
        .finish();
    // A second start in one process (tests) keeps the first subscriber.
    let _ = tracing::subscriber::set_global_default(subscriber);
    // Seen only where everything is logged, which whoever searches a log for secrets wants to be sure of.
    tracing::trace!(event = "logging", "everything is logged");
}
