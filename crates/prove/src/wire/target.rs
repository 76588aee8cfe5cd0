//! The server under attack, and the connections to it.

use super::WireError;
use super::request::{Body, Request};
use super::response::{Response, parse};
use rustls_platform_verifier::BuilderVerifierExt;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
}

/// A connection to write on as one likes.
pub(crate) trait Line: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Line for T {}

pub(crate) struct Wire {
    address: SocketAddr,
    tls: Option<Tls>,
    /// What stands in `Host`; a server may insist on the name people reach it by.
    authority: Mutex<String>,
    many: bool,
    next: AtomicU32,
    requests: Arc<AtomicUsize>,
}

fn refused(error: impl std::fmt::Display) -> WireError {
    WireError::Connect(error.to_string())
}

/// `authority`: the certificate (PEM) that vouches for the server; the system's unless given.
fn tls(host: &str, authority: Option<&[u8]>) -> Result<Tls, WireError> {
    let builder = ClientConfig::builder_with_provider(Arc::new(crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(refused)?;
    let config = match authority {
        None => builder.with_platform_verifier().map_err(refused)?,
        Some(pem) => {
            let mut roots = RootCertStore::empty();
            roots.add(CertificateDer::from_pem_slice(pem).map_err(refused)?).map_err(refused)?;
            builder.with_root_certificates(roots)
        }
    };
    let config = config.with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).map_err(refused)?;
    Ok(Tls { connector: TlsConnector::from(Arc::new(config)), name })
}

impl Wire {
    /// Finds the server, and whether one may come to it from many addresses. Others may share the count of requests.
    pub(crate) async fn counting(target: &str, requests: Arc<AtomicUsize>) -> Result<Self, WireError> {
        Self::to(target, None, requests).await
    }

    /// The same, for a server that an authority (PEM) of its own vouches for.
    pub(crate) async fn trusting(target: &str, pem: &[u8], requests: Arc<AtomicUsize>) -> Result<Self, WireError> {
        Self::to(target, Some(pem), requests).await
    }

    async fn to(target: &str, vouching: Option<&[u8]>, requests: Arc<AtomicUsize>) -> Result<Self, WireError> {
        let bad = || WireError::Target(target.to_owned());
        let (scheme, rest) = target.split_once("://").ok_or_else(bad)?;
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        let secure = match scheme {
            "http" => false,
            "https" => true,
            _ => return Err(bad()),
        };
        if authority.is_empty() || authority.contains(['/', '?', '#', '@', ' ', '\r', '\n']) {
            return Err(bad());
        }
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse::<u16>().map_err(|_| bad())?),
            _ => (authority, if secure { 443 } else { 80 }),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let found: Vec<_> = tokio::net::lookup_host((host, port)).await.map_err(refused)?.collect();
        // IPv4 first: on loopback it has sixteen million addresses, IPv6 has one.
        let address = found.iter().find(|address| address.is_ipv4()).or(found.first());
        let address = *address.ok_or_else(|| refused("the name has no address"))?;
        // The low bits of the start are random, so that a second run does not meet the limits that the first has spent.
        let next = u32::try_from(crate::material::noise() & 0x00ff_ffff).unwrap_or(0);
        let mut wire = Self {
            address,
            tls: if secure { Some(tls(host, vouching)?) } else { None },
            authority: Mutex::new(authority.to_owned()),
            many: false,
            next: AtomicU32::new(next),
            requests,
        };
        if matches!(address.ip(), IpAddr::V4(ip) if ip.is_loopback()) {
            // Only Linux routes all of 127/8 without being asked.
            wire.many = TcpSocket::new_v4().and_then(|socket| socket.bind((wire.rotate(), 0).into())).is_ok();
        }
        wire.connect(None).await?;
        Ok(wire)
    }

    /// Whether each request can come from an address of its own.
    pub(crate) fn many_addresses(&self) -> bool {
        self.many
    }

    /// An address that has not been used yet; `None` when there is only one.
    pub(crate) fn fresh_address(&self) -> Option<Ipv4Addr> {
        self.many.then(|| self.rotate())
    }

    fn rotate(&self) -> Ipv4Addr {
        // 127.1.0.1 and up: 127.0.0.x is where servers and real clients are.
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let byte = |value: u32| u8::try_from(value).unwrap_or(1);
        let (second, third, last) = (number / (254 * 256) % 254 + 1, number / 254 % 256, number % 254 + 1);
        Ipv4Addr::new(127, byte(second), byte(third), byte(last))
    }

    /// How many requests were sent so far.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }

    /// The name under which the server is addressed.
    pub(crate) fn authority(&self) -> String {
        self.authority.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Addresses the server by another name from now on (it said so by a redirect).
    pub(crate) fn rename(&self, authority: &str) {
        authority.clone_into(&mut self.authority.lock().unwrap_or_else(PoisonError::into_inner));
    }

    async fn connect(&self, from: Option<Ipv4Addr>) -> Result<TcpStream, WireError> {
        let socket = if self.address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }.map_err(refused)?;
        if let Some(from) = from {
            socket.bind((from, 0).into()).map_err(refused)?;
        }
        let stream = timeout(Duration::from_secs(10), socket.connect(self.address)).await;
        let stream = stream.map_err(|_| WireError::Timeout(10))?.map_err(refused)?;
        stream.set_nodelay(true).map_err(refused)?;
        Ok(stream)
    }

    /// A connection, for what is no whole request.
    pub(crate) async fn line(&self, from: Option<Ipv4Addr>) -> Result<Box<dyn Line>, WireError> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let stream = self.connect(from.or_else(|| self.fresh_address())).await?;
        let line: Box<dyn Line> = match &self.tls {
            None => Box::new(stream),
            Some(tls) => Box::new(tls.connector.connect(tls.name.clone(), stream).await.map_err(refused)?),
        };
        Ok(line)
    }

    /// Sends a request and waits for its answer. Redirects are answers like any other.
    pub(crate) async fn send(&self, request: &Request) -> Result<Response, WireError> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let stream = self.connect(request.from.or_else(|| self.fresh_address())).await?;
        let head = request.head(&self.authority());
        let whole = async {
            match &self.tls {
                None => exchange(stream, &head, request).await,
                Some(tls) => {
                    let stream = tls.connector.connect(tls.name.clone(), stream).await.map_err(refused)?;
                    exchange(stream, &head, request).await
                }
            }
        };
        let seconds = request.patience.as_secs();
        timeout(request.patience, whole).await.map_err(|_| WireError::Timeout(seconds))?
    }
}

