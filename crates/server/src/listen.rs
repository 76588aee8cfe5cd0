//! Accepts connections, encrypted or not, and bounds what one of them may cost before the first check runs (A1-M8).

mod connections;
mod timer;

pub use connections::Connections;

use axum::Router;
use axum::body::{Body, HttpBody as _};
use connections::{Clients, Seat};
use futures_util::future::{join, join_all};
use guard::{Connection, Guard, Transport};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Duration;
use timer::OneAlarm;
use tls::{Accepted, Acceptor};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tower::Service as _;

/// The head of a request must be here by then.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// A handshake must be over by then.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// hyper reads a head into a buffer of this size; the checks hold it to 16 KiB of headers and 8 KiB of URL.
const HEAD_BYTES: usize = 32 * 1024;
const HEADERS: usize = 100;
/// What a client is told that has as many connections as it may.
const TOO_MANY: &[u8] =
    b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 10\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
/// How long requests under way may take to finish once the process was told to stop.
const DRAIN: Duration = Duration::from_secs(20);

/// What a handshake and the head of a request may cost at most, by name.
pub(crate) const CEILINGS: &[(&str, u64)] = &[
    ("headers", HEADERS as u64),
    ("head_bytes", HEAD_BYTES as u64),
    ("head_seconds", HEAD_TIMEOUT.as_secs()),
    ("handshake_seconds", HANDSHAKE_TIMEOUT.as_secs()),
];

/// A port, and what is spoken there.
pub struct Door {
    listener: TcpListener,
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    Plain,
    Redirect,
    Tls(Acceptor),
}

impl Door {
    /// In the clear: for this machine, and for a proxy in front.
    pub const fn plain(listener: TcpListener) -> Self {
        Self { listener, kind: Kind::Plain }
    }

    /// In the clear, to send people to the encrypted one.
    pub const fn redirect(listener: TcpListener) -> Self {
        Self { listener, kind: Kind::Redirect }
    }

    /// Encrypted.
    pub const fn tls(listener: TcpListener, acceptor: Acceptor) -> Self {
        Self { listener, kind: Kind::Tls(acceptor) }
    }
}

/// Serves on one plain port until `stop` resolves, then lets requests under way finish.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    guard: Arc<Guard>,
    limits: Connections,
    stop: impl Future<Output = ()>,
) {
    serve_all(vec![Door::plain(listener)], router, guard, limits, stop).await;
}

/// Serves on all of these ports until `stop` resolves, then lets requests under way finish. `limits` hold for all of them
/// together. Bytes that are no request are told to `guard`.
pub async fn serve_all(
    doors: Vec<Door>,
    router: Router,
    guard: Arc<Guard>,
    limits: Connections,
    stop: impl Future<Output = ()>,
) {
    let most = limits.most.min(Semaphore::MAX_PERMITS);
    let permits = Arc::new(Semaphore::new(most));
    let clients = Clients::new(limits);
    let (closing, closed) = watch::channel(false);
    let mut builder = http1::Builder::new();
    builder.header_read_timeout(HEAD_TIMEOUT).max_buf_size(HEAD_BYTES).max_headers(HEADERS);
    // Most answers are small: to put head and body into one piece costs less than to tell the system of two.
    builder.writev(false);
    let host = Host { builder, router, guard, closed };
    let accepting =
        join_all(doors.into_iter().map(|door| accept(door, host.clone(), permits.clone(), clients.clone())));
    let told = async {
        stop.await;
        closing.send_replace(true);
    };
    join(accepting, told).await;
    let everyone = u32::try_from(most).unwrap_or(u32::MAX);
    if tokio::time::timeout(DRAIN, permits.acquire_many(everyone)).await.is_err() {
        tracing::warn!(event = "drain_timeout", "some requests were still under way when the process stopped");
    }
}

/// What every connection is served with.
#[derive(Clone)]
struct Host {
    builder: http1::Builder,
    router: Router,
    guard: Arc<Guard>,
    closed: watch::Receiver<bool>,
}

/// What an open connection holds: one of all places, and one of its client's.
struct Place {
    _permit: OwnedSemaphorePermit,
    _seat: Seat,
}

/// Resolves when the process is told to stop.
async fn told(mut closed: watch::Receiver<bool>) {
    // An error means that whoever would tell is gone, which comes to the same.
    drop(closed.wait_for(|closing| *closing).await);
}

