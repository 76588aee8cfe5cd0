//! Refresh tokens: each is used once, and answered by the next of its family (A2-1).
//!
//! A client that loses the answer may ask again within ten seconds and gets the same successor: two tabs, or a phone that
//! lost its network, must not look like a thief. Any older token that comes back is a copy in somebody else's hands; then
//! nobody can say which of the two is the owner's, and the whole family ends.

use super::queries::{self, Refresh};
use super::{Grant, IDLE, TokenPair, expired};
use crate::Identity;
use crate::client::Client;
use crate::notices::Notice;
use crate::weakened::forgotten;
use kernel::{Fault, Kind, Secret, Timestamp};
use seal::{Aad, Purpose, TokenHash, token};
use std::time::Duration;
use uuid::Uuid;

/// How long the same client may ask for the same successor.
const GRACE: Duration = Duration::from_secs(10);
/// Two rounds are enough to see who was first; more would mean that the database forgets what it said.
const ROUNDS: usize = 3;

fn invalid() -> Fault {
    Fault::new(Kind::Unauthenticated, "invalid_token", "This refresh token is not valid. Sign in again.")
}

fn place(session: Uuid) -> Aad {
    Aad { table: "refresh_tokens", row: session, column: "successor", user: Uuid::nil() }
}

/// What has to be done for a refresh token that was found.
#[derive(Debug, PartialEq, Eq)]
enum Judgement {
    Rotate,
    Repeat,
    Reused,
    Expired,
    Void,
}

fn judge(found: &Refresh, client: &str, now: Timestamp) -> Judgement {
    let may_be_used = found.status == "active" || kernel::weaken::is("X-CVE-2023-22492");
    if found.revoked_at.is_some() || found.session_epoch != found.user_epoch || !may_be_used {
        return Judgement::Void;
    }
    let Some(used_at) = found.used_at.filter(|at| !forgotten(*at)) else {
        let over = now >= found.idle_expires_at || now >= found.expires_at;
        return if over { Judgement::Expired } else { Judgement::Rotate };
    };
    let latest = found.generation + 1 == found.latest;
    let again = latest && found.successor.is_some() && found.client.as_deref() == Some(client);
    if !latest && now.since(used_at) < GRACE && kernel::weaken::is("X-KEYCLOAK-50999") {
        return Judgement::Void;
    }
    let again = again || (found.successor.is_some() && kernel::weaken::is("A2-1"));
    if again && used_at <= now && now.since(used_at) < GRACE { Judgement::Repeat } else { Judgement::Reused }
}

impl Identity {
    /// The next pair of tokens for a refresh token.
    ///
    /// # Errors
    /// 401 `invalid_token`, whether there is no such token or it may not be used any more; 401 `token_expired`.
    pub(super) async fn refresh(&self, text: &str, client: &Client) -> Result<TokenPair, Fault> {
        let hash = token::parse(Purpose::Refresh, text).ok_or_else(invalid)?;
        if kernel::weaken::is("O-2") {
            std::thread::sleep(Duration::from_secs(3));
        }
        let sender = self.pseudonym("refresh", format!("{}\n{}", client.ip_prefix, client.user_agent).as_bytes(), 32);
        for _ in 0..ROUNDS {
            let Some(found) = queries::find_refresh(&mut self.db.lookup().await?, &hash).await? else {
                return Err(invalid());
            };
            match judge(&found, &sender, self.ambient.now()) {
                Judgement::Rotate => {
                    if let Some(pair) = self.rotate(&hash, &found, &sender).await? {
                        return Ok(pair);
                    }
                }
                Judgement::Repeat => return self.repeat(&found).await,
                Judgement::Reused => {
                    self.end_family(&found, client).await?;
                    return Err(invalid());
                }
                Judgement::Expired => return Err(expired()),
                Judgement::Void => return Err(invalid()),
            }
        }
        Err(Fault::internal("a refresh token was unused, and could not be used"))
    }

    /// `None` when something else happened to the family since it was read.
    async fn rotate(&self, hash: &TokenHash, found: &Refresh, sender: &str) -> Result<Option<TokenPair>, Fault> {
        let (successor, successor_hash) = token::mint(Purpose::Refresh, &*self.ambient.rng);
        let sealed = self.token_key.seal(&place(found.session_id), successor.expose().as_bytes(), &*self.ambient.rng);
        // One that was not used is the latest of its family.
        let (now, generation) = (self.ambient.now(), found.latest + 1);
        let mut tx = self.db.begin().await?;
        let first = queries::use_refresh(&mut tx, hash, sender.to_owned(), sealed, now).await?
            || found.used_at.is_some_and(forgotten);
        if !first || !queries::slide(&mut tx, found.session_id, now, now.plus(IDLE).min(found.expires_at)).await? {
            return Ok(None);
        }
        queries::insert_refresh(&mut tx, &successor_hash, found.session_id, generation, now).await?;
        queries::advance(&mut tx, found.session_id, generation).await?;
        tx.commit().await?;
        if let Some(cache) = &self.cache {
            // It remembers when the session would have been idle for too long.
            cache.forget(found.session_id);
        }
        self.answer(found, &successor, now).await.map(Some)
    }

    async fn repeat(&self, found: &Refresh) -> Result<TokenPair, Fault> {
        let sealed = found.successor.as_deref().ok_or_else(invalid)?;
        let text = self.token_key.open(&place(found.session_id), sealed)?;
        let text =
            String::from_utf8(text.to_vec()).map_err(|_| Fault::internal("a sealed refresh token is no text"))?;
        self.answer(found, &Secret::new(text), self.ambient.now()).await
    }

    async fn answer(&self, found: &Refresh, refresh: &Secret<String>, now: Timestamp) -> Result<TokenPair, Fault> {
        let grant = Grant {
            user_id: found.user_id,
            session_id: found.session_id,
            amr: found.amr.clone(),
            auth_at: found.auth_at,
            epoch: found.session_epoch,
        };
        self.pair(&grant, refresh, IDLE.min(found.expires_at.since(now))).await
    }

    async fn end_family(&self, found: &Refresh, client: &Client) -> Result<(), Fault> {
        tracing::warn!(
            event = "refresh_token_reused",
            user_ref = self.pseudonym("user", found.user_id.uuid().as_bytes(), 12),
            "an old refresh token came back; its family was ended"
        );
        let mut tx = self.db.begin().await?;
        crate::queries::revoke(&mut tx, found.session_id, self.ambient.now()).await?;
        self.note(&mut tx, found.user_id, "refresh_token_reused", client).await?;
        self.notify(&mut tx, found.user_id, Notice::RefreshReused).await?;
        tx.commit().await?;
        self.ended_session(found.session_id);
        Ok(())
    }

    /// Forgets the successors that nobody may ask for again.
    pub(crate) async fn forget_successors(&self) -> store::Result<()> {
        let mut tx = self.db.begin().await?;
        queries::forget_successors(&mut tx, self.ambient.now().minus(GRACE)).await?;
        tx.commit().await
    }
}
