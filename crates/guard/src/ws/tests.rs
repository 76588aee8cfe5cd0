//! Real sockets on a real port.

use super::*;
use crate::{Caller, Config, Credential, Ended, Guard, Identities, Presented, Role, Sender, protect};
use axum::Router;
use axum::routing::get;
use futures_util::future::{BoxFuture, FutureExt};
use futures_util::{SinkExt, StreamExt};
use kernel::{Ambient, Fault, Secret, UserId};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message as Sent};
use tokio_tungstenite::{WebSocketStream, client_async};
use uuid::Uuid;

const ORIGIN: &str = "http://localhost:8080";

/// One person with one session and one ticket.
struct One {
    caller: Caller,
    signed_in: AtomicBool,
    ticket: Mutex<Option<&'static str>>,
    ended: broadcast::Sender<Ended>,
}

impl Identities for One {
    fn resolve<'a>(&'a self, presented: &'a Presented, _: &'a Sender) -> BoxFuture<'a, Result<Option<Caller>, Fault>> {
        let known = matches!(presented, Presented::Session(sid) if sid.expose() == "sid_good");
        async move { Ok(known.then(|| self.caller.clone())) }.boxed()
    }

    fn csrf_matches(&self, _: &Secret<String>, _: &str) -> bool {
        false
    }

    fn user_ref(&self, _: UserId) -> String {
        String::new()
    }

    fn leaked<'a>(&'a self, _: &'a Presented) -> BoxFuture<'a, ()> {
        async {}.boxed()
    }

    fn redeem<'a>(
        &'a self,
        ticket: &'a Secret<String>,
        purpose: &'a str,
        _: &'a Sender,
    ) -> BoxFuture<'a, Result<Option<Caller>, Fault>> {
        let mut good = self.ticket.lock().unwrap();
        let fits = good.take_if(|good| *good == ticket.expose().as_str()).is_some() && purpose == "echo";
        async move { Ok(fits.then(|| self.caller.clone())) }.boxed()
    }

    fn still<'a>(&'a self, _: &'a Caller) -> BoxFuture<'a, Result<bool, Fault>> {
        async { Ok(self.signed_in.load(Ordering::SeqCst)) }.boxed()
    }

    fn ended(&self) -> Option<broadcast::Receiver<Ended>> {
        Some(self.ended.subscribe())
    }
}

struct House {
    address: SocketAddr,
    one: Arc<One>,
}

async fn echo(upgrade: Upgrade) -> crate::Result<axum::response::Response> {
    Ok(serve(upgrade.authorise("echo").await?, Sizes::TEXT))
}

async fn sound(upgrade: Upgrade) -> crate::Result<axum::response::Response> {
    Ok(serve(upgrade.authorise("sound").await?, Sizes::AUDIO))
}

fn serve(accepted: Accepted, sizes: Sizes) -> axum::response::Response {
    accepted.serve(sizes, |mut socket| async move {
        while let Some(message) = socket.recv().await {
            if socket.send(message).await.is_err() {
                return;
            }
        }
    })
}

async fn house(asked_every: Duration) -> House {
    let ambient = Ambient::system();
    let id = ambient.uuid();
    let caller = Caller {
        user_id: UserId::from(id),
        role: Role::Member,
        session_id: id,
        credential: Credential::Session,
        second_factor: false,
        confirmed_at: None,
        scopes: None,
        memo: None,
    };
    let one = Arc::new(One {
        caller,
        signed_in: AtomicBool::new(true),
        ticket: Mutex::new(Some("good")),
        ended: broadcast::channel(8).0,
    });
    let mut config = Config::for_origin(ORIGIN);
    config.sockets_asked_every = asked_every;
    let guard = Guard::new(config, ambient, one.clone());
    let router = Router::new().route("/api/echo", get(echo)).route("/api/sound", get(sound));
    let app = protect(router, Arc::new(guard)).into_make_service_with_connect_info::<SocketAddr>();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    House { address, one }
}

type Open = WebSocketStream<TcpStream>;

const COOKIE: (&str, &str) = ("cookie", "__Host-sid=sid_good");
const HERE: (&str, &str) = ("origin", ORIGIN);
const OURS: (&str, &str) = ("sec-websocket-protocol", "mindvibe.v1");

impl House {
    /// Opens a socket; or the status and the code of the refusal.
    async fn open(&self, path: &str, headers: &[(&str, &str)]) -> Result<Open, (u16, String)> {
        let mut request = format!("ws://{}{path}", self.address).into_client_request().unwrap();
        for (name, value) in headers {
            let name: http::HeaderName = name.parse().unwrap();
            request.headers_mut().append(name, value.parse().unwrap());
        }
        let stream = TcpStream::connect(self.address).await.unwrap();
        match client_async(request, stream).await {
            Ok((socket, answer)) => {
                assert_eq!(answer.headers()["sec-websocket-protocol"], PROTOCOL, "and nothing of a ticket");
                Ok(socket)
            }
            Err(Error::Http(answer)) => {
                let body = answer.body().clone().unwrap_or_default();
                let body: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
                Err((answer.status().as_u16(), body["code"].as_str().unwrap_or("").to_owned()))
            }
            Err(other) => panic!("{other}"),
        }
    }

    async fn refusal(&self, path: &str, headers: &[(&str, &str)]) -> (u16, String) {
        match self.open(path, headers).await {
            Ok(_) => panic!("opened with {headers:?}"),
            Err(refusal) => refusal,
        }
    }
}

