//! The texts about sessions as their owner sees them, trusted devices and sign-ins under way.

use crate::model::SessionKind;
use crate::queries::Id;
use kernel::{Timestamp, UserId};
use seal::TokenHash;
use store::{Record, Result, Sql, Statement, Tx};
use uuid::Uuid;

store::row! {
    /// Whether an account has a second factor.
    pub(crate) struct Enrolled { pub(crate) second_factor: bool }
}

store::row! {
    /// From where an account was used.
    pub(crate) struct Seen {
        pub(crate) ip_prefix: String,
        pub(crate) user_agent: String,
    }
}

store::row! {
    /// What a password is checked against.
    pub(crate) struct Password { pub(crate) password_phc: String }
}

store::row! {
    /// A session as its owner sees it.
    pub(crate) struct Listed {
        pub(crate) id: Uuid,
        pub(crate) kind: SessionKind,
        pub(crate) created_at: Timestamp,
        pub(crate) last_seen_at: Timestamp,
        pub(crate) expires_at: Timestamp,
        pub(crate) ip_prefix: String,
        pub(crate) user_agent: String,
        pub(crate) suspicious_at: Option<Timestamp>,
    }
}

store::row! {
    /// A trusted device.
    pub(crate) struct Device {
        pub(crate) id: Uuid,
        pub(crate) token_hash: Vec<u8>,
        pub(crate) user_agent: String,
        pub(crate) ip_prefix: String,
        pub(crate) created_at: Timestamp,
        pub(crate) last_used_at: Timestamp,
        pub(crate) expires_at: Timestamp,
    }
}

store::row! {
    /// A sign-in that waits for its second step.
    pub(crate) struct Challenge {
        pub(crate) id: Uuid,
        pub(crate) user_id: UserId,
    }
}

const ENROLLED: Sql = Sql::same("select second_factor from users where id = $1");
const PASSWORD: Sql = Sql::same("select password_phc from users where id = $1 and status = 'active'");
/// Not after "it was not me": only a new one counts from then on.
const USABLE_PASSWORD: Sql =
    Sql::same("select password_phc from users where id = $1 and status = 'active' and password_state <> 'void'");
const SENDERS: Sql = Sql::same(
    "select ip_prefix, user_agent from sessions where user_id = $1 order by created_at desc, id desc limit 200",
);
const LIST: Sql = Sql::same(
    "select sessions.id, sessions.kind, sessions.created_at, sessions.last_seen_at, sessions.expires_at,
            sessions.ip_prefix, sessions.user_agent, sessions.suspicious_at
     from sessions join users on users.id = sessions.user_id
     where sessions.user_id = $1 and sessions.revoked_at is null and sessions.token_epoch = users.token_epoch
       and sessions.expires_at > $2 and sessions.idle_expires_at > $2
     order by sessions.last_seen_at desc, sessions.id desc limit 100",
);
const REVOKE_ONE: Sql =
    Sql::same("update sessions set revoked_at = $1 where id = $2 and user_id = $3 and revoked_at is null returning id");
const REVOKE_OTHERS: Sql = Sql::same(
    "update sessions set revoked_at = $1
     where user_id = $2 and id <> $3 and revoked_at is null and expires_at > $1 and idle_expires_at > $1",
);
const REVOKE_ALL: Sql = Sql::same("update sessions set revoked_at = $1 where user_id = $2 and revoked_at is null");
const RAISE_EPOCH: Sql = Sql::same("update users set token_epoch = token_epoch + 1, updated_at = $1 where id = $2");
const SUSPECT: Sql = Sql::same(
    "update sessions set suspicious_at = $1
     where id = $2 and suspicious_at is null and revoked_at is null returning id",
);
const RENEW: Sql = Sql::same(
    "update sessions set previous_hash = token_hash, previous_until = $1, token_hash = $2, renewed_at = $3
     where id = $4 and token_hash = $5 and revoked_at is null returning id",
);
/// What the session is bound to from now on is what the proof came from.
const CONFIRM: Sql = Sql::same(
    "update sessions set confirmed_at = $1, second_factor = $2, ip_prefix = $3, user_agent = $4, suspicious_at = null
     where id = $5 and revoked_at is null returning id",
);
const CHANGE_ID: Sql = Sql::same(
    "update sessions set previous_hash = token_hash, previous_until = $1, token_hash = $2, renewed_at = $3
     where id = $4 and revoked_at is null returning id",
);
const INSERT_DEVICE: Sql = Sql::same(
    "insert into trusted_devices
         (id, user_id, token_hash, user_agent, ip_prefix, created_at, last_used_at, expires_at)
     values ($1, $2, $3, $4, $5, $6, $6, $7)",
);
const EVICT_DEVICES: Sql = Sql::same(
    "delete from trusted_devices where user_id = $1 and id not in (
         select id from trusted_devices where user_id = $1 order by created_at desc, id desc limit $2)",
);
const FIND_DEVICE: Sql =
    Sql::same("select id from trusted_devices where token_hash = $1 and user_id = $2 and expires_at > $3");
