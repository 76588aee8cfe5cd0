//! Heads of requests: addresses, credentials, origins, types, digests.

use crate::door::{PROXY, STRANGER, knock};
use axum::body::Body;
use axum::extract::Request;
use http::{HeaderName, HeaderValue, Method, Uri};
use std::net::IpAddr;

/// The first byte chooses peer and method; then a line for the target, and a line for each header.
pub(crate) fn target(data: &[u8]) {
    let Some((choice, rest)) = data.split_first() else { return };
    let mut lines = rest.split(|byte| *byte == b'\n');
    let uri = lines.next().and_then(|line| Uri::try_from(line).ok()).unwrap_or_default();
    let peer = if choice & 1 == 0 { STRANGER } else { PROXY };
    let method = [Method::GET, Method::POST, Method::PUT, Method::TRACE][usize::from(choice >> 1) % 4].clone();
    let mut request = Request::new(Body::empty());
    (*request.method_mut(), *request.uri_mut()) = (method, uri);
    for line in lines.take(200) {
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let (Some(name), Some(value)) = (parts.next(), parts.next()) else { continue };
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value.trim_ascii())) {
            request.headers_mut().append(name, value);
        }
    }
    let (status, body) = knock(request, peer);
    if status.is_success() {
        let ip = std::str::from_utf8(&body).ok().and_then(|text| text.parse::<IpAddr>().ok());
        assert!(ip.is_some(), "an address that is none");
        // What a stranger says about where it comes from changes nothing.
        assert!(peer == PROXY || ip == Some(peer), "a forged address was believed");
    }
}
