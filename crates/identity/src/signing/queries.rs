//! The texts about signed requests that were accepted.

use kernel::Timestamp;
use store::{Result, Sql, Statement, Tx};
use uuid::Uuid;

const INSERT: Sql = Sql::same(
    "insert into signature_nonces (key_id, nonce_hash, expires_at) values ($1, $2, $3)
     on conflict (key_id, nonce_hash) do nothing",
);
const SWEEP: Sql = Sql::same(
    "delete from signature_nonces where (key_id, nonce_hash) in (
         select key_id, nonce_hash from signature_nonces where expires_at <= $1 limit $2)",
);

/// Every text about them, for the catalogue test.
pub const STATEMENTS: &[Statement] = &[Statement::write(INSERT), Statement::write(SWEEP)];

/// Keeps a nonce; `false` when it is there already.
pub(super) async fn insert_nonce(tx: &mut Tx, key: Uuid, hash: Vec<u8>, until: Timestamp) -> Result<bool> {
    Ok(tx.sql(INSERT).bind(key).bind(hash).bind(until).run().await? > 0)
}

/// Deletes up to `limit` of them whose time is over.
pub(super) async fn sweep_nonces(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<u64> {
    tx.sql(SWEEP).bind(now).bind(limit).run().await
}
