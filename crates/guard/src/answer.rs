//! Answers that carry an entity and its version.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

/// An entity as JSON, with `ETag: "v<version>"` (RFC 9110, section 8.8.3) for the next write's `If-Match`.
#[derive(Debug)]
pub struct Entity<T> {
    /// 200 or 201.
    pub status: StatusCode,
    /// The version of the entity, which grows by one with each change.
    pub version: i64,
    /// What is sent.
    pub body: T,
}

impl<T> Entity<T> {
    /// 200.
    pub const fn ok(version: i64, body: T) -> Self {
        Self { status: StatusCode::OK, version, body }
    }

    /// 201.
    pub const fn created(version: i64, body: T) -> Self {
        Self { status: StatusCode::CREATED, version, body }
    }
}

impl<T: Serialize> IntoResponse for Entity<T> {
    fn into_response(self) -> Response {
        let mut response = (self.status, crate::Json(self.body)).into_response();
        if let Ok(tag) = HeaderValue::try_from(format!("\"v{}\"", self.version)) {
            response.headers_mut().insert(header::ETAG, tag);
        }
        response
    }
}
