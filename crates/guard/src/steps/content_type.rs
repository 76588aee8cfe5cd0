//! Which types of body are taken at all (A1-C4, ASVS 3.5.2).

use crate::context::Context;
use crate::stack::Guard;
use axum::extract::{MatchedPath, Request};
use http::header;
use kernel::{Fault, Kind};

fn media_type(request: &Request) -> Option<&str> {
    request.headers().get(header::CONTENT_TYPE)?.to_str().ok()?.split(';').next().map(str::trim)
}

/// 415 unless the body is JSON, or of the types of an upload or report route. No compressed bodies: a small one can be
/// gigabytes when opened.
pub(crate) fn check(guard: &Guard, _: &Context, request: &mut Request) -> Result<(), Fault> {
    let refuse = |detail: &'static str| Err(Fault::new(Kind::UnsupportedMedia, "unsupported_media_type", detail));
    if request.headers().contains_key(header::CONTENT_ENCODING) {
        return refuse("Bodies are taken uncompressed, without Content-Encoding.");
    }
    let length = request.headers().get(header::CONTENT_LENGTH);
    let has_body =
        length.is_some_and(|length| length != "0") || request.headers().contains_key(header::TRANSFER_ENCODING);
    if !has_body {
        return Ok(());
    }
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let media = media_type(request).unwrap_or("").to_ascii_lowercase();
    if guard.config.uploads.iter().any(|upload| upload.route == route) {
        return if media == "multipart/form-data" { Ok(()) } else { refuse("Send multipart/form-data.") };
    }
    if route == crate::csp::REPORT_PATH {
        let report = matches!(media.as_str(), "application/csp-report" | "application/reports+json");
        return if report { Ok(()) } else { refuse("Send application/csp-report or application/reports+json.") };
    }
    if media == "application/json" { Ok(()) } else { refuse("Send application/json.") }
}
