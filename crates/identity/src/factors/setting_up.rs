//! Switching second factors on and off.

use super::access_queries as access;
use super::codes::Code;
use super::proof::totp_place;
use super::{Proof, queries, totp};
use crate::Identity;
use crate::client::Client;
use crate::notices::Notice;
use guard::{Caller, Class, Limits};
use kernel::{Fault, Kind, Secret, UserId};
use std::time::Duration;
use store::Tx;

/// How long a set-up that was begun can be finished.
const LIFE: Duration = Duration::from_mins(30);
/// A proof that no passkey can give.
const NO_CEREMONY: &str = "none";

/// What an authenticator app is given.
pub(crate) struct Prepared {
    pub(crate) secret: Secret<String>,
    pub(crate) uri: Secret<String>,
    pub(crate) picture: String,
}

fn enabled_already() -> Fault {
    Fault::new(Kind::Conflict, "totp_enabled", "An authenticator app is set up. Switch it off first.")
}

impl Identity {
    /// Makes a secret for an authenticator app. It counts once a code of it was shown.
    ///
    /// # Errors
    /// 409 `totp_enabled`.
    pub(crate) async fn prepare_totp(&self, user: UserId, email: &str) -> Result<Prepared, Fault> {
        let secret = Secret::new(self.ambient.bytes::<{ totp::SECRET }>());
        let key = self.keys.of(user).await?;
        let sealed = key.seal(&totp_place(user), secret.expose(), &*self.ambient.rng);
        let mut tx = self.db.begin().await?;
        if !queries::prepare_totp(&mut tx, user, sealed, self.ambient.now()).await? {
            return Err(enabled_already());
        }
        tx.commit().await?;
        let secret = totp::written(secret.expose());
        let uri = totp::uri(&secret, email);
        let picture = totp::picture(&uri)?;
        Ok(Prepared { secret, uri, picture })
    }

    /// Switches the app on by its first code; the new backup codes, which are shown this once. The session has shown a second
    /// factor by that.
    ///
    /// # Errors
    /// 401 `invalid_code`, 409 `totp_enabled`, `totp_not_begun`, 429.
    pub(crate) async fn enable_totp(
        &self,
        limits: &Limits,
        client: &Client,
        caller: &Caller,
        code: &Secret<String>,
    ) -> Result<(Vec<Secret<String>>, super::step_up::Raised), Fault> {
        let user = caller.user_id;
        limits.by_key(Class::SecondFactor, &user.to_string()).await?;
        let app = queries::find_totp(&mut self.db.lookup().await?, user).await?;
        let now = self.ambient.now();
        let app = app.ok_or_else(not_begun)?;
        if app.enabled_at.is_some() {
            return Err(enabled_already());
        }
        if now.since(app.created_at) >= LIFE {
            return Err(not_begun());
        }
        let secret = self.open_totp(user, &app.secret).await?;
        let step = totp::matching(&secret, code.expose(), now, self.totp_drift(), app.last_step);
        let step = step.ok_or_else(super::invalid_code)?;
        let codes = self.hash_codes().await?;
        let mut tx = self.db.begin().await?;
        if !queries::enable_totp(&mut tx, user, now, step, app.created_at).await? {
            return Err(super::invalid_code());
        }
        queries::enrol(&mut tx, user).await?;
        let written = self.replace_codes(&mut tx, user, codes).await?;
        self.note(&mut tx, user, "totp_enabled", client).await?;
        self.notify(&mut tx, user, Notice::SecondFactorChanged { what: "totp", on: true }).await?;
        let raised = self.raise(&mut tx, client, caller, true).await?;
        tx.commit().await?;
        self.forget(user);
        Ok((written, raised))
    }

