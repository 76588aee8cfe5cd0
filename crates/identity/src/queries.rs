//! The texts about accounts and sessions, and the functions that send them.

use crate::model::{DisplayName, Email, RoleColumn, SessionKind, User};
use guard::Role;
use kernel::{Timestamp, UserId};
use seal::TokenHash;
use store::{Record, Result, Sql, Statement, Tx};
use uuid::Uuid;

store::row! {
    /// What sign-in has to know.
    pub(crate) struct Account {
        pub(crate) id: UserId,
        pub(crate) email: String,
        pub(crate) display_name: String,
        pub(crate) role: RoleColumn,
        pub(crate) locale: String,
        pub(crate) time_zone: String,
        pub(crate) created_at: Timestamp,
        pub(crate) password_phc: String,
        pub(crate) password_state: String,
        pub(crate) status: String,
        pub(crate) second_factor: bool,
    }
}

impl Account {
    /// Whether its password opens it: the account may be used, and its owner did not call the password void.
    pub(crate) fn is_active(&self) -> bool {
        self.status == ACTIVE && self.password_state != VOID
    }

    /// As its owner sees it.
    pub(crate) fn into_user(self) -> User {
        User {
            id: self.id,
            email: self.email,
            display_name: self.display_name,
            role: self.role.0,
            locale: self.locale,
            time_zone: self.time_zone,
            created_at: self.created_at,
            second_factor: self.second_factor,
        }
    }
}

store::row! {
    /// A session that counts, and whose it is. Whether its time is over, the reader has to see.
    pub(crate) struct Live {
        pub(crate) session_id: Uuid,
        pub(crate) kind: SessionKind,
        pub(crate) began_at: Timestamp,
        pub(crate) last_seen_at: Timestamp,
        pub(crate) idle_expires_at: Timestamp,
        pub(crate) expires_at: Timestamp,
        pub(crate) token_hash: Vec<u8>,
        pub(crate) confirmed_at: Option<Timestamp>,
        pub(crate) shown: bool,
        pub(crate) renewed_at: Option<Timestamp>,
        pub(crate) suspicious_at: Option<Timestamp>,
        pub(crate) ip_prefix: String,
        pub(crate) user_agent: String,
        pub(crate) user_id: UserId,
        pub(crate) email: String,
        pub(crate) display_name: String,
        pub(crate) role: RoleColumn,
        pub(crate) locale: String,
        pub(crate) time_zone: String,
        pub(crate) created_at: Timestamp,
        pub(crate) second_factor: bool,
    }
}

store::row! {
    /// An id, of whatever the statement is about.
    pub(crate) struct Id { pub(crate) id: Uuid }
}

store::row! {
    /// A session that is over: its id, and the hash under which it was known.
    pub(crate) struct Ended {
        pub(crate) id: Uuid,
        pub(crate) token_hash: Vec<u8>,
    }
}

/// A new account, ready to be stored.
pub(crate) struct NewAccount<'a> {
    pub(crate) id: UserId,
    pub(crate) email: &'a Email,
    pub(crate) display_name: &'a DisplayName,
    pub(crate) role: Role,
    pub(crate) password_phc: String,
    pub(crate) status: &'static str,
    pub(crate) locale: String,
    pub(crate) time_zone: String,
    pub(crate) at: Timestamp,
}

impl NewAccount<'_> {
    /// As its owner will see it.
    pub(crate) fn as_user(&self) -> User {
        User {
            id: self.id,
            email: self.email.written().to_owned(),
            display_name: self.display_name.as_str().to_owned(),
            role: self.role,
            locale: self.locale.clone(),
            time_zone: self.time_zone.clone(),
            created_at: self.at,
            second_factor: false,
        }
    }
}

/// A new session, ready to be stored.
pub(crate) struct NewSession {
    pub(crate) id: Uuid,
    pub(crate) user_id: UserId,
    pub(crate) token_hash: TokenHash,
    pub(crate) kind: SessionKind,
    pub(crate) at: Timestamp,
    pub(crate) idle_expires_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) ip_prefix: String,
    pub(crate) user_agent: String,
    pub(crate) confirmed_at: Option<Timestamp>,
    pub(crate) second_factor: bool,
}

/// It may be used.
pub(crate) const ACTIVE: &str = "active";
/// It waits for somebody's yes.
pub(crate) const AWAITING: &str = "awaiting";
/// Its owner said that it was not them: only a new password opens it.
pub(crate) const VOID: &str = "void";

/// Answers the id of whoever has the address now. One that is taken is written over with itself, so that a taken address
/// costs the same durable write as a free one and the time of the answer does not tell them apart (A1-H4).
const INSERT_USER: Sql = Sql::same(
    "insert into users (id, email, email_folded, display_name, role, password_phc, status, time_zone, created_at,
                        updated_at, version, token_epoch, locale)
     values ($1, $2, $3, $4, $5, $6, $8, $9, $7, $7, 1, 0, $10)
     on conflict (email_folded) do update set email_folded = excluded.email_folded
     returning id",
);