/// Writes and reads at the same time: a server may answer, and stop reading, before it has everything.
async fn exchange<S>(stream: S, head: &[u8], request: &Request) -> Result<Response, WireError>
where
    S: AsyncRead + AsyncWrite + Send,
{
    let (mut reader, mut writer) = tokio::io::split(stream);
    let sent = AtomicU64::new(0);
    let began = Instant::now();
    let writing = async {
        // A refused write is no error of ours: what the server has to say about it is read below.
        let _ = write(&mut writer, head, &request.body, &sent).await;
        std::future::pending::<Infallible>().await
    };
    let reading = async {
        let mut bytes = Vec::new();
        loop {
            let before = bytes.len();
            let ended = match reader.read_buf(&mut bytes).await {
                Ok(count) => count == 0,
                Err(error) if bytes.is_empty() => return Err(WireError::Broken(error.to_string())),
                Err(_) => true,
            };
            debug_assert!(ended || bytes.len() > before);
            if let Some(answer) = parse(&bytes, request.method == "HEAD", ended)? {
                return Ok(answer);
            }
        }
    };
    let mut answer = tokio::select! {
        never = writing => match never {},
        answer = reading => answer?,
    };
    answer.took = began.elapsed();
    answer.sent = sent.load(Ordering::Relaxed);
    Ok(answer)
}

async fn write<W>(writer: &mut W, head: &[u8], body: &Body, sent: &AtomicU64) -> std::io::Result<()>
where
    W: AsyncWrite + Unpin,
{
    writer.write_all(head).await?;
    let count = |bytes: &[u8]| sent.fetch_add(bytes.len() as u64, Ordering::Relaxed);
    match body {
        Body::None | Body::Announced(_) => {}
        Body::Bytes(bytes) | Body::Chunked(bytes) => {
            for piece in bytes.chunks(64 * 1024) {
                writer.write_all(piece).await?;
                count(piece);
            }
        }
        Body::Endless { head, filler, times } => {
            for piece in std::iter::once(head).chain(std::iter::repeat_n(filler, *times)) {
                writer.write_all(format!("{:x}\r\n", piece.len()).as_bytes()).await?;
                writer.write_all(piece).await?;
                writer.write_all(b"\r\n").await?;
                count(piece);
            }
            writer.write_all(b"0\r\n\r\n").await?;
        }
    }
    writer.flush().await
}
