//! The account at the authority: made once, and kept with its key.

use super::{Acme, client};
use crate::{Error, private};
use aws_lc_rs::digest;
use instant_acme::{Account, AccountBuilder, AccountCredentials, NewAccount};
use std::path::PathBuf;

impl Acme {
    /// The account that is kept for this authority, or a new one.
    pub(super) async fn account(&self) -> Result<Account, Error> {
        let path = self.account_path();
        match std::fs::read(&path) {
            Ok(bytes) => {
                let kept: AccountCredentials = serde_json::from_slice(&bytes)
                    .map_err(|_| Error::acme(format!("{} holds no account", path.display())))?;
                self.builder()?.from_credentials(kept).await.map_err(Error::acme)
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => self.sign_up(path).await,
            Err(error) => Err(Error::file(&path, &error)),
        }
    }

    async fn sign_up(&self, path: PathBuf) -> Result<Account, Error> {
        let contact = self.settings.contact.as_ref().map(|address| format!("mailto:{address}"));
        let contact: Vec<&str> = contact.iter().map(String::as_str).collect();
        // That the operator agrees to the terms is asked for before anything here runs.
        let new = NewAccount { contact: &contact, terms_of_service_agreed: true, only_return_existing: false };
        let made = self.builder()?.create(&new, self.settings.directory.clone(), None).await;
        let (account, credentials) = made.map_err(Error::acme)?;
        let kept = serde_json::to_vec(&credentials).map_err(Error::acme)?;
        private::folder(&self.settings.folder)?;
        private::write(&path, &kept)?;
        tracing::info!(event = "acme_account_made", "an account at the certificate authority was made");
        Ok(account)
    }

    fn builder(&self) -> Result<AccountBuilder, Error> {
        let http = client::Http::new(self.settings.authority.as_deref())?;
        Ok(Account::builder_with_http(Box::new(http)))
    }

    /// One file an authority: an account of one means nothing to another.
    fn account_path(&self) -> PathBuf {
        let hash = digest::digest(&digest::SHA256, self.settings.directory.as_bytes());
        let mark = data_encoding::HEXLOWER.encode(hash.as_ref().get(..4).unwrap_or_default());
        self.settings.folder.join(format!("account-{mark}.json"))
    }
}
