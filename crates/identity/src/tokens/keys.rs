//! The keys that sign access tokens: made here, published before they are used, kept until the last token of theirs is
//! over (A1-H8).
//!
//! Each process holds them in memory and looks for changes every second. A token that names a key which is not known yet
//! costs one look into the table, so that no token of a new key is refused.

use super::queries::{self, NewKey, SigningKeyRow};
use crate::Identity;
use data_encoding::BASE64URL_NOPAD;
use kernel::{Fault, Secret, Timestamp};
use seal::signature::{SigningKey, VerifyingKey};
use seal::{Aad, DataKey};
use serde::Serialize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use utoipa::ToSchema;
use uuid::Uuid;

/// How often a process looks whether the keys have changed, or must.
pub(super) const LOOKED_AFTER_EVERY: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_hours(24);
/// How long a key signs.
const SIGNS_FOR: Duration = DAY.saturating_mul(30);
/// How long a key is published before it signs, so that whoever keeps our keys for a while has it in time.
const PUBLISHED_BEFORE: Duration = DAY;
/// How long a key is known after the next one took over: the longest token, the skew, and a moment until every process
/// has heard.
const KNOWN_AFTER: Duration = Duration::from_mins(62);

/// A key that signs, will, or did.
pub(crate) struct Key {
    pub(super) id: Uuid,
    sequence: i64,
    pub(super) public: VerifyingKey,
    pub(crate) private: SigningKey,
    signs_from: Timestamp,
    revoked: bool,
}

/// All keys that are not over, in their order.
#[derive(Default)]
pub(crate) struct SigningKeys(Mutex<Arc<[Arc<Key>]>>);

/// One public key (RFC 8037).
#[derive(Serialize, ToSchema)]
pub(crate) struct Jwk {
    /// `OKP`.
    #[schema(max_length = 8)]
    kty: &'static str,
    /// `Ed25519`.
    #[schema(max_length = 16)]
    crv: &'static str,
    /// `EdDSA`.
    #[schema(max_length = 8)]
    alg: &'static str,
    /// `sig`.
    #[serde(rename = "use")]
    #[schema(max_length = 8)]
    usage: &'static str,
    /// Which key, as a token names it.
    #[schema(value_type = String, format = Uuid, min_length = 36, max_length = 36)]
    kid: Uuid,
    /// The key itself, in base64url.
    #[schema(max_length = 64)]
    x: String,
}

impl SigningKeys {
    /// How many there are.
    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.all().len()
    }

    fn lock(&self) -> MutexGuard<'_, Arc<[Arc<Key>]>> {
        // A whole list is put in the place of another; nothing panics half way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn all(&self) -> Arc<[Arc<Key>]> {
        self.lock().clone()
    }

    /// The key that signs now.
    pub(super) async fn current(&self, identity: &Identity, now: Timestamp) -> Result<Arc<Key>, Fault> {
        if let Some(key) = newest(&self.all(), now) {
            return Ok(key);
        }
        identity.tend_keys().await?;
        newest(&self.all(), now).ok_or_else(|| Fault::internal("no key signs access tokens"))
    }

    /// The key of this id, if what it signed still counts.
    pub(super) async fn verifying(
        &self,
        identity: &Identity,
        id: Uuid,
        now: Timestamp,
    ) -> Result<Option<Arc<Key>>, Fault> {
        let find = |all: &[Arc<Key>]| all.iter().find(|key| key.id == id).cloned();
        let mut all = self.all();
        let mut found = find(&all);
        if found.is_none() && queries::has_signing_key(&mut identity.db.lookup().await?, id).await? {
            identity.load_keys().await?;
            all = self.all();
            found = find(&all);
        }
        Ok(found.filter(|key| counts(&all, key, now)))
    }
}

fn newest(all: &[Arc<Key>], now: Timestamp) -> Option<Arc<Key>> {
    all.iter().rev().find(|key| key.signs_from <= now && !key.revoked).cloned()
}

/// Whether what this key signed still counts: until some time after a later one has taken over.
fn counts(all: &[Arc<Key>], key: &Key, now: Timestamp) -> bool {
    let taken_over = all.iter().filter(|other| other.sequence > key.sequence).map(|other| other.signs_from).min();
    !key.revoked && taken_over.is_none_or(|at| now < at.plus(KNOWN_AFTER))
}

fn place(id: Uuid) -> Aad {
    Aad { table: "signing_keys", row: id, column: "seed", user: Uuid::nil() }
}

fn read(row: &SigningKeyRow, under: &DataKey) -> Result<Arc<Key>, Fault> {
    let seed = under.open(&place(row.id), &row.seed)?;
    let seed: [u8; 32] = seed.as_slice().try_into().map_err(|_| Fault::internal("a signing key has another length"))?;
    let private = SigningKey::from_seed(&Secret::new(seed));
    Ok(Arc::new(Key {
        id: row.id,
        sequence: row.sequence,
        public: VerifyingKey::Ed25519(private.public()),
        private,
        signs_from: row.signs_from,
        revoked: row.revoked_at.is_some(),
    }))
}