const USE_DEVICE: Sql = Sql::same("update trusted_devices set last_used_at = $1 where id = $2 and user_id = $3");
const LIST_DEVICES: Sql = Sql::same(
    "select id, token_hash, user_agent, ip_prefix, created_at, last_used_at, expires_at
     from trusted_devices where user_id = $1 and expires_at > $2 order by created_at desc, id desc limit 100",
);
const DELETE_DEVICE: Sql = Sql::same("delete from trusted_devices where id = $1 and user_id = $2 returning id");
const DELETE_DEVICES: Sql = Sql::same("delete from trusted_devices where user_id = $1");
/// Nothing happens for an account that may not be used (any more).
const INSERT_CHALLENGE: Sql = Sql::same(
    "insert into challenges (id, user_id, token_hash, surface, token_epoch, created_at, expires_at)
     select $1, users.id, $2, $3, users.token_epoch, $4, $5 from users where users.id = $6 and users.status = 'active'",
);
const FIND_CHALLENGE: Sql = Sql::same(
    "select challenges.id, challenges.user_id from challenges join users on users.id = challenges.user_id
     where challenges.token_hash = $1 and challenges.surface = $2 and challenges.expires_at > $3
       and challenges.token_epoch = users.token_epoch and users.status = 'active'",
);
const USE_CHALLENGE: Sql = Sql::same(
    "delete from challenges where id = $1 and exists(
         select 1 from users where users.id = challenges.user_id and users.token_epoch = challenges.token_epoch
           and users.status = 'active')
     returning id",
);
const DELETE_CHALLENGES: Sql = Sql::same("delete from challenges where user_id = $1");
const SWEEP_CHALLENGES: Sql =
    Sql::same("delete from challenges where id in (select id from challenges where expires_at <= $1 limit $2)");
const SWEEP_DEVICES: Sql = Sql::same(
    "delete from trusted_devices where id in (select id from trusted_devices where expires_at <= $1 limit $2)",
);

/// Every text of this module, for the catalogue test.
pub const STATEMENTS: &[Statement] = &[
    Statement::read(ENROLLED, Enrolled::COLUMNS),
    Statement::read(PASSWORD, Password::COLUMNS),
    Statement::read(USABLE_PASSWORD, Password::COLUMNS),
    Statement::read(SENDERS, Seen::COLUMNS),
    Statement::read(LIST, Listed::COLUMNS),
    Statement::read(REVOKE_ONE, Id::COLUMNS),
    Statement::write(REVOKE_OTHERS),
    Statement::write(REVOKE_ALL),
    Statement::write(RAISE_EPOCH),
    Statement::read(SUSPECT, Id::COLUMNS),
    Statement::read(RENEW, Id::COLUMNS),
    Statement::read(CONFIRM, Id::COLUMNS),
    Statement::read(CHANGE_ID, Id::COLUMNS),
    Statement::write(INSERT_DEVICE),
    Statement::write(EVICT_DEVICES),
    Statement::read(FIND_DEVICE, Id::COLUMNS),
    Statement::write(USE_DEVICE),
    Statement::read(LIST_DEVICES, Device::COLUMNS),
    Statement::read(DELETE_DEVICE, Id::COLUMNS),
    Statement::write(DELETE_DEVICES),
    Statement::write(INSERT_CHALLENGE),
    Statement::read(FIND_CHALLENGE, Challenge::COLUMNS),
    Statement::read(USE_CHALLENGE, Id::COLUMNS),
    Statement::write(DELETE_CHALLENGES),
    Statement::write(SWEEP_CHALLENGES),
    Statement::write(SWEEP_DEVICES),
];

/// Who confirmed a session, and from where.
pub(crate) struct Confirmation {
    pub(crate) session: Uuid,
    pub(crate) at: Timestamp,
    pub(crate) second_factor: bool,
    pub(crate) ip_prefix: String,
    pub(crate) user_agent: String,
}

