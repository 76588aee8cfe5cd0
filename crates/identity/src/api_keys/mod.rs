//! API keys: how they are made, recognised, bounded and ended (A2-9).
//!
//! A key is a person's, for a program of theirs. It reaches only the areas it was given, from the addresses it was given,
//! as often as it may, and never a route that asks for a person. `guard` holds it to its areas.

mod chores;
mod format;
mod queries;
mod recent;
mod routes;

pub(crate) use format::{PREFIX, parse};
pub use queries::STATEMENTS;
pub(crate) use recent::Recent;
pub(crate) use routes::table;

use crate::Identity;
use crate::known::Known;
use crate::model::{SessionView, User};
use crate::notices::Notice;
use crate::signing::KeySignature;
use guard::{Admission, Asked, Caller, Credential, Ended};
use ipnet::IpNet;
use kernel::{Fault, Kind, Timestamp, UserId};
use queries::LiveKey;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use uuid::Uuid;

const DAY: Duration = Duration::from_hours(24);
/// A key's longest life, and its usual one.
const LIFE_DAYS: u32 = 365;
/// How many keys one person may have.
const MOST: i64 = 20;
/// How long the old secret counts after a new one was made.
const OVERLAP: Duration = DAY;
/// How exactly it is noted when a key was last used.
const NOTED_EVERY: Duration = Duration::from_mins(1);

/// A key that counts, and whose it is.
pub(crate) struct KnownKey {
    caller: Caller,
    user: Arc<User>,
    secret_hash: Vec<u8>,
    previous: Option<(Vec<u8>, Timestamp)>,
    addresses: Vec<IpNet>,
    rate: Option<NonZeroU32>,
    pub(crate) require_signature: bool,
    pub(crate) signature: Option<KeySignature>,
    handle: String,
    name: String,
    began_at: Timestamp,
    expires_at: Timestamp,
    last_used_at: Option<Timestamp>,
    noted: AtomicBool,
}

impl KnownKey {
    fn new(handle: &str, row: LiveKey, signature: Option<KeySignature>) -> Self {
        let words = |text: &str| text.split_whitespace().map(ToOwned::to_owned).collect::<Vec<_>>();
        Self {
            caller: Caller {
                user_id: row.user_id,
                role: row.role.0,
                session_id: row.id,
                credential: Credential::ApiKey,
                second_factor: false,
                confirmed_at: None,
                scopes: Some(words(&row.scopes).into()),
                memo: None,
            },
            user: Arc::new(User {
                id: row.user_id,
                email: row.email,
                display_name: row.display_name,
                role: row.role.0,
                locale: row.locale,
                time_zone: row.time_zone,
                created_at: row.created_at,
                second_factor: row.second_factor,
            }),
            secret_hash: row.secret_hash,
            previous: row.previous_hash.zip(row.previous_until),
            addresses: words(&row.addresses).iter().filter_map(|net| net.parse().ok()).collect(),
            rate: row.rate_per_minute.and_then(|rate| u32::try_from(rate).ok()).and_then(NonZeroU32::new),
            require_signature: row.require_signature,
            signature,
            handle: handle.to_owned(),
            name: row.name,
            began_at: row.began_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
            noted: AtomicBool::new(false),
        }
    }

    /// The id of the key.
    pub(crate) const fn id(&self) -> Uuid {
        self.caller.session_id
    }

    /// What stands in its text, and finds it.
    pub(crate) fn handle(&self) -> &str {
        &self.handle
    }

    fn matches(&self, hash: &[u8; 32], now: Timestamp) -> bool {
        let present = format::same(&self.secret_hash, hash);
        let before = self.previous.as_ref().is_some_and(|(old, until)| format::same(old, hash) && now < *until);
        present || before
    }

    fn takes(&self, ip: IpAddr) -> bool {
        self.addresses.is_empty() || self.addresses.iter().any(|net| net.contains(&ip.to_canonical()))
    }

    fn is_to_be_noted(&self, now: Timestamp) -> bool {
        self.last_used_at.is_none_or(|at| now.since(at) >= NOTED_EVERY) && !self.noted.swap(true, Ordering::Relaxed)
    }
}

impl Identity {
    /// Whose key this is, if it counts now.
    ///
    /// # Errors
    /// 401 `api_key_expired`.
    pub(crate) async fn key_caller(self: &Arc<Self>, text: &str) -> Result<Option<Caller>, Fault> {
        let now = self.ambient.now();
        let Some(known) = self.key_of(text).await? else { return Ok(None) };
        if now >= known.expires_at {
            tracing::warn!(event = "api_key_expired", key = known.handle, "an API key was used after its end");
            return Err(Fault::new(
                Kind::Unauthenticated,
                "api_key_expired",
                "This API key has expired. Its owner can renew it or make another.",
            ));
        }
        if known.is_to_be_noted(now) {
            let (identity, id) = (self.clone(), known.id());
            // Beside the request: reading must go on while the disk takes no writes.
            tokio::spawn(async move {
                if let Err(error) = identity.note_key(id, now).await {
                    tracing::warn!(%error, "the use of an API key could not be noted; the next one tries again");
                }
            });
        }
        Ok(Some(known.caller.clone()))
    }

