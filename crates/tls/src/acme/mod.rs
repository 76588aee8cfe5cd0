//! Certificates from an ACME authority (RFC 8555): asked for, proven, kept and renewed without anybody's help.
//!
//! The name is proven on the connections that the server answers anyway: by TLS-ALPN-01 (RFC 8737) on its own port, or by
//! HTTP-01 where the authority offers nothing else. The account's key, the certificate and its key lie in one folder, for
//! their owner only.

mod account;
mod client;
mod order;

use crate::{Error, Facts, Pair, Shelf, private};
use kernel::Ambient;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// A failed try is repeated after this; authorities count failures by the hour.
const FIRST_PAUSE: Duration = Duration::from_mins(15);
/// And never later than this.
const LONGEST_PAUSE: Duration = Duration::from_hours(12);
/// How often it is looked whether a certificate is due.
const LOOKED_EVERY: Duration = Duration::from_hours(1);

/// Whom to ask for what.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The authority's directory.
    pub directory: String,
    /// The name to be proven.
    pub domain: String,
    /// Where the authority may write to.
    pub contact: Option<String>,
    /// Where the account and the certificate are kept.
    pub folder: PathBuf,
    /// By which certificate (PEM) the authority's own server is recognised, when not by the system's.
    pub authority: Option<Vec<u8>>,
}

/// What [`Acme::renew`] did.
#[derive(Debug)]
pub enum Renewal {
    /// The certificate that is there has enough left.
    NotDue(Facts),
    /// A new one is served.
    Renewed(Facts),
}

/// One name's certificate.
pub struct Acme {
    settings: Settings,
    shelf: Arc<Shelf>,
    ambient: Ambient,
}

impl Acme {
    /// For this shelf, on which it also hangs the proofs.
    pub fn new(settings: Settings, shelf: Arc<Shelf>, ambient: Ambient) -> Self {
        Self { settings, shelf, ambient }
    }

    /// Puts the certificate that is kept on the shelf, if there is one for the name.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn load(&self) -> Result<Option<Facts>, Error> {
        let path = self.certificate_path();
        if !path.exists() {
            return Ok(None);
        }
        let pair = Pair::read(&path, &path)?;
        let facts = pair.facts().clone();
        if !facts.covers(&self.settings.domain) {
            return Ok(None);
        }
        self.shelf.put(pair);
        Ok(Some(facts))
    }

    /// Gets a certificate when there is none, or when a third of its life is left. The name must lead to connections that are
    /// answered from this shelf at that moment.
    ///
    /// # Errors
    /// What the authority says, or that it cannot be reached; what is served stays as it is.
    pub async fn renew(&self) -> Result<Renewal, Error> {
        let present = self.shelf.present().map(|pair| pair.facts().clone());
        let present = present.filter(|facts| facts.covers(&self.settings.domain));
        if let Some(facts) = present.filter(|facts| !is_due(facts, &self.ambient)) {
            return Ok(Renewal::NotDue(facts));
        }
        let made = self.order().await;
        self.shelf.withdraw();
        let pem = made?;
        let pair = Pair::from_pem(pem.as_bytes(), pem.as_bytes())?;
        let facts = pair.facts().clone();
        if !facts.covers(&self.settings.domain) {
            return Err(Error::Acme("the authority sent a certificate for another name".to_owned()));
        }
        facts.check_time(self.ambient.now())?;
        private::write(&self.certificate_path(), pem.as_bytes())?;
        self.shelf.put(pair);
        Ok(Renewal::Renewed(facts))
    }

    /// Renews whenever it is due, for as long as it is polled.
    pub async fn keep(self) {
        let mut pause = FIRST_PAUSE;
        loop {
            let next = match self.renew().await {
                Ok(Renewal::NotDue(_)) => LOOKED_EVERY,
                Ok(Renewal::Renewed(facts)) => {
                    tracing::info!(event = "certificate_renewed", until = %facts.not_after, "a new certificate is served");
                    LOOKED_EVERY
                }
                Err(error) => {
                    let minutes = pause.as_secs() / 60;
                    tracing::error!(event = "certificate_not_renewed", %error, minutes, "trying again later");
                    let now = pause;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                    now
                }
            };
            if next == LOOKED_EVERY {
                pause = FIRST_PAUSE;
            }
            tokio::time::sleep(next).await;
        }
    }

    fn certificate_path(&self) -> PathBuf {
        self.settings.folder.join("certificate.pem")
    }
}

/// A third of its life is left, or less.
fn is_due(facts: &Facts, ambient: &Ambient) -> bool {
    facts.left(ambient.now()) <= facts.life() / 3
}
