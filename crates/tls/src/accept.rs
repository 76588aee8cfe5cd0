//! The handshake.

use crate::shelf::ACME_PROTOCOL;
use crate::{Error, Shelf};
use std::io;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{CipherSuite, ServerConfig, SupportedCipherSuite};
use tokio_rustls::server::TlsStream;

/// Makes encrypted connections of plain ones.
#[derive(Clone)]
pub struct Acceptor(TlsAcceptor);

/// How a handshake ended.
pub enum Accepted {
    /// Somebody who wants to be served.
    Client(Box<TlsStream<TcpStream>>),
    /// An ACME authority, which has seen what it came for.
    Authority,
}

/// Whether a suite has forward secrecy and authenticates what it encrypts. Every suite of TLS 1.3 does.
fn is_strong(suite: &SupportedCipherSuite) -> bool {
    match suite {
        SupportedCipherSuite::Tls13(_) => true,
        SupportedCipherSuite::Tls12(_) => matches!(
            suite.suite(),
            CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384
                | CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
                | CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
                | CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384
                | CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
                | CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256
        ),
    }
}

fn config(shelf: Arc<Shelf>) -> Result<ServerConfig, Error> {
    let mut provider = aws_lc_rs::default_provider();
    // The provider offers no other today; named here, so that an update cannot add a weaker one unnoticed.
    provider.cipher_suites.retain(is_strong);
    let mut config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(Error::certificate)?
        .with_no_client_auth()
        .with_cert_resolver(shelf);
    config.alpn_protocols = vec![b"http/1.1".to_vec(), ACME_PROTOCOL.to_vec()];
    Ok(config)
}

impl Acceptor {
    /// Answers with what is on the shelf at that moment.
    ///
    /// # Errors
    /// When the cryptography cannot be set up, which no setting brings about.
    pub fn new(shelf: Arc<Shelf>) -> Result<Self, Error> {
        Ok(Self(TlsAcceptor::from(Arc::new(config(shelf)?))))
    }

    /// Does the handshake. It has no limit of its own: the caller bounds it.
    ///
    /// # Errors
    /// When the client leaves, speaks something older, or there is no certificate yet.
    pub async fn accept(&self, stream: TcpStream) -> io::Result<Accepted> {
        let stream = self.0.accept(stream).await?;
        if stream.get_ref().1.alpn_protocol() == Some(ACME_PROTOCOL) {
            return Ok(Accepted::Authority);
        }
        Ok(Accepted::Client(Box::new(stream)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Pair;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsConnector;
    use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
    use tokio_rustls::rustls::{ClientConfig, ProtocolVersion, RootCertStore, SupportedProtocolVersion};

    struct Made {
        pair: Pair,
        der: CertificateDer<'static>,
    }

    fn made() -> Made {
        let made = rcgen::generate_simple_self_signed(vec!["mind.example".to_owned()]).unwrap();
        let pair = Pair::from_pem(made.cert.pem().as_bytes(), made.signing_key.serialize_pem().as_bytes()).unwrap();
        Made { pair, der: made.cert.der().clone() }
    }

    /// What a client that trusts `root` sees: the protocol it ends up with, or the refusal.
    async fn connect(
        shelf: &Arc<Shelf>,
        root: &CertificateDer<'static>,
        versions: &[&'static SupportedProtocolVersion],
        alpn: &[&[u8]],
    ) -> io::Result<(ProtocolVersion, Option<Vec<u8>>)> {
        let acceptor = Acceptor::new(shelf.clone()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            if let Ok(Accepted::Client(mut stream)) = acceptor.accept(stream).await {
                let _ = stream.write_all(b"hello").await;
                let _ = stream.shutdown().await;
            }
        });
        let mut roots = RootCertStore::empty();
        roots.add(root.clone()).unwrap();
        let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        let stream = TcpStream::connect(address).await?;
        let name = ServerName::try_from("mind.example").unwrap();
        let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
        let mut said = String::new();
        stream.read_to_string(&mut said).await?;
        assert_eq!(said, "hello");
        let (_, connection) = stream.get_ref();
        let seen = (connection.protocol_version().unwrap(), connection.alpn_protocol().map(<[u8]>::to_vec));
        server.await.unwrap();
        Ok(seen)
    }

    #[tokio::test]
    async fn both_versions_are_spoken_with_the_certificate_of_the_moment() {
        let shelf = Arc::new(Shelf::default());
        let (first, second) = (made(), made());
        assert!(connect(&shelf, &first.der, &[&TLS13], &[]).await.is_err(), "there is none yet");
        shelf.put(first.pair);
        let (version, _) = connect(&shelf, &first.der, &[&TLS13, &TLS12], &[]).await.unwrap();
        assert_eq!(version, ProtocolVersion::TLSv1_3);
        let (version, alpn) = connect(&shelf, &first.der, &[&TLS12], &[b"h2", b"http/1.1"]).await.unwrap();
        assert_eq!((version, alpn.as_deref()), (ProtocolVersion::TLSv1_2, Some(&b"http/1.1"[..])));
        assert!(connect(&shelf, &first.der, &[&TLS13], &[b"h2"]).await.is_err(), "no protocol in common");
        shelf.put(second.pair);
        assert!(connect(&shelf, &first.der, &[&TLS13], &[]).await.is_err(), "the first is not served any more");
        assert!(connect(&shelf, &second.der, &[&TLS13], &[]).await.is_ok());
    }

    #[tokio::test]
    async fn an_authority_never_sees_the_real_certificate() {
        let shelf = Arc::new(Shelf::default());
        let real = made();
        shelf.put(real.pair);
        assert!(connect(&shelf, &real.der, &[&TLS13], &[ACME_PROTOCOL]).await.is_err());
    }

    #[test]
    fn every_suite_is_forward_secret_and_authenticated() {
        let config = config(Arc::new(Shelf::default())).unwrap();
        let suites = &config.crypto_provider().cipher_suites;
        assert!(suites.len() >= 6 && suites.iter().all(is_strong), "{suites:?}");
        assert_eq!(config.max_early_data_size, 0, "what comes early can be replayed");
    }
}
