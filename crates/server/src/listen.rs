//! Accepts connections and bounds what one of them may cost before the first check runs (A1-M8).

mod connections;

pub use connections::Connections;

use axum::Router;
use axum::extract::ConnectInfo;
use connections::Clients;
use guard::Guard;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tower::ServiceExt as _;

/// The head of a request must be here by then.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// hyper reads a head into a buffer of this size; the checks hold it to 16 KiB of headers and 8 KiB of URL.
const HEAD_BYTES: usize = 32 * 1024;
const HEADERS: usize = 100;
/// What a client is told that has as many connections as it may.
const TOO_MANY: &[u8] =
    b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 10\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
/// How long requests under way may take to finish once the process was told to stop.
const DRAIN: Duration = Duration::from_secs(20);

/// What the head of a request may cost at most, by name.
pub(crate) const CEILINGS: &[(&str, u64)] = &[
    ("headers", HEADERS as u64),
    ("head_bytes", HEAD_BYTES as u64),
    ("head_seconds", HEAD_TIMEOUT.as_secs()),
];

/// Serves until `stop` resolves, then lets requests under way finish. Bytes that are no request are told to `guard`.
pub async fn serve(
    listener: TcpListener,
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
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_buf_size(HEAD_BYTES).max_headers(HEADERS);
    let mut stop = std::pin::pin!(stop);
    loop {
        let permit = tokio::select! {
            () = &mut stop => break,
            permit = permits.clone().acquire_owned() => permit,
        };
        // Nobody closes it.
        let Ok(permit) = permit else { break };
        let (stream, peer) = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
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
            // As much of it as goes at once: nobody waits for a client that is turned away.
            let _ = stream.try_write(TOO_MANY);
            continue;
        };
        // Small answers must not wait for the peer's acknowledgement; without it they only come later.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "no TCP_NODELAY");
        }
        let service = router.clone().map_request(move |mut request: http::Request<hyper::body::Incoming>| {
            request.extensions_mut().insert(ConnectInfo::<SocketAddr>(peer));
            request.map(axum::body::Body::new)
        });
        let connection =
            builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service)).with_upgrades();
        let (guard, closed) = (guard.clone(), closed.clone());
        tokio::spawn(async move {
            // Who speaks HTTP/2 means no harm.
            if run(connection, closed).await.is_err_and(|error| error.is_parse() && !error.is_parse_version_h2()) {
                guard.malformed(peer.ip());
            }
            drop((seat, permit));
        });
    }
    drop(listener);
    closing.send_replace(true);
    let everyone = u32::try_from(most).unwrap_or(u32::MAX);
    if tokio::time::timeout(DRAIN, permits.acquire_many(everyone)).await.is_err() {
        tracing::warn!(event = "drain_timeout", "some requests were still under way when the process stopped");
    }
}

async fn run<S>(
    connection: http1::UpgradeableConnection<TokioIo<tokio::net::TcpStream>, S>,
    mut closed: watch::Receiver<bool>,
) -> hyper::Result<()>
where
    S: hyper::service::HttpService<hyper::body::Incoming, ResBody = axum::body::Body> + Send + 'static,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    S::Future: Send,
{
    let mut connection = std::pin::pin!(connection);
    let told_to_stop = async move {
        // An error means that whoever would tell is gone, which comes to the same.
        drop(closed.wait_for(|closing| *closing).await);
    };
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = told_to_stop => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = &ended {
        // Clients leave, and heads come too late: worth a line only when somebody looks.
        tracing::debug!(%error, "a connection ended early");
    }
    ended
}
