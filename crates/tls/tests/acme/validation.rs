//! How an authority looks at a proof: over TLS (RFC 8737) and over HTTP (RFC 8555, section 8.3). The name resolves to this
//! machine, and its ports are those it was told.

use aws_lc_rs::digest;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::aws_lc_rs as provider;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use x509_parser::extensions::GeneralName;

/// What an authority sees: a certificate that nobody vouches for is what it expects.
#[derive(Debug)]
struct Looks;

impl ServerCertVerifier for Looks {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

/// The kind of problem and its words.
pub(crate) type Refusal = (&'static str, String);

pub(crate) async fn over_tls(port: u16, domain: &str, authorization: &str) -> Result<(), Refusal> {
    let refused = |why: &str| ("unauthorized", why.to_owned());
    let stream = TcpStream::connect(("127.0.0.1", port)).await.map_err(|error| ("connection", error.to_string()))?;
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Looks))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"acme-tls/1".to_vec()];
    let name = ServerName::try_from(domain.to_owned()).unwrap();
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
    let stream = stream.map_err(|error| ("tls", error.to_string()))?;
    let connection = stream.get_ref().1;
    if connection.alpn_protocol() != Some(b"acme-tls/1") {
        return Err(refused("the server does not speak acme-tls/1"));
    }
    let chain = connection.peer_certificates().unwrap_or_default();
    let der = chain.first().ok_or_else(|| refused("no certificate"))?;
    let (_, certificate) =
        x509_parser::parse_x509_certificate(der).map_err(|_| refused("an unreadable certificate"))?;
    let names = certificate.subject_alternative_name().ok().flatten().ok_or_else(|| refused("no names"))?;
    if names.value.general_names != [GeneralName::DNSName(domain)] {
        return Err(refused("the certificate is not for this name alone"));
    }
    let mut octets = vec![0x04, 0x20];
    octets.extend(digest::digest(&digest::SHA256, authorization.as_bytes()).as_ref());
    let proof = certificate.extensions().iter().find(|one| one.oid.to_id_string() == "1.3.6.1.5.5.7.1.31");
    match proof {
        Some(proof) if proof.critical && proof.value == octets => Ok(()),
        _ => Err(refused("the certificate does not hold the key authorization")),
    }
}

pub(crate) async fn over_http(port: u16, token: &str, authorization: &str) -> Result<(), Refusal> {
    let client = reqwest::Client::builder().timeout(Duration::from_secs(5)).build().unwrap();
    let url = format!("http://127.0.0.1:{port}/.well-known/acme-challenge/{token}");
    let answer = client.get(url).send().await.map_err(|error| ("connection", error.to_string()))?;
    let found = answer.text().await.unwrap_or_default();
    if found.trim_end() == authorization {
        Ok(())
    } else {
        Err(("unauthorized", format!("the key authorization is not what was found: {found:?}")))
    }
}
