//! Where a write comes from: Fetch Metadata and `Origin` (A1-C4), and a stricter rule for WebSockets (A1-H6, A2-3).

use crate::config::Config;
use crate::context::Context;
use crate::stack::Guard;
use axum::extract::{MatchedPath, Request};
use http::{HeaderMap, Method, header};
use kernel::{Fault, Kind};

fn refuse(context: Option<&Context>) -> Fault {
    tracing::warn!(
        event = "cross_origin_refused",
        request_id = context.map(|context| context.correlation_id.to_string()),
        "Rejected connection from unauthorized origin"
    );
    Fault::new(
        Kind::Forbidden,
        "cross_origin_refused",
        "This was sent by a page of another origin. If that page is yours, check PUBLIC_URL.",
    )
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or(""))
}

/// 403 for a write that another origin's page sent. Every header that is there must agree; a script that sends neither
/// passes here, and still needs a credential that no browser adds by itself.
pub(crate) fn check(guard: &Guard, context: &Context, request: &mut Request) -> Result<(), Fault> {
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) || kernel::weaken::is("A1-C4") {
        return Ok(());
    }
    // A policy report carries no credential and changes nothing; browsers send it with an opaque origin.
    if request.extensions().get::<MatchedPath>().is_some_and(|route| route.as_str() == crate::csp::REPORT_PATH) {
        return Ok(());
    }
    let headers = request.headers();
    let origin = text(headers, header::ORIGIN.as_str());
    let site = text(headers, "sec-fetch-site");
    let allowed_origin = origin.is_some_and(|origin| guard.config.is_own_origin(origin));
    let origin_passes = origin.is_none() || allowed_origin;
    let site_passes = site.is_none_or(|site| matches!(site, "same-origin" | "none") || allowed_origin);
    if origin_passes && site_passes { Ok(()) } else { Err(refuse(Some(context))) }
}

/// 403 unless a WebSocket upgrade names exactly our origin, or one of those that may open sockets besides. A browser always
/// sends `Origin` with an upgrade, and Fetch Metadata only sometimes; so the first must be there and the second must agree
/// if it is.
///
/// # Errors
/// 403 `cross_origin_refused`.
pub fn check_websocket(config: &Config, headers: &HeaderMap) -> Result<(), Fault> {
    let origin = text(headers, header::ORIGIN.as_str()).unwrap_or("");
    let agrees = text(headers, "sec-fetch-site").is_none_or(|site| site == "same-origin");
    let own = origin == config.public_origin && agrees;
    if own || config.socket_origins.iter().any(|listed| listed == origin) { Ok(()) } else { Err(refuse(None)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_websocket_needs_our_exact_origin() {
        let mut config = Config::for_origin("https://mind.example");
        config.allowed_origins = vec!["https://writes.example".to_owned()];
        config.socket_origins = vec!["https://app.example".to_owned()];
        let check = |pairs: &[(&str, &str)]| {
            let headers = pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
            check_websocket(&config, &headers).is_ok()
        };
        assert!(check(&[("origin", "https://mind.example")]));
        assert!(check(&[("origin", "https://mind.example"), ("sec-fetch-site", "same-origin")]));
        assert!(check(&[("origin", "https://app.example"), ("sec-fetch-site", "cross-site")]));
        assert!(!check(&[("origin", "https://writes.example")]), "that list is for writes");
        assert!(!check(&[]));
        assert!(!check(&[("origin", "https://mind.example.evil.test")]));
        assert!(!check(&[("origin", "http://mind.example")]));
        assert!(!check(&[("origin", "https://mind.example"), ("sec-fetch-site", "cross-site")]));
    }
}