/// A trusted device, ready to be stored.
pub(crate) struct NewDevice {
    pub(crate) id: Uuid,
    pub(crate) user: UserId,
    pub(crate) token_hash: TokenHash,
    pub(crate) user_agent: String,
    pub(crate) ip_prefix: String,
    pub(crate) at: Timestamp,
    pub(crate) expires_at: Timestamp,
}

/// A challenge, ready to be stored.
pub(crate) struct NewChallenge {
    pub(crate) id: Uuid,
    pub(crate) user: UserId,
    pub(crate) token_hash: TokenHash,
    pub(crate) surface: SessionKind,
    pub(crate) at: Timestamp,
    pub(crate) expires_at: Timestamp,
}

/// Whether sign-in asks an account for a second factor.
pub(crate) async fn has_second_factor(tx: &mut Tx, user: UserId) -> Result<bool> {
    let enrolled: Option<Enrolled> = tx.sql(ENROLLED).bind(user).optional().await?;
    Ok(enrolled.is_some_and(|enrolled| enrolled.second_factor))
}

/// The hash of an active account's password.
pub(crate) async fn password(tx: &mut Tx, user: UserId) -> Result<Option<String>> {
    let found: Option<Password> = tx.sql(PASSWORD).bind(user).optional().await?;
    Ok(found.map(|found| found.password_phc))
}

/// The hash of a password that still proves something.
pub(crate) async fn usable_password(tx: &mut Tx, user: UserId) -> Result<Option<String>> {
    let found: Option<Password> = tx.sql(USABLE_PASSWORD).bind(user).optional().await?;
    Ok(found.map(|found| found.password_phc))
}

/// From where an account was used, as far as is still known.
pub(crate) async fn senders(tx: &mut Tx, user: UserId) -> Result<Vec<Seen>> {
    tx.sql(SENDERS).bind(user).all().await
}

/// The sessions of an account that count, the last used first.
pub(crate) async fn list(tx: &mut Tx, user: UserId, now: Timestamp) -> Result<Vec<Listed>> {
    tx.sql(LIST).bind(user).bind(now).all().await
}

/// Ends one of somebody's sessions; `false` when it is not theirs or has ended.
pub(crate) async fn revoke_one(tx: &mut Tx, user: UserId, id: Uuid, at: Timestamp) -> Result<bool> {
    Ok(tx.sql(REVOKE_ONE).bind(at).bind(id).bind(user).optional::<Id>().await?.is_some())
}

/// Ends all of somebody's sessions but one; answers how many.
pub(crate) async fn revoke_others(tx: &mut Tx, user: UserId, but: Uuid, at: Timestamp) -> Result<u64> {
    tx.sql(REVOKE_OTHERS).bind(at).bind(user).bind(but).run().await
}

/// Ends all of somebody's sessions.
pub(crate) async fn revoke_all(tx: &mut Tx, user: UserId, at: Timestamp) -> Result<()> {
    tx.sql(REVOKE_ALL).bind(at).bind(user).run().await.map(drop)
}

/// Makes everything void that was given out under the present epoch.
pub(crate) async fn raise_epoch(tx: &mut Tx, user: UserId, at: Timestamp) -> Result<()> {
    tx.sql(RAISE_EPOCH).bind(at).bind(user).run().await.map(drop)
}

/// Marks a session as suspicious; `false` when it is already.
pub(crate) async fn suspect(tx: &mut Tx, id: Uuid, at: Timestamp) -> Result<bool> {
    Ok(tx.sql(SUSPECT).bind(at).bind(id).optional::<Id>().await?.is_some())
}

/// Gives a session another id, if `old` is still the present one.
pub(crate) async fn renew(
    tx: &mut Tx,
    id: Uuid,
    old: &TokenHash,
    new: &TokenHash,
    at: Timestamp,
    until: Timestamp,
) -> Result<bool> {
    let renewed = tx.sql(RENEW).bind(until).bind(new.as_bytes().to_vec()).bind(at).bind(id);
    Ok(renewed.bind(old.as_bytes().to_vec()).optional::<Id>().await?.is_some())
}

