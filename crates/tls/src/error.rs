//! What can be wrong with a certificate, or with getting one. No text here holds a key.

use kernel::Timestamp;
use std::path::{Path, PathBuf};

/// Why there is no certificate to serve with.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read or written.
    #[error("{} cannot be used ({kind})", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What the system says.
        kind: std::io::ErrorKind,
    },
    /// There is no certificate where one should be.
    #[error("there is no certificate in PEM")]
    NoCertificate,
    /// There is no key where one should be.
    #[error("there is no private key in PEM (PKCS#8, PKCS#1 or SEC1, without a passphrase)")]
    NoKey,
    /// The certificate was not made for this key.
    #[error("the private key is not the one that the certificate was made for")]
    Mismatch,
    /// The certificate is over.
    #[error("the certificate has expired ({0})")]
    Expired(Timestamp),
    /// The certificate does not count yet.
    #[error("the certificate does not count before {0}; is the clock right?")]
    NotYet(Timestamp),
    /// A certificate or key that cannot be understood or made.
    #[error("{0}")]
    Certificate(String),
    /// A name that this machine's own authority was not made for.
    #[error(
        "the local authority may not vouch for {0}: remove its ca.crt and ca.key to make another, which every device \
         has to trust anew"
    )]
    Outside(String),
    /// The ACME authority, or the way to it.
    #[error("ACME: {0}")]
    Acme(String),
}

impl Error {
    pub(crate) fn file(file: &Path, error: &std::io::Error) -> Self {
        Self::File { file: file.to_owned(), kind: error.kind() }
    }

    pub(crate) fn certificate(error: impl std::fmt::Display) -> Self {
        Self::Certificate(error.to_string())
    }

    pub(crate) fn acme(error: impl std::fmt::Display) -> Self {
        Self::Acme(error.to_string())
    }
}
