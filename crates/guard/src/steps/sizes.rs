//! Bounds on what is read before anybody looks at it (A1-M8).

use crate::config::Upload;
use crate::context::Context;
use crate::stack::Guard;
use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use http::header;
use http_body::Body as _;
use http_body_util::Limited;
use kernel::{Fault, Kind};

/// The longest request target, in bytes.
const URL_BYTES: usize = 8 * 1024;
/// The largest header block, in bytes. hyper holds a looser bound of its own while it parses.
const HEADER_BYTES: usize = 16 * 1024;
/// A JSON body.
pub(crate) const JSON_BYTES: u64 = 1024 * 1024;
/// A JSON body of the routes that handle passwords.
const SIGN_IN_BYTES: u64 = 16 * 1024;
/// A browser's report of a blocked script.
const REPORT_BYTES: u64 = 16 * 1024;

/// The ceilings of this step, by name, in bytes.
pub const CEILINGS: &[(&str, u64)] = &[
    ("url_bytes", URL_BYTES as u64),
    ("header_bytes", HEADER_BYTES as u64),
    ("json_bytes", JSON_BYTES),
    ("sign_in_bytes", SIGN_IN_BYTES),
    ("report_bytes", REPORT_BYTES),
];

fn body_limit(uploads: &[Upload], request: &Request) -> u64 {
    if kernel::weaken::is("A1-M8") {
        return u64::MAX;
    }
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    if let Some(upload) = uploads.iter().find(|upload| upload.route == route) {
        return upload.limit;
    }
    match route {
        crate::csp::REPORT_PATH => REPORT_BYTES,
        "/api/setup" => SIGN_IN_BYTES,
        _ if route.starts_with("/api/auth/") || route.starts_with("/auth/") => SIGN_IN_BYTES,
        _ => JSON_BYTES,
    }
}

/// Refuses by what the request announces, before a byte of the body is read.
pub(crate) fn check(guard: &Guard, _: &Context, request: &mut Request) -> Result<(), Fault> {
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    if target > URL_BYTES {
        return Err(Fault::new(Kind::BadRequest, "url_too_long", "A URL has at most 8,192 bytes."));
    }
    let headers: usize = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if headers > HEADER_BYTES {
        return Err(Fault::new(Kind::BadRequest, "headers_too_large", "The headers have at most 16,384 bytes in all."));
    }
    let announced =
        request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    let limit = body_limit(&guard.config.uploads, request);
    if announced.is_some_and(|length| length > limit) {
        return Err(too_large(limit));
    }
    Ok(())
}

/// Holds a body without an announced length, or with a false one, to the same bound while it is read.
pub(crate) fn bound_body(guard: &Guard, request: Request) -> Request {
    // Known to be empty: most requests are.
    if request.body().is_end_stream() {
        return request;
    }
    let limit = usize::try_from(body_limit(&guard.config.uploads, &request)).unwrap_or(usize::MAX);
    if limit == usize::MAX {
        return request;
    }
    request.map(|body| Body::new(Limited::new(body, limit)))
}

/// 413, with the limit in words.
pub(crate) fn too_large(limit: u64) -> Fault {
    let detail = if limit >= 1024 * 1024 {
        format!("At most {} MiB are taken here.", limit / (1024 * 1024))
    } else {
        format!("At most {} KiB are taken here.", limit / 1024)
    };
    Fault::new(Kind::TooLarge, "too_large", detail)
}
