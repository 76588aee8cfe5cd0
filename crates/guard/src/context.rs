//! What the steps of one request know of each other.

use crate::caller::{Identities, Presented, Sender};
use crate::limiter::{Limiter, Snapshot};
use crate::stack::Guard;
use crate::steps::ceiling::Place;
use crate::steps::scheme::Scheme;
use kernel::{Fault, Timestamp, UserId};
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use uuid::Uuid;

/// The id of one request: in `X-Request-Id`, in every problem answer and in every log line of that request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CorrelationId(pub Uuid);

impl fmt::Display for CorrelationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One request's context; in its extensions as `Arc<Context>`.
pub(crate) struct Context {
    pub(crate) correlation_id: CorrelationId,
    pub(crate) ip: IpAddr,
    pub(crate) scheme: Scheme,
    pub(crate) begun: Timestamp,
    pub(crate) sender: Sender,
    pub(crate) presented: Option<Presented>,
    pub(crate) identities: Arc<dyn Identities>,
    pub(crate) limiter: Arc<Limiter>,
    pub(crate) guard: Arc<Guard>,
    /// Held as long as the request is worked on.
    pub(crate) place: OnceLock<Place>,
    /// Set by the extractor [`crate::Caller`] once it is proven, for the log line.
    pub(crate) user: OnceLock<UserId>,
    /// The limit that was nearest, for the answer's headers.
    pub(crate) limit: OnceLock<Snapshot>,
    /// The limit that refused the request, which the answer tells of instead.
    pub(crate) refused_by: OnceLock<Snapshot>,
}

impl Context {
    /// Keeps what is left of a limit, should that be nothing, for the answer to tell.
    pub(crate) fn told(&self, snapshot: Option<Snapshot>, verdict: Result<(), Fault>) -> Result<(), Fault> {
        if let (Some(snapshot), Err(_)) = (snapshot, &verdict) {
            // The first refusal is the one that is answered.
            let _ = self.refused_by.set(snapshot);
        }
        verdict
    }
}
