//! Bodies of the type JSON, and their limits.

use crate::door::{STRANGER, knock};
use axum::body::Body;
use axum::extract::Request;
use http::{HeaderValue, Method, StatusCode, header};

/// How deep a body may nest, and how large it may be.
const DEPTH: usize = 32;
const LARGEST: usize = 1024 * 1024;

/// How deep brackets nest that stand outside of strings; good enough for a text that was taken.
fn depth(data: &[u8]) -> usize {
    let (mut open, mut most, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in data {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                open += 1;
                most = most.max(open);
            }
            b']' | b'}' if !in_string => open = open.saturating_sub(1),
            _ => {}
        }
    }
    most
}

/// The bytes as the body of a write.
pub(crate) fn target(data: &[u8]) {
    let mut request = Request::new(Body::from(data.to_vec()));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = http::Uri::from_static("/note");
    request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let (status, _) = knock(request, STRANGER);
    if status == StatusCode::OK {
        assert!(depth(data) <= DEPTH, "a body that nests {} deep was taken", depth(data));
        assert!(data.len() <= LARGEST, "a body of {} bytes was taken", data.len());
    } else {
        assert!(status.is_client_error(), "a body is refused with {status}");
    }
}