fn ticket(text: &str) -> (&'static str, &str) {
    ("sec-websocket-protocol", text)
}

async fn close_code(socket: &mut Open) -> u16 {
    loop {
        match socket.next().await {
            Some(Ok(Sent::Close(frame))) => return frame.expect("a close frame with a code").code.into(),
            Some(Ok(_)) => {}
            other => panic!("no close frame: {other:?}"),
        }
    }
}

/// Nothing comes back. The code is seen unless the connection was torn down under what was still being sent.
async fn refused_for_size(socket: &mut Open, size: usize) {
    let _ = socket.send(Sent::binary(vec![7; size])).await;
    loop {
        match socket.next().await {
            Some(Ok(Sent::Close(Some(frame)))) => return assert_eq!(u16::from(frame.code), 1009),
            Some(Ok(Sent::Binary(bytes))) => panic!("{} bytes came back", bytes.len()),
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return,
        }
    }
}

#[tokio::test]
async fn a_browser_opens_one_with_its_cookie_from_our_page_and_from_no_other() {
    let house = house(ASKED_EVERY).await;
    let mut socket = house.open("/api/echo", &[COOKIE, HERE, OURS]).await.unwrap();
    socket.send(Sent::text("hello")).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), Sent::text("hello"));
    let refused = (403, "cross_origin_refused".to_owned());
    assert_eq!(house.refusal("/api/echo", &[COOKIE, OURS]).await, refused, "no origin");
    for origin in ["https://evil.test", "http://localhost:8000", "null", "http://localhost:8080.evil.test"] {
        assert_eq!(house.refusal("/api/echo", &[COOKIE, OURS, ("origin", origin)]).await, refused, "{origin}");
    }
    let site = ("sec-fetch-site", "cross-site");
    assert_eq!(house.refusal("/api/echo", &[COOKIE, HERE, OURS, site]).await, refused);
    let unknown = ("cookie", "__Host-sid=sid_bad");
    assert_eq!(house.refusal("/api/echo", &[unknown, HERE, OURS]).await.0, 401);
    assert_eq!(house.refusal("/api/echo", &[COOKIE, HERE]).await, (400, "subprotocol_required".to_owned()));
}

#[tokio::test]
async fn a_ticket_opens_one_once_and_for_what_it_was_made() {
    let house = house(ASKED_EVERY).await;
    let good = ticket("mindvibe.v1, ticket.good");
    house.open("/api/echo", &[good]).await.unwrap();
    let void = (401, "ticket_void".to_owned());
    assert_eq!(house.refusal("/api/echo", &[good]).await, void, "used");
    *house.one.ticket.lock().unwrap() = Some("good");
    assert_eq!(house.refusal("/api/sound", &[good]).await, void, "for something else");
    *house.one.ticket.lock().unwrap() = Some("good");
    let foreign = ("origin", "https://evil.test");
    assert_eq!(house.refusal("/api/echo", &[good, foreign]).await.0, 403);
    assert_eq!(house.refusal("/api/echo", &[good, COOKIE, HERE]).await, (400, "ambiguous_credentials".to_owned()));
    let bearer = ("authorization", "Bearer at_x");
    assert_eq!(house.refusal("/api/echo", &[OURS, bearer]).await, (401, "ticket_required".to_owned()));
    assert_eq!(house.refusal("/api/echo", &[OURS]).await, (401, "ticket_required".to_owned()));
    let url = house.refusal("/api/echo?token=x", &[COOKIE, HERE, OURS]).await;
    assert_eq!(url, (400, "credential_in_url".to_owned()));
    assert!(house.one.ticket.lock().unwrap().is_some(), "none of these has spent it");
}

#[tokio::test]
async fn what_is_too_large_ends_it() {
    let house = house(ASKED_EVERY).await;
    let mut socket = house.open("/api/echo", &[COOKIE, HERE, OURS]).await.unwrap();
    socket.send(Sent::binary(vec![7; 64 * 1024])).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap().len(), 64 * 1024);
    refused_for_size(&mut socket, 64 * 1024 + 1).await;
    let mut socket = house.open("/api/sound", &[COOKIE, HERE, OURS]).await.unwrap();
    socket.send(Sent::binary(vec![7; 256 * 1024])).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap().len(), 256 * 1024);
    refused_for_size(&mut socket, 256 * 1024 + 1).await;
}

#[tokio::test]
async fn it_ends_with_the_session_at_once_where_that_is_known_and_at_the_next_question_elsewhere() {
    let house = house(ASKED_EVERY).await;
    let mut socket = house.open("/api/echo", &[COOKIE, HERE, OURS]).await.unwrap();
    // Somebody else's end changes nothing.
    house.one.ended.send(Ended::Session(Uuid::nil())).unwrap();
    socket.send(Sent::text("still here")).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), Sent::text("still here"));
    house.one.signed_in.store(false, Ordering::SeqCst);
    house.one.ended.send(Ended::User(house.one.caller.user_id)).unwrap();
    let code = tokio::time::timeout(Duration::from_secs(2), close_code(&mut socket)).await.unwrap();
    assert_eq!(code, SIGNED_OUT);

    let elsewhere = self::house(Duration::from_millis(100)).await;
    let mut socket = elsewhere.open("/api/echo", &[COOKIE, HERE, OURS]).await.unwrap();
    elsewhere.one.signed_in.store(false, Ordering::SeqCst);
    let code = tokio::time::timeout(Duration::from_secs(2), close_code(&mut socket)).await.unwrap();
    assert_eq!(code, SIGNED_OUT, "without being told, at the next question");
}
