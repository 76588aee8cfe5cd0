//! Certificates that somebody else renews: read again whenever the files change, without a restart.

use crate::{Error, Pair, Shelf};
use aws_lc_rs::digest;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How often it is looked whether the files have changed.
pub const LOOKED_EVERY: Duration = Duration::from_secs(5);

/// Where a certificate and its key lie.
#[derive(Debug, Clone)]
pub struct Files {
    /// The certificate, then those that vouch for it, in PEM.
    pub chain: PathBuf,
    /// Its key, in PEM.
    pub key: PathBuf,
}

impl Files {
    /// Reads both.
    ///
    /// # Errors
    /// As [`Pair::read`].
    pub fn read(&self) -> Result<Pair, Error> {
        Pair::read(&self.chain, &self.key)
    }

    /// What tells one state of the two files from another. By content: links are exchanged, and times are kept by copying.
    async fn state(&self) -> Option<[u8; 32]> {
        let mut both = tokio::fs::read(&self.chain).await.ok()?;
        both.push(0);
        both.extend(tokio::fs::read(&self.key).await.ok()?);
        digest::digest(&digest::SHA256, &both).as_ref().try_into().ok()
    }
}

/// Puts every new state of the files on the shelf, for as long as it is polled. What cannot be used is logged, and the
/// certificate before it stays.
pub async fn watch(files: Files, shelf: Arc<Shelf>, every: Duration) {
    let mut served = files.state().await;
    // Two files are never exchanged at once: one state that does not fit is waited out, a second time it is said.
    let mut refused: Option<[u8; 32]> = None;
    let mut said = None;
    let mut tick = tokio::time::interval(every);
    tick.tick().await;
    loop {
        tick.tick().await;
        let state = files.state().await;
        if state.is_none() || state == served {
            continue;
        }
        match files.read() {
            Ok(pair) => {
                tracing::info!(event = "certificate_reloaded", until = %pair.facts().not_after, "a new certificate is served");
                shelf.put(pair);
                served = state;
                refused = None;
            }
            Err(error) if refused == state && said != state => {
                tracing::error!(event = "certificate_refused", %error, "the certificate before it is still served");
                said = state;
            }
            Err(_) => refused = state,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(files: &Files, name: &str) -> [u8; 32] {
        let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
        std::fs::write(&files.chain, made.cert.pem()).unwrap();
        std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
        crate::Facts::of(made.cert.der()).unwrap().fingerprint
    }

    async fn becomes(shelf: &Shelf, fingerprint: [u8; 32]) -> bool {
        for _ in 0..500 {
            if shelf.present().is_some_and(|pair| pair.facts().fingerprint == fingerprint) {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        false
    }

    #[tokio::test]
    async fn a_change_is_served_and_a_broken_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files { chain: folder.path().join("chain.pem"), key: folder.path().join("key.pem") };
        let first = write(&files, "mind.example");
        let shelf = Arc::new(Shelf::default());
        shelf.put(files.read().unwrap());
        let watching = tokio::spawn(watch(files.clone(), shelf.clone(), Duration::from_millis(10)));
        // Broken before the watch has looked for the first time, or after: it is the first that is served.
        std::fs::write(&files.chain, "no certificate").unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(becomes(&shelf, first).await);
        let second = write(&files, "mind.example");
        assert!(becomes(&shelf, second).await, "a new pair");
        std::fs::remove_file(&files.key).unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(becomes(&shelf, second).await, "half of it is gone for a moment");
        let third = write(&files, "mind.example");
        assert!(becomes(&shelf, third).await);
        watching.abort();
    }
}
