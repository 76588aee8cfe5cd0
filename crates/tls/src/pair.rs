//! A certificate with the key it was made for.

use crate::{Error, Facts};
use std::path::Path;
use std::sync::Arc;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{Error as RustlsError, InconsistentKeys};

/// A chain of certificates, the first of which is ours, with its key.
#[derive(Debug, Clone)]
pub struct Pair {
    pub(crate) key: Arc<CertifiedKey>,
    facts: Facts,
}

impl Pair {
    /// Reads a chain and a key in PEM; both may be the same text.
    ///
    /// # Errors
    /// When one of them is missing or cannot be used, or when they do not belong together.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, Error> {
        let chain: Vec<CertificateDer<'static>> =
            CertificateDer::pem_slice_iter(chain).collect::<Result<_, _>>().map_err(|_| Error::NoCertificate)?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| Error::NoKey)?;
        let facts = Facts::of(chain.first().ok_or(Error::NoCertificate)?)?;
        let key = CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider()).map_err(|error| match error {
            RustlsError::InconsistentKeys(InconsistentKeys::KeyMismatch) => Error::Mismatch,
            other => Error::certificate(other),
        })?;
        Ok(Self { key: Arc::new(key), facts })
    }

    /// Reads them from two files.
    ///
    /// # Errors
    /// As [`Pair::from_pem`], and when a file cannot be read.
    pub fn read(chain: &Path, key: &Path) -> Result<Self, Error> {
        let read = |file: &Path| std::fs::read(file).map_err(|error| Error::file(file, &error));
        Self::from_pem(&read(chain)?, &read(key)?)
    }

    /// What the certificate says of itself.
    pub const fn facts(&self) -> &Facts {
        &self.facts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pem(name: &str) -> (String, String) {
        let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    #[test]
    fn a_chain_and_its_key_belong_together() {
        let (chain, key) = pem("mind.example");
        let (_, other) = pem("mind.example");
        let pair = Pair::from_pem(chain.as_bytes(), key.as_bytes()).unwrap();
        assert_eq!(pair.facts().names, ["mind.example"]);
        let both = format!("{key}{chain}");
        assert!(Pair::from_pem(both.as_bytes(), both.as_bytes()).is_ok(), "one file with both");
        assert!(matches!(Pair::from_pem(chain.as_bytes(), other.as_bytes()), Err(Error::Mismatch)));
        assert!(matches!(Pair::from_pem(b"", key.as_bytes()), Err(Error::NoCertificate)));
        assert!(matches!(Pair::from_pem(chain.as_bytes(), b"text"), Err(Error::NoKey)));
        assert!(matches!(Pair::from_pem(chain.as_bytes(), chain.as_bytes()), Err(Error::NoKey)));
    }
}