/// Notes that whoever holds a session has proven who they are; `false` when it has ended.
pub(crate) async fn confirm(tx: &mut Tx, by: Confirmation) -> Result<bool> {
    let confirmed = tx.sql(CONFIRM).bind(by.at).bind(by.second_factor).bind(by.ip_prefix).bind(by.user_agent);
    Ok(confirmed.bind(by.session).optional::<Id>().await?.is_some())
}

/// Gives a session another id, whatever the present one is.
pub(crate) async fn change_id(tx: &mut Tx, id: Uuid, new: &TokenHash, at: Timestamp, until: Timestamp) -> Result<bool> {
    let changed = tx.sql(CHANGE_ID).bind(until).bind(new.as_bytes().to_vec()).bind(at).bind(id);
    Ok(changed.optional::<Id>().await?.is_some())
}

/// Stores a trusted device; of more than `keep` the oldest go.
pub(crate) async fn insert_device(tx: &mut Tx, new: NewDevice, keep: i64) -> Result<()> {
    let user = new.user;
    let insert = tx.sql(INSERT_DEVICE).bind(new.id).bind(user).bind(new.token_hash.as_bytes().to_vec());
    insert.bind(new.user_agent).bind(new.ip_prefix).bind(new.at).bind(new.expires_at).run().await?;
    tx.sql(EVICT_DEVICES).bind(user).bind(keep).run().await.map(drop)
}

/// The trusted device of a token, if it is this person's.
pub(crate) async fn find_device(tx: &mut Tx, hash: &TokenHash, user: UserId, now: Timestamp) -> Result<Option<Uuid>> {
    let found: Option<Id> = tx.sql(FIND_DEVICE).bind(hash.as_bytes().to_vec()).bind(user).bind(now).optional().await?;
    Ok(found.map(|found| found.id))
}

/// Notes that a trusted device was used.
pub(crate) async fn use_device(tx: &mut Tx, user: UserId, id: Uuid, at: Timestamp) -> Result<()> {
    tx.sql(USE_DEVICE).bind(at).bind(id).bind(user).run().await.map(drop)
}

/// Somebody's trusted devices, the newest first.
pub(crate) async fn list_devices(tx: &mut Tx, user: UserId, now: Timestamp) -> Result<Vec<Device>> {
    tx.sql(LIST_DEVICES).bind(user).bind(now).all().await
}

/// Removes a trusted device; `false` when it is not theirs.
pub(crate) async fn delete_device(tx: &mut Tx, user: UserId, id: Uuid) -> Result<bool> {
    Ok(tx.sql(DELETE_DEVICE).bind(id).bind(user).optional::<Id>().await?.is_some())
}

/// Removes all trusted devices.
pub(crate) async fn delete_devices(tx: &mut Tx, user: UserId) -> Result<()> {
    tx.sql(DELETE_DEVICES).bind(user).run().await.map(drop)
}

/// Stores a challenge; `false` when the account may not be used.
pub(crate) async fn insert_challenge(tx: &mut Tx, new: NewChallenge) -> Result<bool> {
    let insert = tx.sql(INSERT_CHALLENGE).bind(new.id).bind(new.token_hash.as_bytes().to_vec()).bind(new.surface);
    Ok(insert.bind(new.at).bind(new.expires_at).bind(new.user).run().await? > 0)
}

/// The challenge of a token on one surface, if it counts.
pub(crate) async fn find_challenge(
    tx: &mut Tx,
    hash: &TokenHash,
    surface: SessionKind,
    now: Timestamp,
) -> Result<Option<Challenge>> {
    tx.sql(FIND_CHALLENGE).bind(hash.as_bytes().to_vec()).bind(surface).bind(now).optional().await
}

/// Uses a challenge up; `false` when somebody did, or everything of the account was ended meanwhile.
pub(crate) async fn use_challenge(tx: &mut Tx, id: Uuid) -> Result<bool> {
    Ok(tx.sql(USE_CHALLENGE).bind(id).optional::<Id>().await?.is_some())
}

/// Removes all challenges of an account.
pub(crate) async fn delete_challenges(tx: &mut Tx, user: UserId) -> Result<()> {
    tx.sql(DELETE_CHALLENGES).bind(user).run().await.map(drop)
}

/// Deletes up to `limit` of each kind of thing whose time is over; answers the largest number.
pub(crate) async fn sweep(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<u64> {
    let mut most = 0;
    for sql in [SWEEP_CHALLENGES, SWEEP_DEVICES] {
        most = most.max(tx.sql(sql).bind(now).bind(limit).run().await?);
    }
    Ok(most)
}
