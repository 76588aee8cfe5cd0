//! The second step of a sign-in: what stands between the right password and the session.

use super::{Proof, access_queries as access};
use crate::Identity;
use crate::accounts::NoEntry;
use crate::client::Client;
use crate::lockout::Lane;
use crate::model::SessionKind;
use guard::{Class, Limits};
use kernel::{Fault, Kind, Secret, UserId};
use seal::{Purpose, token};
use std::time::Duration;

/// How long the second step may take.
pub(crate) const LIFE: Duration = Duration::from_mins(5);
pub(super) const KIND: &str = "second_factor";

/// A challenge that is over: used, too old, or of an account whose sign-ins were all ended meanwhile.
fn void() -> Fault {
    Fault::new(Kind::Gone, "challenge_void", "This sign-in has taken too long or is over. Begin again.")
}

impl Identity {
    /// Begins the second step for somebody whose password was right; the secret names it to [`Identity::answer_challenge`]
    /// on the same surface.
    ///
    /// # Errors
    /// 401 `invalid_credentials` when the account may not be used (any more).
    pub(crate) async fn begin_challenge(&self, user: UserId, surface: SessionKind) -> Result<Secret<String>, Fault> {
        let (secret, token_hash) = token::mint(Purpose::Challenge, &*self.ambient.rng);
        let at = self.ambient.now();
        let new =
            access::NewChallenge { id: self.ambient.uuid(), user, token_hash, surface, at, expires_at: at.plus(LIFE) };
        let mut tx = self.db.begin().await?;
        if !access::insert_challenge(&mut tx, new).await? {
            return Err(NoEntry::Refused.into());
        }
        tx.commit().await?;
        Ok(secret)
    }

    async fn challenge(&self, text: &str, surface: SessionKind) -> Result<access::Challenge, Fault> {
        let hash = token::parse(Purpose::Challenge, text).ok_or_else(void)?;
        let now = self.ambient.now();
        access::find_challenge(&mut self.db.lookup().await?, &hash, surface, now).await?.ok_or_else(void)
    }

    /// What a challenge can be answered with, and what a passkey is to be asked.
    ///
    /// # Errors
    /// 410 `challenge_void`.
    pub(crate) async fn challenge_options(
        &self,
        text: &str,
        surface: SessionKind,
    ) -> Result<(Vec<super::Method>, Option<serde_json::Value>), Fault> {
        let challenge = self.challenge(text, surface).await?;
        let methods = self.second_factors(challenge.user_id).await?;
        let asked = self.ask_passkeys(challenge.user_id, (challenge.id, KIND), &methods).await?;
        Ok((methods, asked))
    }

    /// Whose sign-in it is, if the proof is right; the challenge is used up by that. The caller begins the session.
    ///
    /// # Errors
    /// 401 `invalid_code` for a wrong proof and while the account is locked, 410 `challenge_void`, 422, 429.
    pub(crate) async fn answer_challenge(
        &self,
        limits: &Limits,
        client: &Client,
        text: &str,
        surface: SessionKind,
        proof: Proof,
    ) -> Result<UserId, Fault> {
        let challenge = self.challenge(text, surface).await?;
        let user = challenge.user_id;
        let (mut key, mut lane) = (user.to_string(), Lane::Open);
        if kernel::weaken::is("X-CVE-2025-64102") {
            (key, lane) = (challenge.id.to_string(), Lane::Device(challenge.id));
        }
        limits.by_key(Class::SecondFactor, &key).await?;
        if !proof.is_second_factor() {
            return Err(super::invalid_code());
        }
        // A lock that came after the password holds for the second step too (Keycloak CVE-2026-9798).
        let counted = self.count_proof(user, lane, client).await?.ok_or_else(super::invalid_code)?;
        let shown = self.check(user, proof, (challenge.id, KIND)).await?.ok_or_else(super::invalid_code)?;
        let mut tx = self.db.begin().await?;
        if !access::use_challenge(&mut tx, challenge.id).await? {
            return Err(void());
        }
        if !self.spend(&mut tx, user, shown, client).await? {
            return Err(super::invalid_code());
        }
        tx.commit().await?;
        self.won(counted).await?;
        Ok(user)
    }
}
