//! The content security policies (A1-H3): two for pages, one for everything else.
//!
//! A script on a page must pass both: `'self'` stops `blob:` and `data:` modules, the nonce stops an uploaded file that
//! is served from our own origin. Each alone lets one of the two run.

mod reports;

pub use reports::{Reports, Violation};

use crate::context::Context;
use crate::extract::context;
use crate::problem::Problem;
use axum::extract::FromRequestParts;
use data_encoding::HEXLOWER;
use http::HeaderValue;
use http::request::Parts;
use kernel::{Ambient, Fault};
use std::sync::Arc;

/// Where the browser reports what it blocked.
pub const REPORT_PATH: &str = "/api/csp-report";

/// What everything that is not a page carries: it may do nothing at all.
pub(crate) const NOTHING: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// As [`NOTHING`], for files a person saves: opened in a tab, they run in an origin of their own.
pub(crate) const DOWNLOAD: &str =
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox";

/// What a page without any script carries.
pub(crate) const STILL: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// In a response's extensions: this is a page that no script belongs to.
#[derive(Debug, Clone, Copy)]
pub struct Still;

/// A page's first policy, before and after the origins it may speak with.
const PAGE: [&str; 2] = [
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self' blob:; \
     font-src 'self'; connect-src 'self'",
    "; worker-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; \
     frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types svelte-trusted-html app-worker; \
     report-to csp; report-uri /api/csp-report",
];

/// What is tried beside it (`CSP_REPORT_ONLY`): no origin but ours whatever is configured, and no `blob:`. Once nothing is
/// reported under it, it can become the first.
const CANDIDATE: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; \
     font-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; \
     object-src 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
     trusted-types svelte-trusted-html app-worker; report-to csp; report-uri /api/csp-report";

/// What pages may do beyond the usual.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Further origins that a page may speak with: exact, `https` or `wss`.
    pub connect_extra: Vec<String>,
    /// Whether the policy that is being tried is sent beside the enforced one.
    pub report_only: bool,
}

impl Settings {
    /// The policy that only reports, if it is to be sent.
    pub(crate) fn candidate(&self) -> Option<HeaderValue> {
        self.report_only.then(|| HeaderValue::from_static(CANDIDATE))
    }
}

/// Whether a text is one origin that a page may be allowed to speak with: `https` or `wss`, a host, perhaps a port, and
/// nothing else. A wildcard would be everybody's.
pub fn is_connect_origin(text: &str) -> bool {
    let Some(host) = text.strip_prefix("https://").or_else(|| text.strip_prefix("wss://")) else { return false };
    let (host, port) = host.split_once(':').map_or((host, None), |(host, port)| (host, Some(port)));
    let label = |label: &str| {
        let inner = label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        (1..=63).contains(&label.len()) && inner && !label.starts_with('-') && !label.ends_with('-')
    };
    let port_fits = port.is_none_or(|port| {
        port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0)
    });
    host.len() <= 253 && host.split('.').all(label) && port_fits
}

/// The nonce of one page: 128 fresh bits. Put it into a response's extensions and the headers follow.
#[derive(Debug, Clone)]
pub struct Nonce(String);

impl Nonce {
    /// Fresh for one response.
    pub fn fresh(ambient: &Ambient) -> Self {
        Self(HEXLOWER.encode(&ambient.bytes::<16>()))
    }

    /// As it stands in the page's `nonce` attributes.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The two policies of the page that carries this nonce.
    pub(crate) fn policies(&self, https: bool, settings: &Settings) -> [Option<HeaderValue>; 2] {
        if kernel::weaken::is("A1-H3") {
            return [HeaderValue::from_str("script-src 'self' 'unsafe-inline'").ok(), None];
        }
        let upgrade = if https { "; upgrade-insecure-requests" } else { "" };
        let mut page = PAGE[0].to_owned();
        for origin in &settings.connect_extra {
            page.push(' ');
            page.push_str(origin);
        }
        if kernel::weaken::is("A1-M9") {
            page.push_str(" https: wss:");
        }
        page.push_str(PAGE[1]);
        page.push_str(upgrade);
        let page = HeaderValue::try_from(page);
        let nonce = HeaderValue::try_from(format!("script-src 'nonce-{}' 'strict-dynamic'", self.0));
        // Both are ASCII by construction.
        [page.ok(), nonce.ok()]
    }
}

/// Where the reports of browsers go, as a handler's argument.
pub struct Inbox(Arc<Context>);

impl Inbox {
    /// Takes a report in; answers what is new in it. See [`Reports::take`].
    ///
    /// # Errors
    /// 400 `malformed_report`.
    pub fn take(&self, body: &[u8]) -> Result<Vec<Violation>, Fault> {
        let guard = &self.0.guard;
        guard.reports.take(body, &guard.config.public_origin, self.0.begun)
    }

    /// What was reported since the process began, the last seen first.
    pub fn list(&self) -> Vec<Violation> {
        self.0.guard.reports.list()
    }
}

impl<S: Sync> FromRequestParts<S> for Inbox {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self(context(parts)?.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_pages_have_two_nonces_and_nothing_is_unsafe() {
        let ambient = Ambient::system();
        let [a, b] = [Nonce::fresh(&ambient), Nonce::fresh(&ambient)];
        assert_ne!(a.as_str(), b.as_str());
        assert_eq!(a.as_str().len(), 32);
        for policy in a.policies(true, &Settings::default()).into_iter().flatten() {
            assert!(!policy.to_str().unwrap().contains("unsafe-"));
        }
    }

    fn connect(settings: &Settings) -> String {
        let [page, _] = Nonce::fresh(&Ambient::system()).policies(true, settings);
        let page = page.unwrap().to_str().unwrap().to_owned();
        page.split("; ").find(|part| part.starts_with("connect-src")).unwrap().to_owned()
    }

    #[test]
    fn a_further_origin_is_there_only_when_it_is_set() {
        assert_eq!(connect(&Settings::default()), "connect-src 'self'");
        let connect_extra = vec!["https://api.example".to_owned(), "wss://live.example:8443".to_owned()];
        let settings = Settings { connect_extra, report_only: true };
        assert_eq!(connect(&settings), "connect-src 'self' https://api.example wss://live.example:8443");
        let candidate = settings.candidate().unwrap();
        assert!(!candidate.to_str().unwrap().contains("api.example"));
        assert_eq!(Settings::default().candidate(), None);
    }

    #[test]
    fn only_exact_origins_can_be_allowed() {
        for good in ["https://a.example", "wss://a.example", "https://a-b.example:8443", "https://10.0.0.7"] {
            assert!(is_connect_origin(good), "{good}");
        }
        for bad in [
            "",
            "a.example",
            "http://a.example",
            "ws://a.example",
            "https://*.example",
            "*",
            "https:",
            "https://",
            "https://a.example/",
            "https://a.example/x",
            "https://a.example?x",
            "https://a.example; script-src *",
            "https://a.example 'unsafe-inline'",
            "https://u:p@a.example",
            "https://A.example",
            "https://a..example",
            "https://a.example:0",
            "https://a.example:x",
            "https://a.example:",
            "'none'",
        ] {
            assert!(!is_connect_origin(bad), "{bad}");
        }
    }
}
