//! How a phone or a computer learns to trust this server's own certificate authority: a page that needs neither encryption
//! nor a script, the certificate, and its fingerprint to compare with what the terminal said.

use axum::Router;
use axum::body::Bytes;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use guard::csp::Still;
use http::{HeaderValue, header};
use std::future::ready;
use tls::Facts;

/// Where it is.
pub(crate) const PATH: &str = "/trust";
const CERTIFICATE: &str = "/trust/ca.crt";
const STYLE: &str = "/trust/style.css";
/// All of it.
pub(crate) const ROUTES: &[&str] = &[PATH, CERTIFICATE, STYLE];

const TEMPLATE: &str = include_str!("page.html");

/// The page, written once: it is the same for everybody.
pub(crate) struct Page {
    html: Bytes,
    certificate: Bytes,
}

impl Page {
    /// For this authority; `pem` is its certificate.
    pub(crate) fn new(authority: &Facts, pem: &str, public_url: &str) -> Self {
        let (fingerprint, until) = (authority.fingerprint_text(), authority.not_after.to_chrono().date_naive());
        let until = until.to_string();
        let values = [
            ("__NAME__", authority.issuer.trim_start_matches("CN=")),
            ("__FINGERPRINT__", fingerprint.as_str()),
            ("__UNTIL__", until.as_str()),
            ("__URL__", public_url),
        ];
        let html = values.iter().fold(TEMPLATE.to_owned(), |html, (mark, value)| html.replace(mark, &escaped(value)));
        Self { html: Bytes::from(html), certificate: Bytes::from(pem.to_owned()) }
    }

    /// Its routes.
    pub(crate) fn routes(&self) -> Router {
        let (html, certificate) = (self.html.clone(), self.certificate.clone());
        Router::new()
            .route(PATH, get(move || ready(page(html))))
            .route(CERTIFICATE, get(move || ready(save(certificate))))
            .route(STYLE, get(|| ready(style())))
    }
}

/// As text in HTML, within an attribute or not.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

fn typed(media: &'static str, body: impl IntoResponse) -> Response {
    let mut response = body.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    response
}

fn page(html: Bytes) -> Response {
    let mut response = typed("text/html; charset=utf-8", html);
    response.extensions_mut().insert(Still);
    response
}

/// By this type phones take it for what it is: a certificate to be installed.
fn save(certificate: Bytes) -> Response {
    let mut response = typed("application/x-x509-ca-cert", certificate);
    let name = HeaderValue::from_static("attachment; filename=\"mindvibe-ca.crt\"");
    response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    response
}

fn style() -> Response {
    let mut response = typed("text/css; charset=utf-8", include_str!("style.css"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::Timestamp;

    #[test]
    fn the_page_tells_what_to_compare_and_holds_no_script() {
        let authority = Facts {
            names: Vec::new(),
            not_before: Timestamp::from_micros(0),
            not_after: Timestamp::from_micros(2_000_000_000_000_000),
            issuer: "CN=MindVibe <local>".to_owned(),
            self_issued: true,
            fingerprint: [0xAB; 32],
        };
        let page = Page::new(&authority, "PEM", "https://practice.local:8443");
        let html = String::from_utf8(page.html.to_vec()).unwrap();
        assert!(html.contains(&authority.fingerprint_text()) && html.contains("2033-05-18"));
        assert!(html.contains("MindVibe &lt;local&gt;") && html.contains("https://practice.local:8443"));
        for forbidden in ["<script", "style=", "<style", "onclick", "__", "https://fonts", "javascript:"] {
            assert!(!html.contains(forbidden), "{forbidden}");
        }
    }
}
