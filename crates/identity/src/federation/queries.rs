//! The texts about accounts at other providers.

use crate::model::RoleColumn;
use kernel::{Timestamp, UserId};
use seal::TokenHash;
use store::{Record, Result, Sql, Statement, Tx};
use uuid::Uuid;

store::row! {
    /// Whose account this is, here.
    pub(super) struct Connected {
        pub(super) id: Uuid,
        pub(super) since: Timestamp,
        pub(super) user_id: UserId,
        pub(super) email: String,
        pub(super) display_name: String,
        pub(super) role: RoleColumn,
        pub(super) locale: String,
        pub(super) time_zone: String,
        pub(super) second_factor: bool,
        pub(super) created_at: Timestamp,
        pub(super) status: String,
    }
}

store::row! {
    /// One's own connection.
    pub(super) struct Connection {
        pub(super) id: Uuid,
        pub(super) issuer: String,
        pub(super) created_at: Timestamp,
    }
}

store::row! {
    /// A sign-in on its way.
    pub(super) struct Attempt {
        pub(super) id: Uuid,
        pub(super) provider: String,
        pub(super) nonce: String,
        pub(super) verifier: Vec<u8>,
        pub(super) return_to: String,
        pub(super) user_id: Option<UserId>,
        pub(super) expires_at: Timestamp,
    }
}

/// A sign-in that begins.
pub(super) struct NewAttempt {
    pub(super) hash: TokenHash,
    pub(super) id: Uuid,
    pub(super) provider: String,
    pub(super) nonce: String,
    pub(super) verifier: Vec<u8>,
    pub(super) return_to: String,
    pub(super) user_id: Option<UserId>,
    pub(super) session_id: Option<Uuid>,
    pub(super) at: Timestamp,
    pub(super) expires_at: Timestamp,
}

const BY_SUBJECT: Sql = Sql::same(
    "select connections.id, connections.created_at as since, users.id as user_id, users.email,
            users.display_name, users.role, users.locale, users.time_zone, users.second_factor, users.created_at, users.status
     from connections join users on users.id = connections.user_id
     where connections.issuer = $1 and connections.subject = $2",
);
const INSERT: Sql = Sql::same(
    "insert into connections (id, user_id, issuer, subject, created_at) values ($1, $2, $3, $4, $5)
     on conflict (issuer, subject) do nothing",
);
const LIST: Sql = Sql::same(
    "select id, issuer, created_at from connections where user_id = $1 order by created_at desc, id desc limit 100",
);
const DELETE: Sql =
    Sql::same("delete from connections where id = $1 and user_id = $2 returning id, issuer, created_at");
const BEGIN: Sql = Sql::same(
    "insert into oidc_attempts (state_hash, id, provider, nonce, verifier, return_to, user_id, session_id, created_at,
                                expires_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
);
/// Reading it uses it up.
const TAKE: Sql = Sql::same(
    "delete from oidc_attempts where state_hash = $1
     returning id, provider, nonce, verifier, return_to, user_id, expires_at",
);
const SWEEP: Sql = Sql::same(
    "delete from oidc_attempts where state_hash in (
         select state_hash from oidc_attempts where expires_at <= $1 limit $2)",
);

/// Every text about them, for the catalogue test.
pub const STATEMENTS: &[Statement] = &[
    Statement::read(BY_SUBJECT, Connected::COLUMNS),
    Statement::write(INSERT),
    Statement::read(LIST, Connection::COLUMNS),
    Statement::read(DELETE, Connection::COLUMNS),
    Statement::write(BEGIN),
    Statement::read(TAKE, Attempt::COLUMNS),
    Statement::write(SWEEP),
];

/// By issuer and subject, and by nothing else.
pub(super) async fn by_subject(tx: &mut Tx, issuer: &str, subject: &str) -> Result<Option<Connected>> {
    tx.sql(BY_SUBJECT).bind(issuer.to_owned()).bind(subject.to_owned()).optional().await
}

/// Connects; `false` when that account is connected already, with whomever.
pub(super) async fn insert(
    tx: &mut Tx,
    id: Uuid,
    user: UserId,
    issuer: &str,
    subject: &str,
    at: Timestamp,
) -> Result<bool> {
    let insert = tx.sql(INSERT).bind(id).bind(user).bind(issuer.to_owned()).bind(subject.to_owned());
    Ok(insert.bind(at).run().await? > 0)
}

pub(super) async fn list(tx: &mut Tx, user: UserId) -> Result<Vec<Connection>> {
    tx.sql(LIST).bind(user).all().await
}

pub(super) async fn delete(tx: &mut Tx, id: Uuid, user: UserId) -> Result<Option<Connection>> {
    tx.sql(DELETE).bind(id).bind(user).optional().await
}

pub(super) async fn begin(tx: &mut Tx, attempt: NewAttempt) -> Result<()> {
    let insert = tx.sql(BEGIN).bind(attempt.hash.as_bytes().to_vec()).bind(attempt.id).bind(attempt.provider);
    let insert = insert.bind(attempt.nonce).bind(attempt.verifier).bind(attempt.return_to).bind(attempt.user_id);
    insert.bind(attempt.session_id).bind(attempt.at).bind(attempt.expires_at).run().await.map(drop)
}

pub(super) async fn take(tx: &mut Tx, hash: &TokenHash) -> Result<Option<Attempt>> {
    tx.sql(TAKE).bind(hash.as_bytes().to_vec()).optional().await
}

/// Deletes up to `limit` of those that nobody came back from.
pub(super) async fn sweep(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<u64> {
    tx.sql(SWEEP).bind(now).bind(limit).run().await
}
