//! The token surface: signed access tokens that live for minutes, refresh tokens that rotate, and the keys that sign.
//!
//! An access token names a session, and is worth something only while that session lives: what ends a session ends its
//! token at once, whatever the token itself says. Its refresh tokens hang on the same session, one family for each sign-in.

mod families;
mod jwt;
mod keys;
mod queries;
mod routes;

pub(crate) use jwt::{Jws, SKEW, expired};
pub use keys::Rotation;
pub(crate) use keys::SigningKeys;
pub use queries::STATEMENTS;
pub(crate) use routes::table;

use crate::Identity;
use crate::client::Client;
use crate::model::SessionKind;
use crate::queries::{NewSession, evict, insert_session};
use guard::Caller;
use jwt::{Claims, Refusal};
use kernel::{Fault, Secret, Timestamp, UserId};
use seal::{Purpose, token};
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use utoipa::ToSchema;
use uuid::Uuid;

const DAY: Duration = Duration::from_hours(24);
/// A family ends this long after the sign-in it began with …
const LIFE: Duration = DAY.saturating_mul(30);
/// … and this long after it was last refreshed.
const IDLE: Duration = DAY.saturating_mul(14);
/// How many token sessions one person may have; the oldest make room.
const MOST: i64 = 20;

/// How the token surface behaves.
#[derive(Debug, Clone)]
pub struct TokenSettings {
    /// Who issues and who takes the tokens: where people reach this server.
    pub issuer: String,
    /// How long an access token lasts; see [`TokenSettings::LONGEST`].
    pub access_life: Duration,
}

impl TokenSettings {
    /// No access token lasts longer (A2-1).
    pub const LONGEST: Duration = Duration::from_hours(1);
}

impl Default for TokenSettings {
    /// A quarter of an hour.
    fn default() -> Self {
        Self { issuer: "http://localhost:8080".to_owned(), access_life: Duration::from_mins(15) }
    }
}

/// Both tokens (RFC 6749, section 5.1). Neither is shown again.
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenPair {
    /// Sent in `Authorization: Bearer`. It is a JWT (RFC 9068), signed with Ed25519.
    #[schema(max_length = 2048)]
    access_token: String,
    /// Sent to `/auth/refresh`, once; it is answered by the next one.
    #[schema(max_length = 64)]
    refresh_token: String,
    /// `Bearer`.
    #[schema(max_length = 16)]
    token_type: &'static str,
    /// In so many seconds the access token ends.
    #[schema(minimum = 1, maximum = 3600)]
    expires_in: u64,
    /// In so many seconds the refresh token ends, if it is not used.
    #[schema(minimum = 0, maximum = 2_592_000)]
    refresh_expires_in: u64,
}

/// What an access token says about the sign-in it comes from.
pub(crate) struct Grant {
    pub(crate) user_id: UserId,
    pub(crate) session_id: Uuid,
    /// How they proved who they are, by the names of RFC 8176.
    pub(crate) amr: String,
    pub(crate) auth_at: Timestamp,
    pub(crate) epoch: i64,
}

impl Identity {
    /// Begins a session with its two tokens; `None` when the account may not be used (any more).
    pub(crate) async fn begin_tokens(
        &self,
        user_id: UserId,
        amr: &str,
        client: &Client,
    ) -> Result<Option<TokenPair>, Fault> {
        let rng = &*self.ambient.rng;
        // A row of sessions is known by the hash of a secret. This one has no secret of its own: nobody ever holds it.
        let (_, token_hash) = token::mint(Purpose::Access, rng);
        let (refresh, refresh_hash) = token::mint(Purpose::Refresh, rng);
        let (session_id, at, kind) = (self.ambient.uuid(), self.ambient.now(), SessionKind::Token);
        let session = NewSession {
            id: session_id,
            user_id,
            token_hash,
            kind,
            at,
            idle_expires_at: at.plus(IDLE),
            expires_at: at.plus(LIFE),
            ip_prefix: client.ip_prefix.clone(),
            user_agent: client.user_agent.clone(),
            confirmed_at: Some(at),
            second_factor: amr.split(' ').any(|way| way == "mfa"),
        };
        let mut tx = self.db.begin().await?;
        if !insert_session(&mut tx, session).await? {
            return Ok(None);
        }
        let evicted = evict(&mut tx, user_id, kind, MOST, at).await?;
        queries::insert_family(&mut tx, session_id, amr, at).await?;
        queries::insert_refresh(&mut tx, &refresh_hash, session_id, 1, at).await?;
        let epoch = queries::epoch_of(&mut tx, session_id).await?;
        tx.commit().await?;
        self.ended_sessions(&evicted);
        let grant = Grant { user_id, session_id, amr: amr.to_owned(), auth_at: at, epoch };
        Ok(Some(self.pair(&grant, &refresh, IDLE).await?))
    }

