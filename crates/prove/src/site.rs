//! Where a server is, and what vouches for it.

use crate::wire::{Wire, WireError};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

/// A server to attack: `https://mind.example`.
#[derive(Debug, Clone)]
pub struct Site {
    /// Scheme, name and port.
    pub url: String,
    /// The certificate authority (PEM) that vouches for it, where that is none that this machine trusts anyway.
    pub authority: Option<Vec<u8>>,
}

impl<T: Into<String>> From<T> for Site {
    fn from(url: T) -> Self {
        Self { url: url.into(), authority: None }
    }
}

impl Site {
    /// Finds the server; requests are counted together with those of others that count there.
    pub(crate) async fn open(&self, requests: Arc<AtomicUsize>) -> Result<Wire, WireError> {
        match &self.authority {
            None => Wire::counting(&self.url, requests).await,
            Some(authority) => Wire::trusting(&self.url, authority, requests).await,
        }
    }
}
