//! The front door as a stranger meets it: the real checks, around routes that only say what they were given.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request};
use axum::routing::{get, post};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use guard::{Caller, ClientIp, Config, CorrelationId, Guard, Identities, Presented, Rates, Sender, Window};
use http::StatusCode;
use kernel::{Ambient, Fault, Secret, UserId};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, LazyLock};
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt as _;

/// A proxy that is believed, and somebody who is not.
pub(crate) const PROXY: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
pub(crate) const STRANGER: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 9));

/// Nobody is known here: what comes in is parsed, and then refused.
struct Nobody;

impl Identities for Nobody {
    fn resolve<'a>(&'a self, _: &'a Presented, _: &'a Sender) -> BoxFuture<'a, Result<Option<Caller>, Fault>> {
        async { Ok(None) }.boxed()
    }

    fn csrf_matches(&self, sid: &Secret<String>, token: &str) -> bool {
        seal::csrf::check(&seal::csrf::Key::new(&Secret::new([7; 32])), sid.expose(), token, token)
    }

    fn user_ref(&self, _: UserId) -> String {
        String::new()
    }

    fn leaked<'a>(&'a self, _: &'a Presented) -> BoxFuture<'a, ()> {
        async {}.boxed()
    }
}

/// What the JSON route takes: a little of everything.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Note {
    title: String,
    #[serde(default)]
    score: i8,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    at: Option<f64>,
}

async fn note(guard::Json(note): guard::Json<Note>) -> String {
    format!("{} {} {} {:?}", note.title.len(), note.score, note.tags.len(), note.at)
}

async fn address(ClientIp(ip): ClientIp, _: CorrelationId) -> String {
    ip.to_string()
}

static DOOR: LazyLock<Router> = LazyLock::new(|| {
    // The limits of a stranger would answer everything after the first hundred.
    let rates = Rates { anonymous: vec![Window::per(u32::MAX, 1)], ..Rates::default() };
    let trusted_proxies = vec![ipnet::IpNet::from(PROXY)];
    let config = Config { rates, trusted_proxies, ..Config::for_origin("https://mind.example") };
    let guard = Arc::new(Guard::new(config, Ambient::system(), Arc::new(Nobody)));
    let routes = Router::new().route("/", get(address).post(address)).route("/note", post(note));
    guard::protect(routes.fallback(address), guard)
});

static RUNTIME: LazyLock<Option<Runtime>> = LazyLock::new(|| Builder::new_current_thread().enable_all().build().ok());

/// Sends a request through the door, from that peer; its status and its body.
///
/// # Panics
/// When the answer is a failure of ours, or has no id to ask about.
pub(crate) fn knock(mut request: Request, peer: IpAddr) -> (StatusCode, Vec<u8>) {
    request.extensions_mut().insert(ConnectInfo(SocketAddr::new(peer, 4711)));
    let work = async {
        let Ok(response) = DOOR.clone().oneshot(request).await;
        let (parts, body) = response.into_parts();
        assert!(!parts.status.is_server_error(), "a stranger's bytes make us fail: {}", parts.status);
        assert!(parts.headers.contains_key("x-request-id"), "an answer without an id");
        assert!(parts.headers.contains_key("content-security-policy"), "an answer without a policy");
        let body = to_bytes(Body::new(body), 1 << 20).await.unwrap_or_default();
        (parts.status, body.to_vec())
    };
    match &*RUNTIME {
        Some(runtime) => runtime.block_on(work),
        None => (StatusCode::OK, Vec::new()),
    }
}
