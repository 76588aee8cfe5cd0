//! Refusals and failures as RFC 9457 problem answers.
//!
//! A handler's error travels as a [`Fault`] in the response's extensions; the outermost step writes the body, because only
//! there the correlation id is at hand and only there the log line is written.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use kernel::{Fault, Kind};
use std::sync::Arc;

/// What a handler answers with when it does not answer with its result.
#[derive(Debug)]
pub struct Problem(Fault);

/// What handlers return.
pub type Result<T, E = Problem> = std::result::Result<T, E>;

impl<E: Into<Fault>> From<E> for Problem {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

/// A fault on its way out, in a response's extensions.
#[derive(Clone)]
pub(crate) struct Raised(pub(crate) Arc<Fault>);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = status(self.0.kind()).into_response();
        response.extensions_mut().insert(Raised(Arc::new(self.0)));
        response
    }
}

/// The HTTP status of each kind of fault.
pub(crate) const fn status(kind: Kind) -> StatusCode {
    match kind {
        Kind::BadRequest => StatusCode::BAD_REQUEST,
        Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
        Kind::Forbidden => StatusCode::FORBIDDEN,
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Kind::RangeNotSatisfiable => StatusCode::RANGE_NOT_SATISFIABLE,
        Kind::TooSlow => StatusCode::REQUEST_TIMEOUT,
        Kind::Conflict => StatusCode::CONFLICT,
        Kind::Gone => StatusCode::GONE,
        Kind::Stale => StatusCode::PRECONDITION_FAILED,
        Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Kind::UnsupportedMedia => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Kind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        Kind::PreconditionRequired => StatusCode::PRECONDITION_REQUIRED,
        Kind::TooMany => StatusCode::TOO_MANY_REQUESTS,
        Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Kind::Timeout => StatusCode::GATEWAY_TIMEOUT,
    }
}
