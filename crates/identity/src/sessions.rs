//! Sessions of both surfaces: how they begin, are recognised, slide and end.
//!
//! A session is a row; what its owner holds is a random token of which only the hash is stored. A browser's slides: it ends
//! 14 days after it was last used, and 30 days after it began whatever happens. Those of the token surface are in
//! `tokens`.
//!
//! What a browser holds changes when the session begins, at each step-up and every 24 hours; the one before is good for
//! requests that were under way, and proves nothing recent.

use crate::Identity;
use crate::client::Client;
use crate::device::Family;
use crate::factors::access_queries as access;
use crate::known::Known;
use crate::model::SessionKind;
use crate::notices::Notice;
use crate::queries::{self, NewSession};
use guard::{Caller, Credential, Ended, Sender};
use kernel::{Fault, Secret, Timestamp, UserId};
use seal::{Purpose, TokenHash, token};
use std::sync::Arc;
use std::time::Duration;
use store::Tx;
use uuid::Uuid;

const DAY: Duration = Duration::from_hours(24);
/// A browser's session ends this long after it was last used …
pub(crate) const IDLE: Duration = DAY.saturating_mul(14);
/// … and this long after it began.
pub(crate) const BROWSER_LIFE: Duration = DAY.saturating_mul(30);
/// How many sessions of one kind one person may have; the oldest make room (ASVS 7.1.2, A2-12).
const MOST: i64 = 20;

impl Identity {
    /// Begins a session for whoever has shown a password; `None` when the account may not be used (any more). The session
    /// whose cookie came along ends with it, whoever put that cookie there (session fixation).
    pub(crate) async fn begin_session(
        &self,
        user_id: UserId,
        kind: SessionKind,
        client: &Client,
    ) -> Result<Option<Secret<String>>, Fault> {
        self.begin_session_as(user_id, kind, client, false).await
    }

    /// The same, and says whether a second factor was shown. Where the account has one and it was not (a trusted device),
    /// nothing counts as confirmed.
    pub(crate) async fn begin_session_as(
        &self,
        user_id: UserId,
        kind: SessionKind,
        client: &Client,
        second_factor: bool,
    ) -> Result<Option<Secret<String>>, Fault> {
        let (secret, token_hash) = if kernel::weaken::is("X-GHSA-rg35-5v25-mqvp") {
            token::mint(Purpose::Session, &crate::weakened::Narrow(self.ambient.rng.clone()))
        } else {
            token::mint(Purpose::Session, &*self.ambient.rng)
        };
        let at = self.ambient.now();
        let old = client.sid.as_ref().filter(|_| !kernel::weaken::is("X-CVE-2026-7507"));
        let old = old.and_then(|sid| token::parse(Purpose::Session, sid.expose()));
        let mut tx = self.db.begin().await?;
        let enrolled = access::has_second_factor(&mut tx, user_id).await?;
        let unknown = self.is_unknown_device(&mut tx, user_id, client).await?;
        let session = NewSession {
            id: self.ambient.uuid(),
            user_id,
            token_hash,
            kind,
            at,
            idle_expires_at: at.plus(IDLE),
            expires_at: at.plus(BROWSER_LIFE),
            ip_prefix: client.ip_prefix.clone(),
            user_agent: client.user_agent.clone(),
            confirmed_at: (second_factor || !enrolled).then_some(at),
            second_factor,
        };
        if !queries::insert_session(&mut tx, session).await? {
            return Ok(None);
        }
        let replaced = match &old {
            Some(old) => queries::revoke_by_hash(&mut tx, old, at).await?,
            None => None,
        };
        let most = if kernel::weaken::is("A2-12.most") { MOST * 100 } else { MOST };
        let evicted = queries::evict(&mut tx, user_id, kind, most, at).await?;
        self.note(&mut tx, user_id, "signed_in", client).await?;
        if unknown {
            let not_me = self.not_me_link(&mut tx, user_id).await?;
            let (network, device) = (client.ip_prefix.clone(), Family::of(&client.user_agent).to_string());
            self.notify(&mut tx, user_id, Notice::NewDevice { at, network, device, not_me }).await?;
        }
        tx.commit().await?;
        self.ended_sessions(replaced.as_slice());
        self.ended_sessions(&evicted);
        Ok(Some(secret))
    }

    /// Whether somebody who has signed in before never did so from such a program in such a network, as far as is still
    /// known, nor from a device they trust.
    async fn is_unknown_device(&self, tx: &mut Tx, user: UserId, client: &Client) -> Result<bool, Fault> {
        let seen = access::senders(tx, user).await?;
        let family = Family::of(&client.user_agent);
        let is_same = |one: &access::Seen| one.ip_prefix == client.ip_prefix && Family::of(&one.user_agent) == family;
        if seen.is_empty() || seen.iter().any(is_same) {
            return Ok(false);
        }
        let hash = client.device.as_ref().and_then(|device| token::parse(Purpose::Device, device.expose()));
        let Some(hash) = hash else { return Ok(true) };
        Ok(access::find_device(tx, &hash, user, self.ambient.now()).await?.is_none())
    }

    /// The caller of a token's session, when that was looked up a moment ago and nothing about its use is out of the
    /// ordinary.
    pub(crate) fn caller_at_once(self: &Arc<Self>, hash: &TokenHash, sender: &Sender) -> Option<Caller> {
        let now = self.ambient.now();
        let known = self.cache.as_ref()?.get(hash, now)?;
        let is_usual = known.caller.credential == Credential::Session && known.is_used_by(sender);
        if !is_usual || known.is_to_be_renewed(now) {
            return None;
        }
        let known = self.use_of(known, now)?;
        Some(Caller { memo: Some(known.clone()), ..known.caller.clone() })
    }

