//! A PostgreSQL that is not recognised is told nothing (A1-H5): real certificates, a real handshake, and a server that
//! counts what reaches it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

use kernel::Secret;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use store::{Db, Error, Settings};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{ServerConfig, crypto};

/// What a client sends before TLS.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Wrong {
    Nothing,
    SelfSigned,
    OtherHost,
    Expired,
    /// It has no TLS at all.
    NoTls,
}

/// A server that says it is PostgreSQL; how many bytes it is told beyond the request for TLS.
struct Server {
    port: u16,
    told: Arc<AtomicUsize>,
    folder: TempDir,
}

impl Server {
    async fn start(wrong: Wrong) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "a test's authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let host = if wrong == Wrong::OtherHost { "other.example" } else { "localhost" };
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        if wrong == Wrong::Expired {
            (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2020, 2, 1));
        }
        let made =
            if wrong == Wrong::SelfSigned { params.self_signed(&key) } else { params.signed_by(&key, &authority) };
        let chain = vec![made.unwrap().der().clone()];
        let config = ServerConfig::builder_with_provider(Arc::new(crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, PrivateKeyDer::from(key))
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("authority.pem"), authority.pem()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (port, told) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
        let (acceptor, counted) = (TlsAcceptor::from(Arc::new(config)), told.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // Whoever breaks off has told all it was going to tell.
                let _ = meet(stream, &acceptor, &counted, wrong != Wrong::NoTls).await;
            }
        });
        Self { port, told, folder }
    }

    fn settings(&self, mode: &str) -> Settings {
        let url = format!("postgres://mind:CANARY@localhost:{}/mind{mode}", self.port);
        let mut settings = Settings::postgres(Secret::new(url), self.folder.path(), "test");
        settings.tls_ca_file = Some(self.folder.path().join("authority.pem"));
        settings
    }
}

async fn meet(mut stream: TcpStream, acceptor: &TlsAcceptor, told: &AtomicUsize, tls: bool) -> std::io::Result<()> {
    let mut first = [0; 8];
    stream.read_exact(&mut first).await?;
    if first != SSL_REQUEST {
        told.fetch_add(first.len(), SeqCst);
        return Ok(());
    }
    let mut bytes = [0; 1024];
    if tls {
        stream.write_all(b"S").await?;
        let mut stream = acceptor.accept(stream).await?;
        told.fetch_add(stream.read(&mut bytes).await?, SeqCst);
    } else {
        stream.write_all(b"N").await?;
        told.fetch_add(stream.read(&mut bytes).await?, SeqCst);
    }
    Ok(())
}

/// How many bytes it was told, and what opening it says.
async fn tried(wrong: Wrong, change: impl FnOnce(&mut Settings), mode: &str) -> (usize, String) {
    let server = Server::start(wrong).await;
    let mut settings = server.settings(mode);
    change(&mut settings);
    let said = match Db::open(&settings).await {
        Err(error @ (Error::Away(_) | Error::Sql(_))) => error.to_string(),
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("it opened"),
    };
    assert!(!said.contains("CANARY"), "{said}");
    (server.told.load(SeqCst), said)
}

#[tokio::test]
async fn a_server_that_is_recognised_is_told_who_comes() {
    let (told, _) = tried(Wrong::Nothing, |_| {}, "?sslmode=verify-full").await;
    assert!(told > 0);
    let (told, _) = tried(Wrong::Nothing, |settings| settings.tls_verify_local = true, "").await;
    assert!(told > 0, "by the setting as by the address");
}

#[tokio::test]
async fn a_server_that_is_not_is_told_nothing() {
    for wrong in [Wrong::SelfSigned, Wrong::OtherHost, Wrong::Expired, Wrong::NoTls] {
        let (told, said) = tried(wrong, |_| {}, "?sslmode=verify-full").await;
        assert_eq!(told, 0, "{wrong:?}");
        assert!(said.contains("PostgreSQL at localhost"), "{wrong:?}: {said}");
        let (told, _) = tried(wrong, |settings| settings.tls_verify_local = true, "").await;
        assert_eq!(told, 0, "{wrong:?}");
    }
}