    /// The key of this text, whether or not its time is over.
    async fn key_of(&self, text: &str) -> Result<Option<Arc<KnownKey>>, Fault> {
        let Some(parts) = parse(text) else { return Ok(None) };
        let (hash, now) = (parts.hash(), self.ambient.now());
        let known = match self.recent_keys.get(parts.handle, now) {
            Some(known) => known,
            None => match self.read_key(parts.handle, now).await? {
                Some(known) => known,
                None => return Ok(None),
            },
        };
        Ok(known.matches(&hash, now).then_some(known))
    }

    async fn read_key(&self, handle: &str, now: Timestamp) -> Result<Option<Arc<KnownKey>>, Fault> {
        let before = self.recent_keys.before();
        let Some(row) = queries::by_handle(&mut self.db.lookup().await?, handle).await? else { return Ok(None) };
        let kind = row.signing_kind.as_deref();
        let signature = match (kind, &row.signing_key) {
            (Some(kind), Some(key)) => Some(KeySignature::read(kind, row.id, key, &self.token_key)?),
            _ => None,
        };
        let known = Arc::new(KnownKey::new(handle, row, signature));
        self.recent_keys.put(before, (handle, known.id()), known.clone(), now);
        Ok(Some(known))
    }

    async fn note_key(&self, id: Uuid, now: Timestamp) -> store::Result<()> {
        let mut tx = self.db.begin().await?;
        queries::used(&mut tx, id, now).await?;
        tx.commit().await
    }

    /// Whether a key may ask this.
    ///
    /// # Errors
    /// 403 `address_not_allowed`; what is wrong with a signature.
    pub(crate) async fn admit_key(&self, caller: &Caller, asked: &Asked<'_>) -> Result<Admission, Fault> {
        let now = self.ambient.now();
        // It was looked up for this very request, so it is there; if not, the key was ended in between.
        let known = self.recent_keys.by_id(caller.session_id, now);
        let known =
            known.ok_or_else(|| Fault::new(Kind::Unauthenticated, "authentication_required", "Sign in first."))?;
        if !known.takes(asked.ip) && !kernel::weaken::is("A2-9.address") {
            return Err(Fault::new(
                Kind::Forbidden,
                "address_not_allowed",
                "This API key is not used from this address.",
            ));
        }
        self.check_signature(&known, asked).await?;
        Ok(Admission { per_minute: known.rate })
    }

    /// Revokes a key that was seen where it must not be, and tells its owner.
    pub(crate) async fn key_leaked(&self, text: &str) -> Result<Option<UserId>, Fault> {
        let Some(known) = self.key_of(text).await? else { return Ok(None) };
        let (user, name) = (known.caller.user_id, known.name.clone());
        let mut tx = self.db.begin().await?;
        if !queries::revoke(&mut tx, known.id(), user, self.ambient.now()).await? {
            return Ok(None);
        }
        self.note_from(&mut tx, user, "credential_leaked", String::new(), String::new()).await?;
        self.notify(&mut tx, user, Notice::ApiKeyLeaked { name }).await?;
        tx.commit().await?;
        self.forget_key(known.id());
        Ok(Some(user))
    }

    fn forget_key(&self, id: Uuid) {
        self.recent_keys.retain(|known| known.id() != id);
        self.ends.tell(Ended::Session(id));
    }

    pub(crate) fn forget_keys_of(&self, user: UserId) {
        self.recent_keys.retain(|known| known.caller.user_id != user);
    }

    /// Who a caller is, and by what they are here: a session, a key, or an account at another provider.
    pub(crate) async fn presence(self: &Arc<Self>, caller: &Caller) -> Result<(Arc<User>, SessionView), Fault> {
        let now = self.ambient.now();
        if caller.credential == Credential::ApiKey {
            let known = self.recent_keys.by_id(caller.session_id, now);
            if let Some(known) = known {
                let view = SessionView {
                    id: known.id(),
                    created_at: known.began_at,
                    expires_at: known.expires_at,
                    confirmed_until: None,
                };
                return Ok((known.user.clone(), view));
            }
        } else if let Some(known) = Known::of(caller) {
            return Ok((known.user.clone(), known.seen_by(caller, now)));
        } else if let Some(found) = self.federated_presence(caller, now) {
            return Ok(found);
        } else if let Some(known) = Box::pin(self.session_by_id(caller.session_id)).await? {
            return Ok((known.user.clone(), known.seen_by(caller, now)));
        }
        // It may have ended between the two questions.
        Err(Fault::new(Kind::Unauthenticated, "authentication_required", "Sign in first."))
    }
}
