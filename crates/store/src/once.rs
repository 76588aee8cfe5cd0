//! Remembers the answer to a request that carried an `Idempotency-Key`, so that its repetition changes nothing and gets
//! the same answer.
//!
//! The answer and the first request's fingerprint are sealed under the caller's own key: a bare digest of a request as
//! small as a mood could be guessed back. The key belongs to one caller and one route; another caller's same key is
//! another key. Kept for 30 days.

use crate::sql::{Sql, Statement};
use crate::{Error, Record, Result, Tx, row};
use kernel::{Ambient, Fault, Kind, Timestamp, UserId};
use seal::{Aad, DataKey};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// How long an answer is remembered.
pub const KEPT_FOR: Duration = Duration::from_hours(30 * 24);

row! {
    struct Kept {
        id: Uuid,
        body: Option<Vec<u8>>,
    }
}

/// Takes the key, unless somebody has it whose time is not over. On PostgreSQL a repetition waits here for the first
/// request's end; on SQLite it has waited for its turn.
const RESERVE: Sql = Sql::same(
    "insert into idempotency_keys (id, user_id, route, key_digest, body, created_at, expires_at)
     values ($1, $2, $3, $4, null, $5, $6)
     on conflict (user_id, route, key_digest) do update
     set id = excluded.id, body = null, created_at = excluded.created_at, expires_at = excluded.expires_at
     where idempotency_keys.expires_at <= excluded.created_at",
);
const FIND: Sql =
    Sql::same("select id, body from idempotency_keys where user_id = $1 and route = $2 and key_digest = $3");
const KEEP: Sql = Sql::same(
    "update idempotency_keys set body = $1 where user_id = $2 and route = $3 and key_digest = $4 and id = $5",
);
const PURGE: Sql = Sql::same("delete from idempotency_keys where expires_at <= $1");

pub(crate) const STATEMENTS: &[Statement] =
    &[Statement::write(RESERVE), Statement::read(FIND, Kept::COLUMNS), Statement::write(KEEP), Statement::write(PURGE)];

/// One request that may be a repetition. Without an `Idempotency-Key` it does nothing.
pub struct Once(Option<Keyed>);

struct Keyed {
    id: Uuid,
    user: UserId,
    route: &'static str,
    key_digest: Vec<u8>,
    fingerprint: [u8; 32],
    data_key: Arc<DataKey>,
    ambient: Ambient,
}

impl Once {
    /// `key` is the header's value as `guard` accepted it, `route` the method and path of the route (`POST /api/moods`),
    /// `request` everything that decides about the answer.
    pub fn new(
        key: Option<&str>,
        route: &'static str,
        user: UserId,
        data_key: Arc<DataKey>,
        request: &impl Serialize,
        ambient: &Ambient,
    ) -> Result<Self, Fault> {
        let Some(key) = key else { return Ok(Self(None)) };
        let request = serde_json::to_vec(request).map_err(Fault::internal)?;
        Ok(Self(Some(Keyed {
            id: ambient.uuid(),
            user,
            route,
            key_digest: Sha256::digest(key).to_vec(),
            fingerprint: Sha256::digest(request).into(),
            data_key,
            ambient: ambient.clone(),
        })))
    }

    /// The answer of the first request with this key, if this is a repetition; else the work begins, in this `tx`.
    ///
    /// # Errors
    /// 422 `idempotency_key_reused` when the first request was another one. A dropped `tx` gives the key back.
    pub async fn replay<T: DeserializeOwned>(&mut self, tx: &mut Tx) -> Result<Option<T>, Fault> {
        let Some(keyed) = &mut self.0 else { return Ok(None) };
        if keyed.reserve(tx).await? {
            return Ok(None);
        }
        let Some(kept) = keyed.find(tx).await? else {
            // Reserving found it and reading does not: it was purged in between. The next try succeeds.
            return Err(Error::Busy.into());
        };
        keyed.id = kept.id;
        let Some(body) = kept.body else { return Ok(None) }; // reserved, but the route had no answer to keep
        let unreadable = |what: &str| Error::Unreadable(format!("idempotency_keys {}: {what}", kept.id).into());
        let open = keyed.data_key.open(&keyed.place(), &body).map_err(|e| unreadable(&e.to_string()))?;
        let (fingerprint, answer) = open.split_first_chunk::<32>().ok_or_else(|| unreadable("too short"))?;
        if *fingerprint != keyed.fingerprint {
            return Err(reused());
        }
        Ok(Some(serde_json::from_slice(answer).map_err(|_| unreadable("not an answer of this route"))?))
    }

    /// Remembers the answer in the transaction that did the work.
    pub async fn keep<T: Serialize>(&self, tx: &mut Tx, answer: &T) -> Result<(), Fault> {
        let Some(keyed) = &self.0 else { return Ok(()) };
        let mut plain = zeroize::Zeroizing::new(keyed.fingerprint.to_vec());
        serde_json::to_writer(&mut *plain, answer).map_err(Fault::internal)?;
        let body = keyed.data_key.seal(&keyed.place(), &plain, &*keyed.ambient.rng);
        tx.sql(KEEP)
            .bind(Some(body))
            .bind(keyed.user)
            .bind(keyed.route.to_owned())
            .bind(keyed.key_digest.clone())
            .bind(keyed.id)
            .run()
            .await?;
        Ok(())
    }
}

impl Keyed {
    const fn place(&self) -> Aad {
        Aad { table: "idempotency_keys", row: self.id, column: "body", user: self.user.uuid() }
    }

    async fn reserve(&self, tx: &mut Tx) -> Result<bool> {
        let now = self.ambient.now();
        tx.sql(RESERVE)
            .bind(self.id)
            .bind(self.user)
            .bind(self.route.to_owned())
            .bind(self.key_digest.clone())
            .bind(now)
            .bind(now.plus(KEPT_FOR))
            .run()
            .await
            .map(|rows| rows == 1)
    }

    async fn find(&self, tx: &mut Tx) -> Result<Option<Kept>> {
        tx.sql(FIND).bind(self.user).bind(self.route.to_owned()).bind(self.key_digest.clone()).optional().await
    }
}

fn reused() -> Fault {
    const DETAIL: &str = "This key was used before for another request. Use a new key for a new request.";
    Fault::new(Kind::Invalid, "idempotency_key_reused", DETAIL)
}

/// Forgets what is over.
pub(crate) async fn purge(tx: &mut Tx, now: Timestamp) -> Result<u64> {
    tx.sql(PURGE).bind(now).run().await
}
