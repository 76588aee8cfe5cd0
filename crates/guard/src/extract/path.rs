//! Ids in a path.

use crate::problem::Problem;
use axum::extract::FromRequestParts;
use http::request::Parts;
use kernel::Fault;
use serde::de::DeserializeOwned;

/// The variables of a route. What is no id names nothing: 404, as for an id of somebody else's.
#[derive(Debug, Clone, Copy)]
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    #[expect(clippy::disallowed_types, reason = "this is the wrapper that gives it problem answers")]
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(_) => Err(Fault::not_found().into()),
        }
    }
}
