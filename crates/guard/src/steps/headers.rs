//! The headers every answer carries (security-targets, "Header set").

use crate::context::Context;
use crate::csp::{DOWNLOAD, NOTHING, Nonce, REPORT_PATH, STILL, Still};
use crate::stack::Guard;
use crate::steps::scheme::Scheme;
use axum::response::Response;
use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue};

static FIXED: [(HeaderName, &str); 11] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    // Stricter than the audit's wish; `no-referrer` would turn `Origin` into `null` on form posts.
    (header::REFERRER_POLICY, "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "microphone=(self), camera=(), geolocation=(), payment=(), usb=(), browsing-topics=()",
    ),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-embedder-policy"), "require-corp"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("origin-agent-cluster"), "?1"),
    (HeaderName::from_static("x-permitted-cross-domain-policies"), "none"),
    (header::X_DNS_PREFETCH_CONTROL, "off"),
    // The filter it once steered leaked; the policy above replaces it.
    (header::X_XSS_PROTECTION, "0"),
];

/// Two years.
const HSTS: &str = "max-age=63072000; includeSubDomains";
/// The same, for the list that browsers are shipped with.
const HSTS_PRELOAD: &str = "max-age=63072000; includeSubDomains; preload";

/// Writes the fixed headers, the content policy, the correlation id and what is left of the caller's budget.
pub(crate) fn write(guard: &Guard, context: &Context, response: &mut Response) {
    let nonce = response.extensions_mut().remove::<Nonce>();
    let still = response.extensions_mut().remove::<Still>().is_some();
    let headers = response.headers_mut();
    headers.reserve(FIXED.len() + 8);
    for (name, value) in FIXED.iter().filter(|_| !kernel::weaken::is("A2-10")) {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // Not on what came in the clear: there it means nothing (RFC 6797, section 7.2).
    if context.scheme != Scheme::Http && !kernel::weaken::is("A2-10") {
        let lasting = if guard.config.hsts_preload { HSTS_PRELOAD } else { HSTS };
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(lasting));
    }
    if let Some(nonce) = nonce {
        let https = guard.config.public_origin.starts_with("https:");
        for policy in nonce.policies(https, &guard.config.csp).into_iter().flatten() {
            headers.append(header::CONTENT_SECURITY_POLICY, policy);
        }
        if let Some(candidate) = guard.config.csp.candidate() {
            headers.insert(header::CONTENT_SECURITY_POLICY_REPORT_ONLY, candidate);
        }
        if let Ok(endpoint) = HeaderValue::try_from(format!("csp=\"{REPORT_PATH}\"")) {
            headers.insert(HeaderName::from_static("reporting-endpoints"), endpoint);
        }
    } else if still {
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(STILL));
    } else if !kernel::weaken::is("A2-13") {
        // Sound is saved or played, and neither needs more than that.
        let sound = headers.get(header::CONTENT_TYPE).is_some_and(|media| media.as_bytes().starts_with(b"audio/"));
        let saved = (sound || headers.contains_key(header::CONTENT_DISPOSITION)) && !kernel::weaken::is("A2-6");
        headers
            .insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(if saved { DOWNLOAD } else { NOTHING }));
    }
    // Whoever serves something that may be kept says so; everything else is personal until proven otherwise.
    if !kernel::weaken::is("A2-10.cache-control") {
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    }
    if kernel::weaken::is("A2-10.no-banner") {
        headers.insert(header::SERVER, HeaderValue::from_static("mindvibe/0.1.0"));
    }
    if let Ok(id) = HeaderValue::try_from(context.correlation_id.to_string()) {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
    if kernel::weaken::is("A1-M3") {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    }
    budget(context, headers);
}

fn budget(context: &Context, headers: &mut HeaderMap) {
    let Some(snapshot) = context.refused_by.get().or(context.limit.get()) else { return };
    let (class, limit, remaining) = (snapshot.class, snapshot.limit, snapshot.remaining);
    let reset = snapshot.retry.map_or(snapshot.period.as_secs() / u64::from(limit.max(1)), |wait| wait.as_secs() + 1);
    let mut insert = |name: &'static str, value: String| {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    insert("ratelimit-policy", format!("\"{class}\";q={limit};w={}", snapshot.period.as_secs()));
    insert("ratelimit", format!("\"{class}\";r={remaining};t={reset}"));
    insert("x-ratelimit-limit", limit.to_string());
    insert("x-ratelimit-remaining", remaining.to_string());
    insert("x-ratelimit-reset", reset.to_string());
}