const FIND_USER: Sql = Sql::same(
    "select id, email, display_name, role, locale, time_zone, created_at, password_phc, password_state, status,
            second_factor
     from users where email_folded = $1",
);

/// Reads all of the partial index `users_role_key`, which never holds more than one row.
pub(crate) const OWNER: Sql = Sql::same("select id from users where role = 'owner'");

/// Only while the old hash still stands: a password that was changed meanwhile must not come back.
const REHASH: Sql = Sql::same("update users set password_phc = $1 where id = $2 and password_phc = $3");

/// Never the owner, whom nothing may remove.
const DELETE_USER: Sql = Sql::same("delete from users where id = $1 and role <> 'owner'");

/// Nothing happens for an account that was disabled or removed while its password was being verified.
const INSERT_SESSION: Sql = Sql::same(
    "insert into sessions (id, user_id, token_hash, kind, created_at, last_seen_at, idle_expires_at, expires_at,
                           ip_prefix, user_agent, token_epoch, confirmed_at, second_factor, renewed_at)
     select $1, users.id, $2, $3, $4, $4, $5, $6, $7, $8, users.token_epoch, $10, $11, $4
     from users where users.id = $9 and users.status = 'active'",
);

/// Also by the id before the present one, for requests that were under way when it changed.
const FIND_SESSION: Sql = Sql::same(
    "select sessions.id as session_id, sessions.kind, sessions.created_at as began_at,
            sessions.last_seen_at, sessions.idle_expires_at, sessions.expires_at, sessions.token_hash,
            sessions.confirmed_at, sessions.second_factor as shown, sessions.renewed_at, sessions.suspicious_at,
            sessions.ip_prefix, sessions.user_agent,
            users.id as user_id, users.email, users.display_name, users.role, users.locale, users.time_zone,
            users.created_at, users.second_factor
     from sessions join users on users.id = sessions.user_id
     where sessions.id in (select id from sessions where token_hash = $1
                           union all
                           select id from sessions where previous_hash = $1 and previous_until > $2)
       and sessions.revoked_at is null and sessions.token_epoch = users.token_epoch
       and users.status = 'active'",
);

const FIND_SESSION_BY_ID: Sql = Sql::same(
    "select sessions.id as session_id, sessions.kind, sessions.created_at as began_at,
            sessions.last_seen_at, sessions.idle_expires_at, sessions.expires_at, sessions.token_hash,
            sessions.confirmed_at, sessions.second_factor as shown, sessions.renewed_at, sessions.suspicious_at,
            sessions.ip_prefix, sessions.user_agent,
            users.id as user_id, users.email, users.display_name, users.role, users.locale, users.time_zone,
            users.created_at, users.second_factor
     from sessions join users on users.id = sessions.user_id
     where sessions.id = $1 and sessions.revoked_at is null and sessions.token_epoch = users.token_epoch
       and users.status = 'active'",
);

const SLIDE: Sql = Sql::same(
    "update sessions set last_seen_at = $1, idle_expires_at = $2
     where id = $3 and last_seen_at < $1 and revoked_at is null",
);

const REVOKE: Sql =
    Sql::same("update sessions set revoked_at = $1 where id = $2 and revoked_at is null returning id, token_hash");

const REVOKE_BY_HASH: Sql = Sql::same(
    "update sessions set revoked_at = $1 where token_hash = $2 and revoked_at is null returning id, token_hash",
);

/// All but the newest so many of one person's sessions of one kind.
const EVICT: Sql = Sql::same(
    "update sessions set revoked_at = $1
     where user_id = $2 and kind = $3 and revoked_at is null and id not in (
         select id from sessions where user_id = $2 and kind = $3 and revoked_at is null and expires_at > $1
         order by created_at desc, id desc limit $4)
     returning id, token_hash",
);

/// A part at a time, so that no other writer waits for all of it.
const SWEEP: Sql =
    Sql::same("delete from sessions where id in (select id from sessions where expires_at <= $1 limit $2)");

/// Every text of this slice, for the catalogue test.
pub const STATEMENTS: &[Statement] = &[
    Statement::read(INSERT_USER, Id::COLUMNS),
    Statement::read(FIND_USER, Account::COLUMNS),
    Statement::read(OWNER, Id::COLUMNS),
    Statement::write(REHASH),
    Statement::write(DELETE_USER),
    Statement::write(INSERT_SESSION),
    Statement::read(FIND_SESSION, Live::COLUMNS),
    Statement::read(FIND_SESSION_BY_ID, Live::COLUMNS),
    Statement::write(SLIDE),
    Statement::read(REVOKE, Ended::COLUMNS),
    Statement::read(REVOKE_BY_HASH, Ended::COLUMNS),
    Statement::read(EVICT, Ended::COLUMNS),
    Statement::write(SWEEP),
];

