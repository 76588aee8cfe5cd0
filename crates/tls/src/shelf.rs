//! What is answered with: the present certificate, and for a moment what an ACME authority asks to see.

use crate::Pair;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;

/// The protocol under which an ACME authority asks for its proof (RFC 8737).
pub(crate) const ACME_PROTOCOL: &[u8] = b"acme-tls/1";

/// The present certificate. Exchanged while connections come in; those that are there keep the one they began with.
#[derive(Debug, Default)]
pub struct Shelf {
    present: RwLock<Option<Pair>>,
    /// By name, what proves that the name is ours (TLS-ALPN-01).
    proofs: Mutex<HashMap<String, Arc<CertifiedKey>>>,
    /// By token, the same over plain HTTP (HTTP-01).
    tokens: Mutex<HashMap<String, String>>,
}

impl Shelf {
    /// From now on, new connections get this certificate.
    pub fn put(&self, pair: Pair) {
        // Nothing panics while the lock is held.
        *self.present.write().unwrap_or_else(PoisonError::into_inner) = Some(pair);
    }

    /// The certificate that new connections get; `None` before there is one.
    pub fn present(&self) -> Option<Pair> {
        self.present.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What to answer at `/.well-known/acme-challenge/{token}` (RFC 8555, section 8.3).
    pub fn answer_to(&self, token: &str) -> Option<String> {
        self.tokens().get(token).cloned()
    }

    pub(crate) fn publish_token(&self, token: String, answer: String) {
        self.tokens().insert(token, answer);
    }

    pub(crate) fn publish_proof(&self, name: &str, key: Arc<CertifiedKey>) {
        self.proofs().insert(name.to_ascii_lowercase(), key);
    }

    /// Takes every proof down.
    pub(crate) fn withdraw(&self) {
        self.tokens().clear();
        self.proofs().clear();
    }

    fn tokens(&self) -> MutexGuard<'_, HashMap<String, String>> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn proofs(&self) -> MutexGuard<'_, HashMap<String, Arc<CertifiedKey>>> {
        self.proofs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ResolvesServerCert for Shelf {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        // An authority offers this protocol and no other; what it sees must never be a real certificate, nor the reverse.
        let asks_for_proof = hello.alpn().is_some_and(|offered| offered.eq([ACME_PROTOCOL]));
        if asks_for_proof {
            let name = hello.server_name()?.to_ascii_lowercase();
            return self.proofs().get(&name).cloned();
        }
        self.present.read().unwrap_or_else(PoisonError::into_inner).as_ref().map(|pair| pair.key.clone())
    }
}
