//! What is shown to prove something, how it is checked, and how it is used up.

use super::access_queries as access;
use super::codes::Code;
use super::{passkeys, queries, totp};
use crate::Identity;
use crate::client::Client;
use crate::notices::Notice;
use kernel::{Fault, FieldFault, Secret, UserId};
use seal::Aad;
use serde_json::Value;
use std::borrow::Cow;
use store::Tx;
use uuid::Uuid;
use webauthn_rs::prelude::PublicKeyCredential;

/// Something shown, not yet believed.
pub(crate) enum Proof {
    /// The account's password.
    Password(Secret<String>),
    /// A code of its authenticator app.
    Totp(Secret<String>),
    /// One of its backup codes.
    BackupCode(Secret<String>),
    /// What a passkey answered.
    Passkey(Box<PublicKeyCredential>),
}

impl Proof {
    /// The one proof of a request.
    ///
    /// # Errors
    /// 422 when there is none, more than one, or a passkey's answer that is none.
    pub(crate) fn one(
        password: Option<Secret<String>>,
        totp: Option<Secret<String>>,
        backup_code: Option<Secret<String>>,
        passkey: Option<Value>,
    ) -> Result<Self, Fault> {
        let mut proofs = Vec::with_capacity(1);
        proofs.extend(password.map(Self::Password));
        proofs.extend(totp.map(Self::Totp));
        proofs.extend(backup_code.map(Self::BackupCode));
        if let Some(answer) = passkey {
            proofs.push(Self::Passkey(Box::new(passkeys::read("passkey", answer)?)));
        }
        match (proofs.pop(), proofs.is_empty()) {
            (Some(proof), true) => Ok(proof),
            (found, _) => {
                let (code, detail) = match found {
                    None => ("missing", "exactly one proof"),
                    Some(_) => ("too_many", "exactly one proof"),
                };
                Err(Fault::invalid(vec![FieldFault { field: "proof".into(), code, detail: Cow::Borrowed(detail) }]))
            }
        }
    }

    /// A code of either kind, told apart by how it is written.
    pub(crate) fn code(text: Secret<String>) -> Self {
        if totp::is_code(text.expose()) { Self::Totp(text) } else { Self::BackupCode(text) }
    }

    /// Whether it is more than the password.
    pub(crate) const fn is_second_factor(&self) -> bool {
        !matches!(self, Self::Password(_))
    }
}

/// A proof that was right when it was looked at; [`Identity::spend`] tells whether it still is.
pub(crate) enum Shown {
    Password,
    Step(i64),
    Code(Uuid),
    Passkey(passkeys::Used),
}

impl Identity {
    /// Whether a proof is right. What a passkey was asked is found under `ceremony` and is used up by this, whatever the
    /// outcome; all else is used up by [`Identity::spend`].
    pub(super) async fn check(
        &self,
        user: UserId,
        proof: Proof,
        ceremony: (Uuid, &'static str),
    ) -> Result<Option<Shown>, Fault> {
        match proof {
            Proof::Password(password) => self.check_password(user, password).await,
            Proof::Totp(code) => self.check_totp(user, &code).await,
            Proof::BackupCode(code) => self.check_backup_code(user, &code).await,
            Proof::Passkey(answer) => {
                let shown = self.check_passkey(Some(user), &answer, ceremony).await?;
                Ok(shown.map(|(_, shown)| Shown::Passkey(shown)))
            }
        }
    }

    async fn check_password(&self, user: UserId, password: Secret<String>) -> Result<Option<Shown>, Fault> {
        crate::rules::check_length(&password).map_err(|fault| Fault::invalid(vec![fault]))?;
        let phc = access::usable_password(&mut self.db.lookup().await?, user).await?;
        let verdict = self.pool.verify(password, phc).await?;
        Ok(verdict.matches.then_some(Shown::Password))
    }

    async fn check_totp(&self, user: UserId, code: &Secret<String>) -> Result<Option<Shown>, Fault> {
        let app = queries::find_totp(&mut self.db.lookup().await?, user).await?;
        let Some(app) = app.filter(|app| app.enabled_at.is_some()) else { return Ok(None) };
        let secret = self.open_totp(user, &app.secret).await?;
        let step = totp::matching(&secret, code.expose(), self.ambient.now(), self.totp_drift(), app.last_step);
        Ok(step.map(Shown::Step))
    }

    /// How many steps a clock may be off.
    pub(super) const fn totp_drift(&self) -> i64 {
        if self.config.totp_strict { 0 } else { 1 }
    }

    pub(super) async fn open_totp(&self, user: UserId, sealed: &[u8]) -> Result<zeroize::Zeroizing<Vec<u8>>, Fault> {
        let key = self.keys.of(user).await?;
        key.open(&totp_place(user), sealed).map_err(Fault::internal)
    }

    async fn check_backup_code(&self, user: UserId, text: &Secret<String>) -> Result<Option<Shown>, Fault> {
        let Some(code) = Code::parse(text.expose()) else { return Ok(None) };
        let found = queries::find_code(&mut self.db.lookup().await?, user, code.selector.clone()).await?;
        // One hash whether or not there is such a selector: its time must not tell which there are.
        let phc = found.as_ref().map(|found| found.code_phc.clone());
        let verdict = self.codes_pool.verify(code.secret, phc).await?;
        Ok(found.filter(|_| verdict.matches).map(|found| Shown::Code(found.id)))
    }

    /// Uses a proof up, with what it proves; `false` when somebody was faster.
    pub(super) async fn spend(&self, tx: &mut Tx, user: UserId, shown: Shown, client: &Client) -> Result<bool, Fault> {
        match shown {
            Shown::Password => Ok(true),
            Shown::Step(step) => Ok(kernel::weaken::is("A1-H7.totp") || queries::use_step(tx, user, step).await?),
            Shown::Code(id) => {
                if !kernel::weaken::is("A1-H7") && !queries::use_code(tx, user, id).await? {
                    return Ok(false);
                }
                let left = queries::count_codes(tx, user).await?;
                self.note(tx, user, "backup_code_used", client).await?;
                self.notify(tx, user, Notice::BackupCodeUsed { left }).await?;
                Ok(true)
            }
            Shown::Passkey(shown) => self.use_passkey(tx, user, shown).await,
        }
    }
}

/// Where an authenticator app's secret is sealed.
pub(super) const fn totp_place(user: UserId) -> Aad {
    Aad { table: "totp", row: user.uuid(), column: "secret", user: user.uuid() }
}
