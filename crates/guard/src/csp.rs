//! The content security policies (A1-H3): two for pages, one for everything else.
//!
//! A script on a page must pass both: `'self'` stops `blob:` and `data:` modules, the nonce stops an uploaded file that
//! is served from our own origin. Each alone lets one of the two run.

use data_encoding::HEXLOWER;
use http::HeaderValue;
use kernel::Ambient;

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

const PAGE: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; \
     media-src 'self' blob:; font-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'; \
     form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; \
     require-trusted-types-for 'script'; trusted-types svelte-trusted-html app-worker; \
     report-to csp; report-uri /api/csp-report";

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
    pub(crate) fn policies(&self, https: bool) -> [Option<HeaderValue>; 2] {
        if kernel::weaken::is("A1-H3") {
            return [HeaderValue::from_str("script-src 'self' 'unsafe-inline'").ok(), None];
        }
        let upgrade = if https { "; upgrade-insecure-requests" } else { "" };
        let page = HeaderValue::try_from(format!("{PAGE}{upgrade}"));
        let nonce = HeaderValue::try_from(format!("script-src 'nonce-{}' 'strict-dynamic'", self.0));
        // Both are ASCII by construction.
        [page.ok(), nonce.ok()]
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
        for policy in a.policies(true).into_iter().flatten() {
            assert!(!policy.to_str().unwrap().contains("unsafe-"));
        }
    }
}
