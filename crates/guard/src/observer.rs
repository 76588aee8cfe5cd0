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