/// How keys are changed by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// The next key is published now and signs in a day.
    Announced,
    /// The next key signs at once; what the present one signed counts until it is over.
    Now,
    /// The same, and nothing that was signed before counts any more: somebody else may hold the present key.
    Compromised,
}

impl Identity {
    pub(super) async fn load_keys(&self) -> Result<(), Fault> {
        let rows = queries::signing_keys(&mut self.db.lookup().await?).await?;
        let known = self.signing_keys.all();
        let mut keys = Vec::with_capacity(rows.len());
        for row in &rows {
            let same = known.iter().find(|key| {
                key.id == row.id && key.signs_from == row.signs_from && key.revoked == row.revoked_at.is_some()
            });
            keys.push(match same {
                Some(key) => key.clone(),
                None => read(row, &self.token_key)?,
            });
        }
        *self.signing_keys.lock() = keys.into();
        Ok(())
    }

    /// Reads the keys; makes the first, announces the next a day before the present one has signed for thirty, and
    /// removes what is over. Two processes that do it at once make one key.
    pub async fn tend_keys(&self) -> Result<(), Fault> {
        self.load_keys().await?;
        let now = self.ambient.now();
        let all = self.signing_keys.all();
        let last = all.last().map(|key| (key.sequence, key.signs_from));
        match last {
            None => self.make_key(1, now, false).await?,
            Some((sequence, from)) if now.plus(PUBLISHED_BEFORE) >= from.plus(SIGNS_FOR) => {
                self.make_key(sequence + 1, from.plus(SIGNS_FOR).max(now.plus(PUBLISHED_BEFORE)), false).await?;
            }
            Some(_) => {}
        }
        let over: Vec<Uuid> = all
            .iter()
            .filter(|key| !counts(&all, key, now) && newest(&all, now).is_some_and(|newest| newest.id != key.id))
            .map(|key| key.id)
            .collect();
        if !over.is_empty() {
            let mut tx = self.db.begin().await?;
            for id in over {
                queries::delete_signing_key(&mut tx, id).await?;
            }
            tx.commit().await?;
            self.load_keys().await?;
        }
        Ok(())
    }

    /// Makes the next key by hand; its id. Other processes have heard of it a second later.
    pub async fn rotate_signing_key(&self, how: Rotation) -> Result<Uuid, Fault> {
        self.load_keys().await?;
        let now = self.ambient.now();
        let sequence = self.signing_keys.all().last().map_or(1, |key| key.sequence + 1);
        let from = if how == Rotation::Announced { now.plus(PUBLISHED_BEFORE) } else { now };
        self.make_key(sequence, from, how == Rotation::Compromised).await?;
        let made = self.signing_keys.all().iter().find(|key| key.sequence == sequence).map(|key| key.id);
        made.ok_or_else(|| Fault::internal("the signing key that was made is not there"))
    }

    async fn make_key(&self, sequence: i64, signs_from: Timestamp, revoke: bool) -> Result<(), Fault> {
        let (id, now) = (self.ambient.uuid(), self.ambient.now());
        let seed = Secret::new(self.ambient.bytes::<32>());
        let public = SigningKey::from_seed(&seed).public().to_vec();
        let seed = self.token_key.seal(&place(id), seed.expose(), &*self.ambient.rng);
        let mut tx = self.db.begin().await?;
        queries::insert_signing_key(&mut tx, NewKey { id, sequence, public, seed, signs_from, at: now }).await?;
        if revoke {
            queries::revoke_signing_keys(&mut tx, sequence, now).await?;
        }
        tx.commit().await?;
        self.load_keys().await
    }

    /// The key that signs, for a test that misuses it.
    #[cfg(test)]
    pub(crate) async fn signing_key_for_tests(&self) -> Arc<Key> {
        self.signing_keys.current(self, self.ambient.now()).await.unwrap()
    }

    /// The names of the keys that `/.well-known/jwks.json` publishes: by them another program knows this installation.
    pub fn public_key_ids(&self) -> Vec<Uuid> {
        self.public_keys().iter().map(|key| key.kid).collect()
    }

    /// The public keys that others may check our tokens with: those that did, do and will sign.
    pub(super) fn public_keys(&self) -> Vec<Jwk> {
        let (all, now) = (self.signing_keys.all(), self.ambient.now());
        let counting = all.iter().filter(|key| counts(&all, key, now));
        counting
            .map(|key| Jwk {
                kty: "OKP",
                crv: "Ed25519",
                alg: "EdDSA",
                usage: "sig",
                kid: key.id,
                x: BASE64URL_NOPAD.encode(&key.private.public()),
            })
            .collect()
    }
}