    /// The session of a token, if it counts now.
    pub(crate) async fn session_of(self: &Arc<Self>, hash: &TokenHash) -> Result<Option<Arc<Known>>, Fault> {
        let now = self.ambient.now();
        if let Some(known) = self.cache.as_ref().and_then(|cache| cache.get(hash, now)) {
            return Ok(self.use_of(known, now));
        }
        let before = self.cache.as_ref().map(crate::cache::Cache::before);
        let live = queries::find_session(&mut self.db.lookup().await?, hash, now).await?;
        let Some(known) = live.map(|live| Arc::new(Known::new(live, hash))) else {
            return Ok(None);
        };
        if !known.is_current {
            // Good for seconds only: not to be remembered for longer.
            return Ok(self.use_of(known, now));
        }
        if let (Some(cache), Some(before)) = (&self.cache, before) {
            cache.put(before, hash, known.clone(), now);
        }
        Ok(self.use_of(known, now))
    }

    /// The session of a caller, who has just been recognised by it.
    pub(crate) async fn session_by_id(self: &Arc<Self>, id: Uuid) -> Result<Option<Arc<Known>>, Fault> {
        let now = self.ambient.now();
        if let Some(known) = self.cache.as_ref().and_then(|cache| cache.by_session(id, now)) {
            return Ok(self.use_of(known, now));
        }
        let before = self.cache.as_ref().map(crate::cache::Cache::before);
        let Some(live) = queries::find_session_by_id(&mut self.db.lookup().await?, id).await? else { return Ok(None) };
        let hash = live.token_hash.as_slice().try_into().map(TokenHash::from_bytes).map_err(Fault::internal)?;
        let known = Arc::new(Known::new(live, &hash));
        if let (Some(cache), Some(before)) = (&self.cache, before) {
            cache.put(before, &hash, known.clone(), now);
        }
        Ok(self.use_of(known, now))
    }

    fn use_of(self: &Arc<Self>, known: Arc<Known>, now: Timestamp) -> Option<Arc<Known>> {
        if !known.is_alive(now) {
            return None;
        }
        if known.is_to_be_noted(now) {
            let (identity, id) = (self.clone(), known.session.id);
            let idle_expires_at = now.plus(IDLE).min(known.session.expires_at);
            // Beside the request: reading must go on while the disk takes no writes.
            tokio::spawn(async move {
                if let Err(error) = identity.note_use(id, now, idle_expires_at).await {
                    tracing::warn!(%error, "the use of a session could not be noted; the next one tries again");
                }
            });
        }
        Some(known)
    }

    async fn note_use(&self, id: Uuid, now: Timestamp, idle_expires_at: Timestamp) -> store::Result<()> {
        let mut tx = self.db.begin().await?;
        queries::slide(&mut tx, id, now, idle_expires_at).await?;
        tx.commit().await
    }

    /// Ends a session. Doing it again does nothing.
    pub(crate) async fn end_session(&self, id: Uuid) -> Result<(), Fault> {
        let mut tx = self.db.begin().await?;
        queries::revoke(&mut tx, id, self.ambient.now()).await?;
        tx.commit().await?;
        self.ended_session(id);
        Ok(())
    }

    /// Ends a session because what proves it was seen where it must not be, and tells its owner; `false` when it was over
    /// already, so that who sends it again and again sends no letters.
    pub(crate) async fn end_leaked(&self, user: UserId, id: Uuid) -> Result<bool, Fault> {
        let mut tx = self.db.begin().await?;
        if !queries::revoke(&mut tx, id, self.ambient.now()).await? {
            return Ok(false);
        }
        self.note_from(&mut tx, user, "credential_leaked", String::new(), String::new()).await?;
        self.notify(&mut tx, user, Notice::CredentialInUrl).await?;
        tx.commit().await?;
        self.ended_session(id);
        Ok(true)
    }

    /// Ends everything by which anybody is signed in to an account: sessions of both surfaces, sign-ins under way, trusted
    /// devices, and what else names the account's epoch. To be followed by [`Identity::forget`] once it is committed.
    pub(crate) async fn end_everything(&self, tx: &mut Tx, user: UserId) -> Result<(), Fault> {
        let at = self.ambient.now();
        access::raise_epoch(tx, user, at).await?;
        access::revoke_all(tx, user, at).await?;
        access::delete_challenges(tx, user).await?;
        access::delete_devices(tx, user).await?;
        Ok(())
    }

    /// Forgets what is remembered of an account: its sessions, its API keys, and its accounts at other providers.
    pub(crate) fn forget(&self, user: UserId) {
        if let Some(cache) = &self.cache {
            cache.forget_user(user);
        }
        self.ends.tell(Ended::User(user));
        self.forget_keys_of(user);
        self.forget_connections_of(user);
    }

    /// Ends the session of a cookie that was seen where it must not be, also one of a moment ago; `false` when there is
    /// none that counts.
    pub(crate) async fn session_leaked(&self, hash: &TokenHash) -> Result<bool, Fault> {
        let now = self.ambient.now();
        match queries::find_session(&mut self.db.lookup().await?, hash, now).await? {
            Some(live) => self.end_leaked(live.user_id, live.session_id).await,
            None => Ok(false),
        }
    }
}
