//! Who watches what is answered: the port through which requests are counted and failures are kept.

use http::Method;
use http::StatusCode;
use kernel::Timestamp;
use std::time::Duration;
use uuid::Uuid;

/// One answer, for whoever counts. Nothing in it names a person, and no value in it was made up by a stranger.
#[derive(Debug, Clone, Copy)]
pub struct Answered<'a> {
    /// The method.
    pub method: &'a Method,
    /// The route as declared (`/api/moods/{id}`); `None` for a path that is nobody's.
    pub route: Option<&'a str>,
    /// The status.
    pub status: StatusCode,
    /// From the request's head to the answer's.
    pub took: Duration,
}

/// What went wrong on our side, as the log has it. A cause may quote what somebody wrote: to be kept sealed.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The request's id, which the answer told the client.
    pub id: Uuid,
    /// When the request came.
    pub at: Timestamp,
    /// The code of the answer.
    pub code: &'static str,
    /// The status of the answer.
    pub status: u16,
    /// The method.
    pub method: String,
    /// The route as declared; empty for a path that is nobody's.
    pub route: String,
    /// What the client was told.
    pub detail: String,
    /// What the client was not told: the cause, and the cause of the cause.
    pub cause: String,
    /// Whose request it was, as a pseudonym.
    pub user_ref: Option<String>,
}

/// One line of the access log (A1-L4): what, how it ended, how long; never a query, a body, a credential or a whole
/// address. No value but the method is a stranger's.
#[derive(Debug, Clone, Copy)]
pub struct Access<'a> {
    /// When it was answered.
    pub at: Timestamp,
    /// The request's id.
    pub request_id: Uuid,
    /// Whose request it was, as a pseudonym.
    pub user_ref: Option<&'a str>,
    /// The method, which a stranger may have made up.
    pub method: &'a Method,
    /// The route as declared; `(none)` for a path that is nobody's.
    pub route: &'a str,
    /// The status.
    pub status: StatusCode,
    /// From the request's head to the answer's.
    pub took: Duration,
    /// The network that it came from.
    pub ip_prefix: &'a str,
}

/// Whoever writes the access log. Called on the way of every request that is to be logged, so it may not wait.
pub trait AccessLog: Send + Sync + 'static {
    /// Whether there is an access log.
    fn is_wanted(&self) -> bool;

    /// Writes a line.
    fn write(&self, line: &Access<'_>);
}

/// The access log as events of `tracing`.
pub(crate) struct Events;

impl AccessLog for Events {
    fn is_wanted(&self) -> bool {
        tracing::enabled!(target: "access", tracing::Level::INFO)
    }

    fn write(&self, line: &Access<'_>) {
        line.tell();
    }
}

impl Access<'_> {
    /// Tells the line as an event of `tracing`, for who has no better way to write it.
    pub fn tell(&self) {
        tracing::info!(
            target: "access",
            event = "request",
            request_id = %self.request_id,
            user_ref = self.user_ref,
            method = self.method.as_str(),
            route = self.route,
            status = self.status.as_u16(),
            latency_ms = self.took.as_secs_f64() * 1000.0,
            ip_prefix = self.ip_prefix,
        );
    }
}

/// Whoever watches. Called on the way of every request, so neither may wait for anything.
pub trait Observer: Send + Sync + 'static {
    /// Something was answered.
    fn answered(&self, answer: &Answered<'_>);

    /// Something failed on our side.
    fn failed(&self, failure: Failure);
}

/// Nobody watches.
pub(crate) struct Nobody;

impl Observer for Nobody {
    fn answered(&self, _: &Answered<'_>) {}
    fn failed(&self, _: Failure) {}
}