/// Stores an account; `false` when its address is taken. A second owner is the unique constraint `users_role_key`.
pub(crate) async fn insert_user(tx: &mut Tx, account: NewAccount<'_>) -> Result<bool> {
    let id = account.id.uuid();
    let whose: Id = tx
        .sql(INSERT_USER)
        .bind(account.id)
        .bind(account.email.written().to_owned())
        .bind(account.email.folded().to_owned())
        .bind(account.display_name.as_str().to_owned())
        .bind(RoleColumn(account.role))
        .bind(account.password_phc)
        .bind(account.at)
        .bind(account.status.to_owned())
        .bind(account.time_zone)
        .bind(account.locale)
        .one()
        .await?;
    Ok(whose.id == id)
}

/// The account of an address.
pub(crate) async fn find_user(tx: &mut Tx, email_folded: &str) -> Result<Option<Account>> {
    tx.sql(FIND_USER).bind(email_folded.to_owned()).optional().await
}

/// Whether somebody owns this installation.
pub(crate) async fn has_owner(tx: &mut Tx) -> Result<bool> {
    Ok(tx.sql(OWNER).optional::<Id>().await?.is_some())
}

/// Replaces a hash by one of the present parameters.
pub(crate) async fn rehash(tx: &mut Tx, user: UserId, old: String, new: String) -> Result<()> {
    tx.sql(REHASH).bind(new).bind(user).bind(old).run().await.map(drop)
}

/// Removes an account with everything that hangs on it; `false` when there is none, or it is the owner's.
pub(crate) async fn delete_user(tx: &mut Tx, user: UserId) -> Result<bool> {
    Ok(tx.sql(DELETE_USER).bind(user).run().await? > 0)
}

/// Stores a session; `false` when the account is not active (any more).
pub(crate) async fn insert_session(tx: &mut Tx, session: NewSession) -> Result<bool> {
    let inserted = tx
        .sql(INSERT_SESSION)
        .bind(session.id)
        .bind(session.token_hash.as_bytes().to_vec())
        .bind(session.kind)
        .bind(session.at)
        .bind(session.idle_expires_at)
        .bind(session.expires_at)
        .bind(session.ip_prefix)
        .bind(session.user_agent)
        .bind(session.user_id)
        .bind(session.confirmed_at)
        .bind(session.second_factor)
        .run()
        .await?;
    Ok(inserted > 0)
}

/// The session of a token, unless it was revoked or its account may not be used.
pub(crate) async fn find_session(tx: &mut Tx, hash: &TokenHash, now: Timestamp) -> Result<Option<Live>> {
    tx.sql(FIND_SESSION).bind(hash.as_bytes().to_vec()).bind(now).optional().await
}

/// The same by the session's id.
pub(crate) async fn find_session_by_id(tx: &mut Tx, id: Uuid) -> Result<Option<Live>> {
    tx.sql(FIND_SESSION_BY_ID).bind(id).optional().await
}

/// Notes that a session was used.
pub(crate) async fn slide(tx: &mut Tx, id: Uuid, seen: Timestamp, idle_expires_at: Timestamp) -> Result<()> {
    tx.sql(SLIDE).bind(seen).bind(idle_expires_at).bind(id).run().await.map(drop)
}

/// Ends a session; `false` when there is none that counts.
pub(crate) async fn revoke(tx: &mut Tx, id: Uuid, at: Timestamp) -> Result<bool> {
    Ok(tx.sql(REVOKE).bind(at).bind(id).optional::<Ended>().await?.is_some())
}

/// The same by the hash of its token; the session that it was.
pub(crate) async fn revoke_by_hash(tx: &mut Tx, hash: &TokenHash, at: Timestamp) -> Result<Option<Ended>> {
    tx.sql(REVOKE_BY_HASH).bind(at).bind(hash.as_bytes().to_vec()).optional().await
}

/// Ends all but the newest `keep` sessions of one kind.
pub(crate) async fn evict(
    tx: &mut Tx,
    user: UserId,
    kind: SessionKind,
    keep: i64,
    at: Timestamp,
) -> Result<Vec<Ended>> {
    tx.sql(EVICT).bind(at).bind(user).bind(kind).bind(keep).all().await
}

/// Deletes up to `limit` sessions that ended before `before`; answers how many it were.
pub(crate) async fn sweep(tx: &mut Tx, before: Timestamp, limit: i64) -> Result<u64> {
    tx.sql(SWEEP).bind(before).bind(limit).run().await
}
