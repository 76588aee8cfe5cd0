//! "Has just proven who they are" as an argument.

use axum::extract::FromRequestParts;
use guard::{Caller, Problem};
use http::request::Parts;
use kernel::{Clock, Fault, Kind, SystemClock};
use std::time::Duration;

/// How long a proof counts.
const WINDOW: Duration = Duration::from_mins(10);

/// Somebody who proved who they are within the last ten minutes. As a handler's argument it is the rule "confirmed".
pub(crate) struct Confirmed(pub(crate) Caller);

impl<S: Send + Sync> FromRequestParts<S> for Confirmed {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let fresh = caller.confirmed_at.is_some_and(|at| SystemClock.now().since(at) < WINDOW);
        if fresh && caller.scopes.is_none() {
            return Ok(Self(caller));
        }
        Err(Fault::new(Kind::Unauthenticated, "step_up_required", "Confirm that it is you, then try again.").into())
    }
}