    /// An access token for a grant, beside its refresh token.
    async fn pair(&self, grant: &Grant, refresh: &Secret<String>, refresh_life: Duration) -> Result<TokenPair, Fault> {
        let life = self.config.tokens.access_life;
        Ok(TokenPair {
            access_token: self.sign(grant).await?,
            refresh_token: refresh.expose().clone(),
            token_type: "Bearer",
            expires_in: life.as_secs(),
            refresh_expires_in: refresh_life.as_secs(),
        })
    }

    async fn sign(&self, grant: &Grant) -> Result<String, Fault> {
        let now = self.ambient.now();
        let life = if kernel::weaken::is("A2-CHECKLIST.01") { LIFE } else { self.config.tokens.access_life };
        let key = self.signing_keys.current(self, now).await?;
        let seconds = |at: Timestamp| at.as_micros().div_euclid(1_000_000);
        let claims = Claims {
            iss: self.config.tokens.issuer.clone(),
            aud: self.config.tokens.issuer.clone(),
            sub: grant.user_id,
            sid: grant.session_id,
            jti: self.ambient.uuid(),
            iat: seconds(now),
            nbf: seconds(now),
            exp: seconds(now.plus(life)),
            auth_time: seconds(grant.auth_at),
            amr: grant.amr.split(' ').map(ToOwned::to_owned).collect(),
            sv: grant.epoch,
        };
        jwt::sign(&key, &claims)
    }

    /// Whom a bearer token belongs to: one of ours, or of an issuer that is configured. Everything is checked that makes it
    /// one; which key, issuer or algorithm it names for itself only chooses among what is known here (A1-H8).
    ///
    /// # Errors
    /// 401 `token_expired` for one of ours that was good until a moment ago.
    pub(crate) async fn bearer(self: &Arc<Self>, text: &str) -> Result<Option<Caller>, Fault> {
        let Some(jws) = Jws::parse(text).filter(|_| !kernel::weaken::is("O-12")) else { return Ok(None) };
        if jws.issuer().is_none_or(|issuer| issuer != self.config.tokens.issuer) {
            return self.federated_caller(&jws).await;
        }
        let claims = match self.check_own(&jws).await? {
            Ok(claims) => claims,
            Err(Refusal::Expired) => return Err(expired()),
            Err(Refusal::Invalid) => return Ok(None),
        };
        let Some(known) = self.session_by_id(claims.sid).await? else { return Ok(None) };
        let caller = &known.caller;
        let same = caller.user_id == claims.sub && caller.credential == guard::Credential::Token;
        Ok(same.then(|| caller.clone()))
    }

    async fn check_own(&self, jws: &Jws<'_>) -> Result<Result<Claims, Refusal>, Fault> {
        let now = self.ambient.now();
        let Some(kid) = jws.kid().and_then(|kid| Uuid::try_parse(kid).ok()) else { return Ok(Err(Refusal::Invalid)) };
        let Some(key) = self.signing_keys.verifying(self, kid, now).await? else { return Ok(Err(Refusal::Invalid)) };
        Ok(jwt::check(jws, &key, &self.config.tokens.issuer, now))
    }

    /// Ends what a token of ours stands for, because it was seen where it must not be, and tells its owner; `false` when
    /// it is none, or that is over already.
    pub(crate) async fn token_leaked(&self, text: &str) -> Result<bool, Fault> {
        let session_id = if let Some(hash) = token::parse(Purpose::Refresh, text) {
            queries::session_of_refresh(&mut self.db.lookup().await?, &hash).await?
        } else if let Some(jws) = Jws::parse(text)
            && let Ok(claims) = self.check_own(&jws).await?
        {
            Some(claims.sid)
        } else {
            None
        };
        let Some(session_id) = session_id else { return Ok(false) };
        match queries::user_of_session(&mut self.db.lookup().await?, session_id).await? {
            Some(user) => self.end_leaked(user, session_id).await,
            None => Ok(false),
        }
    }

    async fn sweep_tokens(&self) -> Result<(), Fault> {
        self.forget_successors().await?;
        self.sweep_nonces().await?;
        self.sweep_keys().await?;
        self.sweep_attempts().await?;
        self.tell_of_ending_keys().await?;
        Ok(())
    }

    pub(crate) fn forget_hash(&self, hash: &[u8]) {
        if let Some(cache) = &self.cache {
            cache.forget_hash(hash);
        }
    }
}

/// Removes what nobody needs any more, and tells owners of keys that end, every [`SWEEP_EVERY`](crate::SWEEP_EVERY); never
/// returns.
pub async fn keep_tokens(identity: Arc<Identity>) {
    loop {
        if let Err(error) = identity.sweep_tokens().await {
            tracing::warn!(%error, "the chores of tokens and keys could not be done; tried again later");
        }
        tokio::time::sleep(crate::SWEEP_EVERY).await;
    }
}

/// Keeps the signing keys as they must be; never returns.
pub async fn keep_keys(identity: Arc<Identity>) {
    loop {
        if let Err(error) = identity.tend_keys().await {
            tracing::warn!(%error, "the keys that sign access tokens could not be looked after; tried again at once");
        }
        tokio::time::sleep(keys::LOOKED_AFTER_EVERY).await;
    }
}