    /// Switches the app off, for whoever shows a code of it or a backup code. Backup codes go with the last second factor.
    ///
    /// # Errors
    /// 401 `invalid_code` for a wrong one and while the account is locked, 429.
    pub(crate) async fn disable_totp(
        &self,
        limits: &Limits,
        client: &Client,
        user: UserId,
        code: Secret<String>,
    ) -> Result<(), Fault> {
        limits.by_key(Class::SecondFactor, &user.to_string()).await?;
        let lane = self.asked_again(self.lane(client, user).await?);
        let counted = self.count_proof(user, lane, client).await?.ok_or_else(super::invalid_code)?;
        let ceremony = (uuid::Uuid::nil(), NO_CEREMONY);
        let shown = self.check(user, Proof::code(code), ceremony).await?.ok_or_else(super::invalid_code)?;
        let mut tx = self.db.begin().await?;
        if !self.spend(&mut tx, user, shown, client).await? || !queries::delete_totp(&mut tx, user).await? {
            return Err(super::invalid_code());
        }
        self.left_over(&mut tx, user).await?;
        self.note(&mut tx, user, "totp_disabled", client).await?;
        self.notify(&mut tx, user, Notice::SecondFactorChanged { what: "totp", on: false }).await?;
        tx.commit().await?;
        self.forget(user);
        self.won(counted).await
    }

    /// What goes when the last second factor has gone: what stands in for one.
    pub(super) async fn left_over(&self, tx: &mut Tx, user: UserId) -> Result<(), Fault> {
        if !queries::enrol(tx, user).await? {
            queries::delete_codes(tx, user).await?;
            access::delete_devices(tx, user).await?;
        }
        Ok(())
    }

    /// Ten new backup codes; the ones before are void.
    ///
    /// # Errors
    /// 409 `no_second_factor`.
    pub(crate) async fn regenerate_codes(&self, client: &Client, user: UserId) -> Result<Vec<Secret<String>>, Fault> {
        let codes = self.hash_codes().await?;
        let mut tx = self.db.begin().await?;
        if !access::has_second_factor(&mut tx, user).await? {
            return Err(Fault::new(
                Kind::Conflict,
                "no_second_factor",
                "Backup codes stand in for a second factor. Set one up first.",
            ));
        }
        let written = self.replace_codes(&mut tx, user, codes).await?;
        self.note(&mut tx, user, "backup_codes_made", client).await?;
        self.notify(&mut tx, user, Notice::SecondFactorChanged { what: "backup_codes", on: true }).await?;
        tx.commit().await?;
        Ok(written)
    }

    async fn hash_codes(&self) -> Result<Vec<(Code, String)>, Fault> {
        let mut hashed = Vec::new();
        for code in Code::set(&self.ambient) {
            let phc = self.codes_pool.hash(code.secret.clone(), self.ambient.rng.clone()).await?;
            hashed.push((code, phc));
        }
        Ok(hashed)
    }

    async fn replace_codes(
        &self,
        tx: &mut Tx,
        user: UserId,
        codes: Vec<(Code, String)>,
    ) -> Result<Vec<Secret<String>>, Fault> {
        queries::delete_codes(tx, user).await?;
        let at = self.ambient.now();
        let mut written = Vec::with_capacity(codes.len());
        for (code, phc) in codes {
            written.push(code.written());
            queries::insert_code(tx, self.ambient.uuid(), user, code.selector, phc, at).await?;
        }
        Ok(written)
    }

    /// Takes every second factor from an account, for who runs this server and was asked for help: its owner signs in with
    /// the password alone and sets up another. Every session ends.
    pub async fn reset_second_factors(&self, user: UserId) -> Result<bool, Fault> {
        let mut tx = self.db.begin().await?;
        if access::password(&mut tx, user).await?.is_none() {
            return Ok(false);
        }
        queries::delete_totp(&mut tx, user).await?;
        queries::delete_passkeys(&mut tx, user).await?;
        self.left_over(&mut tx, user).await?;
        self.end_everything(&mut tx, user).await?;
        self.notify(&mut tx, user, Notice::SecondFactorChanged { what: "totp", on: false }).await?;
        tx.commit().await?;
        self.forget(user);
        Ok(true)
    }
}

fn not_begun() -> Fault {
    Fault::new(Kind::Conflict, "totp_not_begun", "Begin the set-up of an authenticator app first.")
}
