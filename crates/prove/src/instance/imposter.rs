//! A listener that says it is a PostgreSQL with TLS, with a certificate that is not what it should be, and counts what it is
//! told once the connection is encrypted.

use crate::rule::Stop;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use std::fmt::Display;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ServerConfig, crypto};

/// What a client sends before TLS: eight bytes, the number of this request among them (`SSLRequest`).
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// What is wrong with its certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// Nobody vouches for it.
    SelfSigned,
    /// It is another server's.
    OtherHost,
    /// It is over.
    Expired,
}

pub(crate) struct Imposter {
    /// Who vouches for the good one, in PEM.
    pub(crate) authority: String,
    port: u16,
    asked: Arc<AtomicUsize>,
    told: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

fn unsure(error: impl Display) -> Stop {
    Stop::Unsure(format!("a database of our own: {error}"))
}

fn authority() -> Result<CertifiedIssuer<'static, KeyPair>, rcgen::Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "prove");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    CertifiedIssuer::self_signed(params, KeyPair::generate()?)
}

fn certificate(
    fault: Fault,
    authority: &CertifiedIssuer<'static, KeyPair>,
) -> Result<(CertificateDer<'static>, PrivateKeyDer<'static>), rcgen::Error> {
    let key = KeyPair::generate()?;
    let host = if fault == Fault::OtherHost { "other.example" } else { "localhost" };
    let mut params = CertificateParams::new(vec![host.to_owned()])?;
    if fault == Fault::Expired {
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2020, 2, 1);
    }
    let made = match fault {
        Fault::SelfSigned => params.self_signed(&key)?,
        Fault::None | Fault::OtherHost | Fault::Expired => params.signed_by(&key, authority)?,
    };
    Ok((made.der().clone(), key.into()))
}

impl Imposter {
    pub(crate) async fn start(fault: Fault) -> Result<Self, Stop> {
        let issuer = authority().map_err(unsure)?;
        let (chain, key) = certificate(fault, &issuer).map_err(unsure)?;
        let config = ServerConfig::builder_with_provider(Arc::new(crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![chain], key))
            .map_err(unsure)?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(unsure)?;
        let port = listener.local_addr().map_err(unsure)?.port();
        let (asked, told) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (acceptor, counts) = (TlsAcceptor::from(Arc::new(config)), (asked.clone(), told.clone()));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let met = meet(stream, &acceptor, &counts.0, &counts.1);
                // Whoever breaks off has told all it was going to tell.
                let _ = tokio::time::timeout(Duration::from_secs(5), met).await;
            }
        });
        Ok(Self { authority: issuer.pem(), port, asked, told, task })
    }

    /// Where it is, with a password in it.
    pub(crate) fn url(&self, password: &str) -> String {
        format!("postgres://mind:{password}@localhost:{}/mind?sslmode=verify-full", self.port)
    }

    /// How often it was asked for TLS.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// How many bytes it was told, in the clear or within TLS.
    pub(crate) fn told(&self) -> usize {
        self.told.load(Ordering::SeqCst)
    }
}

impl Drop for Imposter {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn meet(
    mut stream: TcpStream,
    acceptor: &TlsAcceptor,
    asked: &AtomicUsize,
    told: &AtomicUsize,
) -> io::Result<()> {
    let mut first = [0; 8];
    stream.read_exact(&mut first).await?;
    if first != SSL_REQUEST {
        told.fetch_add(first.len(), Ordering::SeqCst);
        return Ok(());
    }
    asked.fetch_add(1, Ordering::SeqCst);
    stream.write_all(b"S").await?;
    let mut stream = acceptor.accept(stream).await?;
    let mut bytes = [0; 1024];
    told.fetch_add(stream.read(&mut bytes).await?, Ordering::SeqCst);
    Ok(())
}
