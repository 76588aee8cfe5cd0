//! How the model answers.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::{Value, json as value};
use std::sync::atomic::{AtomicU64, Ordering};

const NOTHING: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
const PAGE: &str = "default-src 'none'; script-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; \
    frame-ancestors 'none'; require-trusted-types-for 'script'";
const SET: &[(&str, &str)] = &[
    ("strict-transport-security", "max-age=63072000; includeSubDomains"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("permissions-policy", "microphone=(self), camera=(), geolocation=(), payment=(), usb=()"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-embedder-policy", "require-corp"),
    ("cross-origin-resource-policy", "same-origin"),
    ("origin-agent-cluster", "?1"),
    ("x-permitted-cross-domain-policies", "none"),
    ("x-dns-prefetch-control", "off"),
    ("x-xss-protection", "0"),
    ("cache-control", "no-store"),
];

pub(crate) struct Answer {
    status: StatusCode,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// Whether the body is a problem document that wants its id.
    problem: bool,
}

impl Answer {
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), problem: false }
    }

    pub(crate) fn bytes(media: &str, body: Vec<u8>) -> Self {
        Self { body, ..Self::empty(StatusCode::OK).with("content-type", media) }
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn cookie(self, line: &str) -> Self {
        self.with("set-cookie", line)
    }

    pub(crate) fn script(weak: &str) -> Self {
        let text: &[u8] = match weak {
            "A1-C3.script" => b"localStorage.setItem('t', token)",
            "A1-L5" => b"fetch('http://localhost:8000/api/auth/me')",
            _ => b"fetch('/api/auth/me')",
        };
        Self::bytes("text/javascript", text.to_vec())
    }

    /// What nobody should answer.
    pub(crate) fn leaky() -> Self {
        let mut answer = problem(422, "invalid_fields");
        answer.body = br#"{"detail":"Fault { kind: Invalid } at src/steps/problems.rs:88"}"#.to_vec();
        answer
    }

    pub(crate) fn finish(mut self, id: &str, weak: &str) -> Response {
        if self.problem
            && let Ok(mut body) = serde_json::from_slice::<Value>(&self.body)
        {
            body["correlation_id"] = value!(id);
            self.body = body.to_string().into_bytes();
        }
        let has = |headers: &[(String, String)], name: &str| headers.iter().any(|(known, _)| known == name);
        if !has(&self.headers, "content-security-policy") && weak != "A2-13" {
            let sandbox = has(&self.headers, "content-disposition") && weak != "A2-6";
            let policy = if sandbox { format!("{NOTHING}; sandbox") } else { NOTHING.to_owned() };
            self = self.with("content-security-policy", &policy);
        }
        if weak == "A1-M3" {
            self = self.with("access-control-allow-origin", "*");
        }
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        // As a connection that a broken handler drops.
        assert!(weak != "O-14" || self.status.as_u16() != 422, "this is no status: 4");
        for (name, value) in SET.iter().filter(|_| weak != "A2-10") {
            headers.insert(*name, HeaderValue::from_static(value));
        }
        match weak {
            "A2-10.cache-control" => drop(headers.remove("cache-control")),
            "A2-10.no-banner" => drop(headers.insert("server", HeaderValue::from_static("model"))),
            _ => {}
        }
        headers.insert("x-request-id", HeaderValue::from_str(id).unwrap());
        for (name, value) in &self.headers {
            headers.append(header::HeaderName::try_from(name).unwrap(), HeaderValue::from_str(value).unwrap());
        }
        response
    }
}

pub(crate) fn json(status: u16, body: &Value) -> Answer {
    let mut answer = Answer::bytes("application/json", body.to_string().into_bytes());
    answer.status = StatusCode::from_u16(status).unwrap();
    answer
}

pub(crate) fn problem(status: u16, code: &str) -> Answer {
    let body = value!({"type": "about:blank", "title": "x", "status": status, "code": code, "detail": "A sentence.",
        "retryable": status == 429});
    let mut answer = json(status, &body);
    answer.headers = vec![("content-type".to_owned(), "application/problem+json".to_owned())];
    answer.problem = true;
    match status {
        401 => answer.with("www-authenticate", "Bearer"),
        429 => answer
            .with("retry-after", "12")
            .with("x-ratelimit-limit", "5")
            .with("x-ratelimit-remaining", "0")
            .with("x-ratelimit-reset", "12"),
        _ => answer,
    }
}

pub(crate) fn page(weak: &str) -> Answer {
    static LAST: AtomicU64 = AtomicU64::new(1);
    let nonce = format!("{:032x}", LAST.fetch_add(1, Ordering::Relaxed));
    let html = format!("<!doctype html><script type=\"module\" nonce=\"{nonce}\" src=\"/assets/app.js\"></script>");
    let answer = Answer::bytes("text/html; charset=utf-8", html.into_bytes());
    if weak == "A1-H3" {
        return answer.with("content-security-policy", "script-src 'self' 'unsafe-inline'");
    }
    let second = format!("script-src 'nonce-{nonce}' 'strict-dynamic'");
    answer.with("content-security-policy", PAGE).with("content-security-policy", &second)
}
