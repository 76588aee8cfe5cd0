//! The texts about signing keys and refresh tokens.

use kernel::{Timestamp, UserId};
use seal::TokenHash;
use store::{Record, Result, Sql, Statement, Tx};
use uuid::Uuid;

store::row! {
    pub(super) struct SigningKeyRow {
        pub(super) id: Uuid,
        pub(super) sequence: i64,
        pub(super) seed: Vec<u8>,
        pub(super) signs_from: Timestamp,
        pub(super) revoked_at: Option<Timestamp>,
    }
}

store::row! {
    /// A refresh token with all that decides about it.
    pub(super) struct Refresh {
        pub(super) session_id: Uuid,
        pub(super) generation: i64,
        pub(super) used_at: Option<Timestamp>,
        pub(super) client: Option<String>,
        pub(super) successor: Option<Vec<u8>>,
        pub(super) latest: i64,
        pub(super) amr: String,
        pub(super) auth_at: Timestamp,
        pub(super) revoked_at: Option<Timestamp>,
        pub(super) idle_expires_at: Timestamp,
        pub(super) expires_at: Timestamp,
        pub(super) session_epoch: i64,
        pub(super) user_id: UserId,
        pub(super) user_epoch: i64,
        pub(super) status: String,
    }
}

store::row! { struct Epoch { token_epoch: i64 } }
store::row! { struct SessionId { session_id: Uuid } }
store::row! { struct Whose { user_id: UserId } }
store::row! { struct Id { id: Uuid } }

/// A signing key to be stored.
pub(super) struct NewKey {
    pub(super) id: Uuid,
    pub(super) sequence: i64,
    pub(super) public: Vec<u8>,
    pub(super) seed: Vec<u8>,
    pub(super) signs_from: Timestamp,
    pub(super) at: Timestamp,
}

/// A handful of rows, read whole.
pub(crate) const SIGNING_KEYS: Sql =
    Sql::same("select id, sequence, seed, signs_from, revoked_at from signing_keys order by sequence");
const HAS_SIGNING_KEY: Sql = Sql::same("select id from signing_keys where id = $1");
const INSERT_SIGNING_KEY: Sql = Sql::same(
    "insert into signing_keys (id, sequence, public_key, seed, signs_from, created_at) values ($1, $2, $3, $4, $5, $6)
     on conflict (sequence) do nothing",
);
const REVOKE_SIGNING_KEYS: Sql =
    Sql::same("update signing_keys set revoked_at = $1 where sequence < $2 and revoked_at is null");
const DELETE_SIGNING_KEY: Sql = Sql::same("delete from signing_keys where id = $1");

const INSERT_FAMILY: Sql =
    Sql::same("insert into token_families (session_id, generation, amr, auth_at) values ($1, 1, $2, $3)");
const INSERT_REFRESH: Sql =
    Sql::same("insert into refresh_tokens (token_hash, session_id, generation, created_at) values ($1, $2, $3, $4)");
const FIND_REFRESH: Sql = Sql::same(
    "select refresh_tokens.session_id, refresh_tokens.generation, refresh_tokens.used_at, refresh_tokens.client,
            refresh_tokens.successor, token_families.generation as latest, token_families.amr, token_families.auth_at,
            sessions.revoked_at, sessions.idle_expires_at, sessions.expires_at, sessions.token_epoch as session_epoch,
            users.id as user_id, users.token_epoch as user_epoch, users.status
     from refresh_tokens
     join token_families on token_families.session_id = refresh_tokens.session_id
     join sessions on sessions.id = refresh_tokens.session_id
     join users on users.id = sessions.user_id
     where refresh_tokens.token_hash = $1",
);
/// Only one of those who try at the same moment changes the row.
const USE: Sql = Sql::same(
    "update refresh_tokens set used_at = $1, client = $2, successor = $3 where token_hash = $4 and used_at is null",
);
const ADVANCE: Sql = Sql::same("update token_families set generation = $1 where session_id = $2");
/// What the predecessor's successor was, once that successor is used itself.
const FORGET_SUCCESSOR: Sql =
    Sql::same("update refresh_tokens set successor = null where session_id = $1 and generation = $2");
const FORGET_OLD_SUCCESSORS: Sql =
    Sql::same("update refresh_tokens set successor = null where successor is not null and used_at < $1");
/// Only while it lives: what was ended meanwhile stays ended, and the caller sees that nothing was changed.
const SLIDE_SESSION: Sql = Sql::same(
    "update sessions set last_seen_at = $1, idle_expires_at = $2
     where id = $3 and revoked_at is null and token_epoch = (select token_epoch from users where id = sessions.user_id)",
);
const EPOCH_OF: Sql = Sql::same("select token_epoch from sessions where id = $1");
const SESSION_OF_REFRESH: Sql = Sql::same("select session_id from refresh_tokens where token_hash = $1");
const USER_OF_SESSION: Sql = Sql::same("select user_id from sessions where id = $1");
const RAISE_EPOCH: Sql =
    Sql::same("update users set token_epoch = token_epoch + 1 where id = $1 returning token_epoch");
const REVOKE_SESSIONS: Sql =
    Sql::same("update sessions set revoked_at = $1 where user_id = $2 and revoked_at is null and expires_at > $1");

