//! The headers every answer carries (security-targets, "Header set").

use crate::config::Config;
use crate::context::Context;
use crate::csp::{DOWNLOAD, NOTHING, Nonce, REPORT_PATH, STILL, Still};
use crate::stack::Guard;
use crate::steps::scheme::Scheme;
use axum::response::Response;
use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue};
use kernel::Digits;
use uuid::Uuid;

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

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
static POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
static RATE: HeaderName = HeaderName::from_static("ratelimit");
static LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
static REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
static RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// What is the same in nearly every answer, made once: to copy a map costs less than to find the place of each name in it.
pub(crate) struct Base {
    encrypted: HeaderMap,
    /// For what came in the clear, where HSTS means nothing (RFC 6797, section 7.2).
    plain: HeaderMap,
}

impl Base {
    pub(crate) fn new(config: &Config) -> Self {
        let mut plain = HeaderMap::with_capacity(ROOM);
        for (name, value) in FIXED.iter().filter(|_| !kernel::weaken::is("A2-10")) {
            plain.insert(name, HeaderValue::from_static(value));
        }
        if !kernel::weaken::is("A2-13") {
            plain.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(NOTHING));
        }
        // Whoever serves something that may be kept says so; everything else is personal until proven otherwise.
        if !kernel::weaken::is("A2-10.cache-control") {
            plain.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        let mut encrypted = plain.clone();
        if !kernel::weaken::is("A2-10") {
            let lasting = if config.hsts_preload { HSTS_PRELOAD } else { HSTS };
            encrypted.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(lasting));
        }
        Self { encrypted, plain }
    }

    /// Puts these before the headers that an answer has; where both name one, these hold, but for how long it may be kept.
    fn put(&self, scheme: Scheme, headers: &mut HeaderMap) {
        let base = if scheme == Scheme::Http { &self.plain } else { &self.encrypted };
        let mut own = std::mem::replace(headers, base.clone());
        if own.contains_key(header::CACHE_CONTROL) {
            headers.remove(header::CACHE_CONTROL);
        }
        // The first of several values comes with its name, and those after it without.
        let (mut name, mut is_ours) = (None, false);
        for (next, value) in own.drain() {
            if let Some(next) = next {
                is_ours = next != header::CACHE_CONTROL && base.contains_key(&next);
                name = Some(next);
            }
            if let Some(name) = name.as_ref().filter(|_| !is_ours) {
                headers.append(name, value);
            }
        }
    }
}

/// So many headers an answer has at most, as a rule.
const ROOM: usize = 28;

/// Writes the fixed headers, the content policy, the correlation id and what is left of the caller's budget.
pub(crate) fn write(guard: &Guard, context: &Context, response: &mut Response) {
    let nonce = response.extensions_mut().remove::<Nonce>();
    let still = response.extensions_mut().remove::<Still>().is_some();
    let headers = response.headers_mut();
    guard.base.put(context.scheme, headers);
    if let Some(nonce) = nonce {
        let https = guard.config.public_origin.starts_with("https:");
        headers.remove(header::CONTENT_SECURITY_POLICY);
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
    } else if is_saved(headers) && !kernel::weaken::is("A2-13") && !kernel::weaken::is("A2-6") {
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(DOWNLOAD));
    }
    if kernel::weaken::is("A2-10.no-banner") {
        headers.insert(header::SERVER, HeaderValue::from_static("mindvibe/0.1.0"));
    }
    let mut id = Uuid::encode_buffer();
    if let Ok(id) = HeaderValue::from_str(context.correlation_id.0.as_hyphenated().encode_lower(&mut id)) {
        headers.insert(&REQUEST_ID, id);
    }
    if kernel::weaken::is("A1-M3") {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    }
    budget(context, headers);
}

/// Whether it is a file. Sound is saved or played, and neither needs more than that.
fn is_saved(headers: &HeaderMap) -> bool {
    let sound = headers.get(header::CONTENT_TYPE).is_some_and(|media| media.as_bytes().starts_with(b"audio/"));
    sound || headers.contains_key(header::CONTENT_DISPOSITION)
}

fn budget(context: &Context, headers: &mut HeaderMap) {
    let Some(snapshot) = context.refused_by.get().or(context.limit.get()) else { return };
    let (class, limit, remaining) = (snapshot.class, snapshot.limit, snapshot.remaining);
    let reset = snapshot.retry.map_or(snapshot.period.as_secs() / u64::from(limit.max(1)), |wait| wait.as_secs() + 1);
    let (limit, remaining) = (Digits::of(limit.into()), Digits::of(remaining.into()));
    let (period, reset) = (Digits::of(snapshot.period.as_secs()), Digits::of(reset));
    let mut insert = |name: &HeaderName, parts: &[&[u8]]| {
        // What is written here is short.
        let mut text = [0; 64];
        let mut end = 0;
        for part in parts {
            let Some(room) = text.get_mut(end..end + part.len()) else { return };
            room.copy_from_slice(part);
            end += part.len();
        }
        if let Ok(value) = HeaderValue::from_bytes(&text[..end]) {
            headers.insert(name, value);
        }
    };
    let [limit, remaining, period, reset] = [&limit, &remaining, &period, &reset].map(Digits::as_bytes);
    insert(&POLICY, &[b"\"", class.as_bytes(), b"\";q=", limit, b";w=", period]);
    insert(&RATE, &[b"\"", class.as_bytes(), b"\";r=", remaining, b";t=", reset]);
    insert(&LIMIT, &[limit]);
    insert(&REMAINING, &[remaining]);
    insert(&RESET, &[reset]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(scheme: Scheme, pairs: &[(&str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name.parse::<HeaderName>().unwrap(), HeaderValue::from_static(value));
        }
        Base::new(&Config::for_origin("https://mind.example")).put(scheme, &mut headers);
        headers
    }

    #[test]
    fn an_answer_keeps_its_own_headers_and_cannot_weaken_ours() {
        let own = [("set-cookie", "a=1"), ("x-frame-options", "ALLOWALL"), ("set-cookie", "b=2"), ("etag", "\"1\"")];
        let headers = put(Scheme::Https, &own);
        let all = |name: &str| headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect::<Vec<_>>();
        assert_eq!(all("set-cookie"), ["a=1", "b=2"]);
        assert_eq!((all("etag"), all("x-frame-options")), (vec!["\"1\""], vec!["DENY"]));
        assert_eq!(headers.len(), FIXED.len() + 3 + 3);
        let twice = put(Scheme::Https, &[("x-frame-options", "ALLOWALL"), ("x-frame-options", "SAMEORIGIN")]);
        assert_eq!(twice.get_all("x-frame-options").iter().collect::<Vec<_>>(), ["DENY"]);
    }

    #[test]
    fn lasting_encryption_is_asked_for_where_it_means_something() {
        let asked = |scheme| put(scheme, &[]).contains_key(header::STRICT_TRANSPORT_SECURITY);
        assert_eq!([Scheme::Https, Scheme::Local, Scheme::Unsaid].map(asked), [true; 3]);
        assert!(!asked(Scheme::Http));
    }
}
