//! The texts about API keys.

use crate::model::RoleColumn;
use kernel::{Timestamp, UserId};
use store::{Record, Result, Sql, Statement, Tx};
use uuid::Uuid;

store::row! {
    /// A key as its owner sees it.
    pub(super) struct KeyRow {
        pub(super) id: Uuid,
        pub(super) handle: String,
        pub(super) name: String,
        pub(super) scopes: String,
        pub(super) addresses: String,
        pub(super) rate_per_minute: Option<i64>,
        pub(super) require_signature: bool,
        pub(super) created_at: Timestamp,
        pub(super) expires_at: Timestamp,
        pub(super) last_used_at: Option<Timestamp>,
    }
}

store::row! {
    /// A key with all that decides about it, and whose it is.
    pub(super) struct LiveKey {
        pub(super) id: Uuid,
        pub(super) secret_hash: Vec<u8>,
        pub(super) previous_hash: Option<Vec<u8>>,
        pub(super) previous_until: Option<Timestamp>,
        pub(super) name: String,
        pub(super) scopes: String,
        pub(super) addresses: String,
        pub(super) rate_per_minute: Option<i64>,
        pub(super) require_signature: bool,
        pub(super) signing_kind: Option<String>,
        pub(super) signing_key: Option<Vec<u8>>,
        pub(super) began_at: Timestamp,
        pub(super) expires_at: Timestamp,
        pub(super) last_used_at: Option<Timestamp>,
        pub(super) user_id: UserId,
        pub(super) email: String,
        pub(super) display_name: String,
        pub(super) role: RoleColumn,
        pub(super) locale: String,
        pub(super) time_zone: String,
        pub(super) second_factor: bool,
        pub(super) created_at: Timestamp,
    }
}

store::row! {
    /// A key that ends soon.
    pub(super) struct Ending {
        pub(super) id: Uuid,
        pub(super) user_id: UserId,
        pub(super) name: String,
        pub(super) expires_at: Timestamp,
    }
}

store::row! { struct Count { n: i64 } }

/// A key to be stored.
pub(super) struct NewApiKey {
    pub(super) id: Uuid,
    pub(super) user: UserId,
    pub(super) handle: String,
    pub(super) hash: [u8; 32],
    pub(super) name: String,
    pub(super) scopes: String,
    pub(super) addresses: String,
    pub(super) rate_per_minute: Option<i64>,
    pub(super) require_signature: bool,
    pub(super) signing_kind: Option<String>,
    pub(super) signing_key: Option<Vec<u8>>,
    pub(super) at: Timestamp,
    pub(super) expires_at: Timestamp,
    pub(super) noticed_days: i64,
}

/// Makes two who make keys for one person at the same moment wait for each other, so that the count holds.
const HOLD_OWNER: Sql = Sql::same("update users set updated_at = updated_at where id = $1");
const COUNT: Sql = Sql::same("select count(*) as n from api_keys where user_id = $1 and revoked_at is null");
const INSERT: Sql = Sql::same(
    "insert into api_keys (id, user_id, handle, secret_hash, name, scopes, addresses, rate_per_minute,
                           require_signature, signing_kind, signing_key, created_at, expires_at, noticed_days)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
);
const LIST: Sql = Sql::same(
    "select id, handle, name, scopes, addresses, rate_per_minute, require_signature, created_at, expires_at,
            last_used_at
     from api_keys where user_id = $1 and revoked_at is null order by created_at desc, id desc",
);
const FIND: Sql = Sql::same(
    "select id, handle, name, scopes, addresses, rate_per_minute, require_signature, created_at, expires_at,
            last_used_at
     from api_keys where id = $1 and user_id = $2 and revoked_at is null",
);
const BY_HANDLE: Sql = Sql::same(
    "select api_keys.id, api_keys.secret_hash, api_keys.previous_hash, api_keys.previous_until, api_keys.name,
            api_keys.scopes, api_keys.addresses, api_keys.rate_per_minute, api_keys.require_signature,
            api_keys.signing_kind, api_keys.signing_key, api_keys.created_at as began_at, api_keys.expires_at,
            api_keys.last_used_at, users.id as user_id, users.email, users.display_name, users.role, users.locale,
            users.time_zone, users.second_factor, users.created_at
     from api_keys join users on users.id = api_keys.user_id
     where api_keys.handle = $1 and api_keys.revoked_at is null and users.status = 'active'",
);
const REVOKE: Sql =
    Sql::same("update api_keys set revoked_at = $1 where id = $2 and user_id = $3 and revoked_at is null");