/// Every text of the token surface, for the catalogue test.
pub const STATEMENTS: &[Statement] = &[
    Statement::read(SIGNING_KEYS, SigningKeyRow::COLUMNS),
    Statement::read(HAS_SIGNING_KEY, Id::COLUMNS),
    Statement::write(INSERT_SIGNING_KEY),
    Statement::write(REVOKE_SIGNING_KEYS),
    Statement::write(DELETE_SIGNING_KEY),
    Statement::write(INSERT_FAMILY),
    Statement::write(INSERT_REFRESH),
    Statement::read(FIND_REFRESH, Refresh::COLUMNS),
    Statement::write(USE),
    Statement::write(ADVANCE),
    Statement::write(FORGET_SUCCESSOR),
    Statement::write(FORGET_OLD_SUCCESSORS),
    Statement::write(SLIDE_SESSION),
    Statement::read(EPOCH_OF, Epoch::COLUMNS),
    Statement::read(SESSION_OF_REFRESH, SessionId::COLUMNS),
    Statement::read(USER_OF_SESSION, Whose::COLUMNS),
    Statement::read(RAISE_EPOCH, Epoch::COLUMNS),
    Statement::write(REVOKE_SESSIONS),
];

pub(super) async fn signing_keys(tx: &mut Tx) -> Result<Vec<SigningKeyRow>> {
    tx.sql(SIGNING_KEYS).all().await
}

pub(super) async fn has_signing_key(tx: &mut Tx, id: Uuid) -> Result<bool> {
    Ok(tx.sql(HAS_SIGNING_KEY).bind(id).optional::<Id>().await?.is_some())
}

/// Stores a key, unless another process was first with this number.
pub(super) async fn insert_signing_key(tx: &mut Tx, key: NewKey) -> Result<()> {
    let insert = tx.sql(INSERT_SIGNING_KEY).bind(key.id).bind(key.sequence).bind(key.public).bind(key.seed);
    insert.bind(key.signs_from).bind(key.at).run().await.map(drop)
}

/// What the keys before this number signed does not count any more.
pub(super) async fn revoke_signing_keys(tx: &mut Tx, before: i64, at: Timestamp) -> Result<()> {
    tx.sql(REVOKE_SIGNING_KEYS).bind(at).bind(before).run().await.map(drop)
}

pub(super) async fn delete_signing_key(tx: &mut Tx, id: Uuid) -> Result<()> {
    tx.sql(DELETE_SIGNING_KEY).bind(id).run().await.map(drop)
}

pub(super) async fn insert_family(tx: &mut Tx, session: Uuid, amr: &str, at: Timestamp) -> Result<()> {
    tx.sql(INSERT_FAMILY).bind(session).bind(amr.to_owned()).bind(at).run().await.map(drop)
}

pub(super) async fn insert_refresh(
    tx: &mut Tx,
    hash: &TokenHash,
    session: Uuid,
    generation: i64,
    at: Timestamp,
) -> Result<()> {
    let insert = tx.sql(INSERT_REFRESH).bind(hash.as_bytes().to_vec()).bind(session);
    insert.bind(generation).bind(at).run().await.map(drop)
}

/// One row by one index, whether or not there is such a token.
pub(super) async fn find_refresh(tx: &mut Tx, hash: &TokenHash) -> Result<Option<Refresh>> {
    tx.sql(FIND_REFRESH).bind(hash.as_bytes().to_vec()).optional().await
}

/// Marks a refresh token as used; `false` when somebody else was first.
pub(super) async fn use_refresh(
    tx: &mut Tx,
    hash: &TokenHash,
    client: String,
    successor: Vec<u8>,
    at: Timestamp,
) -> Result<bool> {
    let mark = tx.sql(USE).bind(at).bind(client).bind(successor).bind(hash.as_bytes().to_vec());
    Ok(mark.run().await? > 0)
}

/// The family has a new generation; what its last but one was followed by is forgotten.
pub(super) async fn advance(tx: &mut Tx, session: Uuid, generation: i64) -> Result<()> {
    tx.sql(ADVANCE).bind(generation).bind(session).run().await?;
    tx.sql(FORGET_SUCCESSOR).bind(session).bind(generation - 2).run().await.map(drop)
}

/// Forgets what successors were once nobody may ask for them again.
pub(super) async fn forget_successors(tx: &mut Tx, before: Timestamp) -> Result<()> {
    tx.sql(FORGET_OLD_SUCCESSORS).bind(before).run().await.map(drop)
}

/// Notes that a session was refreshed; `false` when it was ended meanwhile.
pub(super) async fn slide(tx: &mut Tx, session: Uuid, at: Timestamp, idle_expires_at: Timestamp) -> Result<bool> {
    Ok(tx.sql(SLIDE_SESSION).bind(at).bind(idle_expires_at).bind(session).run().await? > 0)
}

pub(super) async fn epoch_of(tx: &mut Tx, session: Uuid) -> Result<i64> {
    Ok(tx.sql(EPOCH_OF).bind(session).one::<Epoch>().await?.token_epoch)
}

pub(super) async fn session_of_refresh(tx: &mut Tx, hash: &TokenHash) -> Result<Option<Uuid>> {
    let found: Option<SessionId> = tx.sql(SESSION_OF_REFRESH).bind(hash.as_bytes().to_vec()).optional().await?;
    Ok(found.map(|found| found.session_id))
}

pub(super) async fn user_of_session(tx: &mut Tx, session: Uuid) -> Result<Option<UserId>> {
    Ok(tx.sql(USER_OF_SESSION).bind(session).optional::<Whose>().await?.map(|found| found.user_id))
}

/// Ends every session of somebody, of either surface; how many it were. `None` when there is no such account.
pub(super) async fn end_all(tx: &mut Tx, user: UserId, at: Timestamp) -> Result<Option<u64>> {
    // The epoch also ends what begins at this very moment.
    if tx.sql(RAISE_EPOCH).bind(user).optional::<Epoch>().await?.is_none() {
        return Ok(None);
    }
    Ok(Some(tx.sql(REVOKE_SESSIONS).bind(at).bind(user).run().await?))
}