/// Waits for `work`; `None` once the process is told to stop. A connection is woken for each request, so who would tell is
/// asked only when there is something to tell, or when another waker is to be left with it.
async fn until_told<F: Future>(mut work: Pin<&mut F>, closed: watch::Receiver<bool>) -> Option<F::Output> {
    let mut told = std::pin::pin!(told(closed.clone()));
    let mut left: Option<Waker> = None;
    poll_fn(|cx| {
        if let Poll::Ready(output) = work.as_mut().poll(cx) {
            return Poll::Ready(Some(output));
        }
        // An error means that whoever would tell is gone.
        let is_news = closed.has_changed().unwrap_or(true);
        if is_news || !left.as_ref().is_some_and(|left| left.will_wake(cx.waker())) {
            left = Some(cx.waker().clone());
            return told.as_mut().poll(cx).map(|()| None);
        }
        Poll::Pending
    })
    .await
}

async fn accept(door: Door, host: Host, permits: Arc<Semaphore>, clients: Arc<Clients>) {
    let mut stop = std::pin::pin!(told(host.closed.clone()));
    loop {
        let permit = tokio::select! {
            () = &mut stop => break,
            permit = permits.clone().acquire_owned() => match permit {
                Ok(permit) => permit,
                Err(_) => break,
            },
        };
        let (stream, peer) = tokio::select! {
            () = &mut stop => break,
            accepted = door.listener.accept() => match accepted {
                Ok(connection) => connection,
                Err(error) => {
                    // Out of file descriptors, most likely: connections must end before more can begin.
                    tracing::error!(event = "accept_failed", %error);
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
        };
        let Some(seat) = clients.admit(peer.ip()) else {
            // As much of it as goes at once: nobody waits for a client that is turned away. Without a handshake there are no
            // words for it.
            if !matches!(door.kind, Kind::Tls(_)) {
                let _ = stream.try_write(TOO_MANY);
            }
            continue;
        };
        // Small answers must not wait for the peer's acknowledgement; without it they only come later.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "no TCP_NODELAY");
        }
        let host = host.clone();
        let place = Place { _permit: permit, _seat: seat };
        match &door.kind {
            Kind::Plain => {
                tokio::spawn(host.attend(stream, peer, Transport::Plain, place));
            }
            Kind::Redirect => {
                tokio::spawn(host.attend(stream, peer, Transport::Redirect, place));
            }
            Kind::Tls(acceptor) => {
                tokio::spawn(host.shake_hands(acceptor.clone(), stream, peer, place));
            }
        }
    }
}

impl Host {
    async fn shake_hands(self, acceptor: Acceptor, stream: TcpStream, peer: SocketAddr, place: Place) {
        match tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await {
            Ok(Ok(Accepted::Client(stream))) => self.attend(*stream, peer, Transport::Tls, place).await,
            Ok(Ok(Accepted::Authority)) => {}
            // Scanners and old programs: worth a line only when somebody looks.
            Ok(Err(error)) => tracing::debug!(%error, "a handshake failed"),
            Err(_) => tracing::debug!("a handshake took too long"),
        }
    }

    async fn attend<I>(self, stream: I, peer: SocketAddr, transport: Transport, place: Place)
    where
        I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let router = self.router;
        let service = service_fn(move |mut request: http::Request<Incoming>| {
            request.extensions_mut().insert(Connection { peer, transport });
            // What has no body needs none of the machinery of one.
            let request = request.map(|body| if body.is_end_stream() { Body::empty() } else { Body::new(body) });
            // A router is always ready.
            router.clone().call(request)
        });
        let mut builder = self.builder;
        builder.timer(OneAlarm::default());
        let connection = builder.serve_connection(TokioIo::new(stream), service).with_upgrades();
        let mut connection = std::pin::pin!(connection);
        let ended = if let Some(ended) = until_told(connection.as_mut(), self.closed).await {
            ended
        } else {
            connection.as_mut().graceful_shutdown();
            connection.await
        };
        if let Err(error) = ended {
            // Who speaks HTTP/2 means no harm.
            if error.is_parse() && !error.is_parse_version_h2() {
                self.guard.malformed(peer.ip());
            }
            // Clients leave, and heads come too late: worth a line only when somebody looks.
            tracing::debug!(%error, "a connection ended early");
        }
        drop(place);
    }
}