const RENEW: Sql = Sql::same(
    "update api_keys set expires_at = $1, noticed_days = $2 where id = $3 and user_id = $4 and revoked_at is null",
);
const ROTATE: Sql = Sql::same(
    "update api_keys set previous_hash = secret_hash, previous_until = $1, secret_hash = $2
     where id = $3 and user_id = $4 and revoked_at is null",
);
const USED: Sql =
    Sql::same("update api_keys set last_used_at = $1 where id = $2 and (last_used_at is null or last_used_at < $1)");
const ENDING: Sql = Sql::same(
    "select id, user_id, name, expires_at from api_keys
     where revoked_at is null and expires_at > $1 and expires_at <= $2 and noticed_days > $3
     order by expires_at limit $4",
);
/// Only one of several processes changes the row, and writes the mail.
const NOTICED: Sql = Sql::same("update api_keys set noticed_days = $1 where id = $2 and noticed_days > $1");
const SWEEP: Sql =
    Sql::same("delete from api_keys where id in (select id from api_keys where expires_at <= $1 limit $2)");

/// Every text about API keys, for the catalogue test.
pub const STATEMENTS: &[Statement] = &[
    Statement::write(HOLD_OWNER),
    Statement::read(COUNT, Count::COLUMNS),
    Statement::write(INSERT),
    Statement::read(LIST, KeyRow::COLUMNS),
    Statement::read(FIND, KeyRow::COLUMNS),
    Statement::read(BY_HANDLE, LiveKey::COLUMNS),
    Statement::write(REVOKE),
    Statement::write(RENEW),
    Statement::write(ROTATE),
    Statement::write(USED),
    Statement::read(ENDING, Ending::COLUMNS),
    Statement::write(NOTICED),
    Statement::write(SWEEP),
];

/// Stores a key, unless there are `most` already.
pub(super) async fn insert(tx: &mut Tx, key: NewApiKey, most: i64) -> Result<bool> {
    tx.sql(HOLD_OWNER).bind(key.user).run().await?;
    if tx.sql(COUNT).bind(key.user).one::<Count>().await?.n >= most {
        return Ok(false);
    }
    let insert = tx.sql(INSERT).bind(key.id).bind(key.user).bind(key.handle).bind(key.hash.to_vec()).bind(key.name);
    let insert = insert.bind(key.scopes).bind(key.addresses).bind(key.rate_per_minute).bind(key.require_signature);
    let insert = insert.bind(key.signing_kind).bind(key.signing_key).bind(key.at).bind(key.expires_at);
    insert.bind(key.noticed_days).run().await?;
    Ok(true)
}

pub(super) async fn list(tx: &mut Tx, user: UserId) -> Result<Vec<KeyRow>> {
    tx.sql(LIST).bind(user).all().await
}

pub(super) async fn find(tx: &mut Tx, id: Uuid, user: UserId) -> Result<Option<KeyRow>> {
    tx.sql(FIND).bind(id).bind(user).optional().await
}

pub(super) async fn by_handle(tx: &mut Tx, handle: &str) -> Result<Option<LiveKey>> {
    tx.sql(BY_HANDLE).bind(handle.to_owned()).optional().await
}

pub(super) async fn revoke(tx: &mut Tx, id: Uuid, user: UserId, at: Timestamp) -> Result<bool> {
    Ok(tx.sql(REVOKE).bind(at).bind(id).bind(user).run().await? > 0)
}

pub(super) async fn renew(tx: &mut Tx, id: Uuid, user: UserId, expires_at: Timestamp, noticed: i64) -> Result<bool> {
    Ok(tx.sql(RENEW).bind(expires_at).bind(noticed).bind(id).bind(user).run().await? > 0)
}

/// A new secret; the old one counts until `until`.
pub(super) async fn rotate(tx: &mut Tx, id: Uuid, user: UserId, hash: [u8; 32], until: Timestamp) -> Result<bool> {
    Ok(tx.sql(ROTATE).bind(until).bind(hash.to_vec()).bind(id).bind(user).run().await? > 0)
}

pub(super) async fn used(tx: &mut Tx, id: Uuid, at: Timestamp) -> Result<()> {
    tx.sql(USED).bind(at).bind(id).run().await.map(drop)
}

/// Keys that end until then, and whose owner was not told yet that so few days are left.
pub(super) async fn ending(
    tx: &mut Tx,
    now: Timestamp,
    until: Timestamp,
    days: i64,
    limit: i64,
) -> Result<Vec<Ending>> {
    tx.sql(ENDING).bind(now).bind(until).bind(days).bind(limit).all().await
}

pub(super) async fn noticed(tx: &mut Tx, id: Uuid, days: i64) -> Result<bool> {
    Ok(tx.sql(NOTICED).bind(days).bind(id).run().await? > 0)
}

/// Deletes up to `limit` keys that ended before `before`.
pub(super) async fn sweep(tx: &mut Tx, before: Timestamp, limit: i64) -> Result<u64> {
    tx.sql(SWEEP).bind(before).bind(limit).run().await
}
