//! What the steps of one request know of each other.

use crate::caller::{Caller, Presented, Sender};
use crate::extract::context;
use crate::limiter::Snapshot;
use crate::problem::Problem;
use crate::stack::Guard;
use crate::steps::ceiling::Place;
use crate::steps::credential::Found;
use crate::steps::scheme::Scheme;
use axum::extract::FromRequestParts;
use http::request::Parts;
use kernel::{Ambient, Fault, Timestamp, UserId};
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use uuid::Uuid;

/// The id of one request: in `X-Request-Id`, in every problem answer and in every log line of that request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CorrelationId(pub Uuid);

impl fmt::Display for CorrelationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<S: Sync> FromRequestParts<S> for CorrelationId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(context(parts)?.correlation_id)
    }
}

/// Where correlation ids come from: chance is asked for in bulk, because to ask the system for ten bytes costs as much as
/// half the checks. Ids are told to whoever asks; nothing that is to stay secret is made of these bytes.
#[derive(Default)]
pub(crate) struct Ids(Mutex<Chance>);

#[derive(Default)]
struct Chance {
    bytes: Vec<u8>,
    used: usize,
}

/// Chance for so many ids at once.
const AT_ONCE: usize = 256;
/// What one id takes (RFC 9562, section 5.7).
const EACH: usize = 10;

impl Ids {
    /// A new id: `UUIDv7` of the instant. No bytes are used twice.
    pub(crate) fn next(&self, ambient: &Ambient, at: Timestamp) -> CorrelationId {
        // Bytes are counted as used before they are taken, so a panic in between wastes them at worst.
        let mut chance = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if chance.used + EACH > chance.bytes.len() {
            chance.bytes.resize(AT_ONCE * EACH, 0);
            ambient.rng.fill(&mut chance.bytes);
            chance.used = 0;
        }
        let begin = chance.used;
        chance.used += EACH;
        let mut own = [0; EACH];
        own.copy_from_slice(&chance.bytes[begin..begin + EACH]);
        drop(chance);
        let millis = u64::try_from(at.as_micros() / 1000).unwrap_or(0);
        CorrelationId(uuid::Builder::from_unix_timestamp_millis(millis, &own).into_uuid())
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
    /// How many credentials came along.
    pub(crate) found: Found,
    pub(crate) guard: Arc<Guard>,
    /// Held as long as the request is worked on.
    pub(crate) place: OnceLock<Place>,
    /// Set by the extractor [`crate::Caller`] once they are let in, for the next one that asks.
    pub(crate) caller: OnceLock<Caller>,
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_two_requests_have_the_same_id_and_ids_follow_the_clock() {
        let (ids, ambient) = (Ids::default(), Ambient::system());
        let at = |second: i64| Timestamp::from_micros((1_763_000_000 + second) * 1_000_000);
        let all: Vec<Uuid> = (0..4)
            .flat_map(|second| (0..AT_ONCE + 3).map(move |_| second))
            .map(|n| ids.next(&ambient, at(n)).0)
            .collect();
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len());
        assert!(all.iter().all(|id| id.get_version_num() == 7));
        assert!(all[0] < all[AT_ONCE + 3] && all[AT_ONCE + 3] < all[2 * (AT_ONCE + 3)]);
        let tails: HashSet<_> = all.iter().map(|id| id.as_bytes()[8..].to_vec()).collect();
        assert_eq!(tails.len(), all.len(), "no chance is used twice");
    }
}
