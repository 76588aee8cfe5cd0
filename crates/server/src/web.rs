//! The client, embedded: hashed assets that never change, and one page for each route the client has.

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use guard::{Path, csp::Nonce};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use kernel::{Ambient, Fault};
use rust_embed::{EmbeddedFile, RustEmbed};
use std::borrow::Cow;

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
#[exclude = ".vite/*"]
struct Client;

/// The client's own routes; every other path is nobody's, and answers 404 whatever the method.
pub(crate) const PAGES: &[&str] = &[
    "/",
    "/setup",
    "/sign-in",
    "/sign-up",
    "/journal",
    "/journal/new",
    "/journal/{id}",
    "/recordings",
    "/recordings/{id}",
    "/account",
    "/account/profile",
    "/account/security",
    "/admin/people",
    "/admin/outbox",
    "/admin/security",
    "/forgot",
    "/join",
    "/verify",
    "/reset",
    "/unlock",
    "/not-me",
];

/// A page for everybody, which is there when the operator says so.
const SECURITY_PAGE: &str = "/security";

/// Files beside the pages that keep their name.
const FILES: &[&str] = &["/manifest.webmanifest", "/icon.svg"];

/// In `index.html`, where the nonce of a response goes.
const PLACEHOLDER: &str = "__CSP_NONCE__";

#[derive(Clone)]
struct Web {
    ambient: Ambient,
    /// `localhost:8080` when pages opened at `127.0.0.1:8080` are to be sent there.
    localhost: Option<String>,
}

/// The client's pages and assets. `public_url` decides whether pages at 127.0.0.1 are sent to localhost: passkeys do not
/// exist on a bare address, and a cookie of one is not sent to the other.
pub(crate) fn routes(ambient: Ambient, public_url: &str, security_page: bool) -> Router {
    let localhost = public_url.strip_prefix("http://").filter(|host| host.starts_with("localhost")).map(str::to_owned);
    let web = Web { ambient, localhost };
    let pages = PAGES.iter().copied().chain(security_page.then_some(SECURITY_PAGE));
    let router = pages.fold(Router::new(), |router, path| router.route(path, get(page)));
    let router = FILES.iter().fold(router, |router, path| router.route(path, get(file)));
    router
        .route("/assets/{name}", get(asset).fallback(async || guard::Problem::from(Fault::not_found())))
        .with_state(web)
}

async fn page(State(web): State<Web>, headers: HeaderMap, request: Request) -> Response {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("");
    if let Some(localhost) = web.localhost.as_ref().filter(|_| host.starts_with("127.0.0.1")) {
        let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
        return Redirect::permanent(&format!("http://{localhost}{target}")).into_response();
    }
    let Some(index) = Client::get("index.html") else {
        return guard::Problem::from(Fault::internal("index.html is not embedded")).into_response();
    };
    let nonce = Nonce::fresh(&web.ambient);
    let html = String::from_utf8_lossy(&index.data).replace(PLACEHOLDER, nonce.as_str());
    let mut response = Response::new(Body::from(html));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response.extensions_mut().insert(nonce);
    response
}

async fn file(request: Request) -> Response {
    let name = request.uri().path().trim_start_matches('/').to_owned();
    send(&name, request.headers(), "no-cache")
}

/// The name of an asset holds the hash of its content: what was sent once never changes.
async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Response {
    send(&format!("assets/{name}"), &headers, "public, max-age=31536000, immutable")
}

fn send(name: &str, headers: &HeaderMap, cache: &'static str) -> Response {
    let Some(plain) = Client::get(name) else {
        return guard::Problem::from(Fault::not_found()).into_response();
    };
    let tag = format!("\"{}\"", &data_encoding::HEXLOWER.encode(&plain.metadata.sha256_hash())[..32]);
    let mut response = if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known == tag.as_str()) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        body(name, &plain, headers)
    };
    let sent = response.headers_mut();
    if let Ok(tag) = HeaderValue::try_from(tag) {
        sent.insert(header::ETAG, tag);
    }
    sent.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    sent.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    response
}

/// The file, compressed at build time where the browser takes that.
fn body(name: &str, plain: &EmbeddedFile, headers: &HeaderMap) -> Response {
    let takes_brotli = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    let takes_brotli = takes_brotli.is_some_and(|value| value.split(',').any(|coding| coding.trim() == "br"));
    let packed = if takes_brotli { Client::get(&format!("{name}.br")) } else { None };
    let is_packed = packed.is_some();
    let data = packed.map_or_else(|| plain.data.clone(), |file| file.data);
    if kernel::weaken::is("A1-C3.script") && plain.metadata.mimetype().contains("javascript") {
        return Response::new(Body::from("localStorage.setItem('session', 'x');"));
    }
    if kernel::weaken::is("A1-L5") && plain.metadata.mimetype().contains("javascript") {
        return Response::new(Body::from("fetch('http://localhost:8000/api/auth/me');"));
    }
    let mut response = Response::new(match data {
        Cow::Borrowed(bytes) => Body::from(bytes),
        Cow::Owned(bytes) => Body::from(bytes),
    });
    if let Ok(media) = HeaderValue::try_from(plain.metadata.mimetype()) {
        response.headers_mut().insert(header::CONTENT_TYPE, media);
    }
    if is_packed {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
    }
    response
}
