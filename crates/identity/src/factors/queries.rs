//! The texts about sessions as their owner sees them, second factors, challenges and ceremonies.

use crate::model::SessionKind;
use kernel::{Timestamp, UserId};
use seal::TokenHash;
use store::{Record, Result, Sql, Statement, Tx};
use uuid::Uuid;

use crate::queries::Id;

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
    /// An authenticator app.
    pub(crate) struct App {
        pub(crate) secret: Vec<u8>,
        pub(crate) created_at: Timestamp,
        pub(crate) enabled_at: Option<Timestamp>,
        pub(crate) last_step: i64,
    }
}

store::row! {
    /// How much of each kind an account has.
    pub(crate) struct Standing {
        pub(crate) totp: i64,
        pub(crate) backup_codes: i64,
        pub(crate) passkeys: i64,
        pub(crate) devices: i64,
    }
}

store::row! {
    /// A backup code that is left.
    pub(crate) struct BackupCode {
        pub(crate) id: Uuid,
        pub(crate) code_phc: String,
    }
}

store::row! {
    /// How many there are.
    pub(crate) struct Count { pub(crate) n: i64 }
}

store::row! {
    /// A passkey.
    pub(crate) struct Passkey {
        pub(crate) id: Uuid,
        pub(crate) user_id: UserId,
        pub(crate) credential: Vec<u8>,
        pub(crate) name: Vec<u8>,
        pub(crate) backed_up: bool,
        pub(crate) created_at: Timestamp,
        pub(crate) last_used_at: Option<Timestamp>,
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

store::row! {
    /// What a passkey was asked.
    pub(crate) struct Ceremony {
        pub(crate) user_id: Option<UserId>,
        pub(crate) state: Vec<u8>,
        pub(crate) expires_at: Timestamp,
    }
}

const ENROLLED: Sql = Sql::same("select second_factor from users where id = $1");
const PASSWORD: Sql = Sql::same("select password_phc from users where id = $1 and status = 'active'");
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
const REVOKE_ONE: Sql = Sql::same(
    "update sessions set revoked_at = $1 where id = $2 and user_id = $3 and revoked_at is null returning id",
);
const REVOKE_OTHERS: Sql = Sql::same(
    "update sessions set revoked_at = $1
     where user_id = $2 and id <> $3 and revoked_at is null and expires_at > $1 and idle_expires_at > $1",
);
const REVOKE_ALL: Sql =
    Sql::same("update sessions set revoked_at = $1 where user_id = $2 and revoked_at is null");
const RAISE_EPOCH: Sql =
    Sql::same("update users set token_epoch = token_epoch + 1, updated_at = $1 where id = $2");
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
const FORGET_FACTOR: Sql = Sql::same("update sessions set second_factor = $1 where user_id = $2");
const ENROL: Sql = Sql::same(
    "update users set second_factor = (
         exists(select 1 from totp where totp.user_id = users.id and totp.enabled_at is not null)
         or exists(select 1 from passkeys where passkeys.user_id = users.id))
     where id = $1 returning second_factor",
);

/// A set-up that was begun anew replaces the one before; one that is finished stays.
const PREPARE_TOTP: Sql = Sql::same(
    "insert into totp (user_id, secret, created_at, enabled_at, last_step) values ($1, $2, $3, null, 0)
     on conflict (user_id) do update set secret = excluded.secret, created_at = excluded.created_at, last_step = 0
     where totp.enabled_at is null
     returning user_id as id",
);
const FIND_TOTP: Sql = Sql::same("select secret, created_at, enabled_at, last_step from totp where user_id = $1");
const ENABLE_TOTP: Sql = Sql::same(
    "update totp set enabled_at = $1, last_step = $2
     where user_id = $3 and enabled_at is null and created_at = $4 returning user_id as id",
);
/// Each step once (RFC 6238, section 5.2), however many ask at the same time.
const USE_STEP: Sql = Sql::same(
    "update totp set last_step = $1
     where user_id = $2 and enabled_at is not null and last_step < $1 returning user_id as id",
);
const DELETE_TOTP: Sql = Sql::same("delete from totp where user_id = $1 returning user_id as id");
const STANDING: Sql = Sql::same(
    "select (select count(*) from totp where user_id = $1 and enabled_at is not null) as totp,
            (select count(*) from backup_codes where user_id = $1) as backup_codes,
            (select count(*) from passkeys where user_id = $1) as passkeys,
            (select count(*) from trusted_devices where user_id = $1 and expires_at > $2) as devices",
);

const INSERT_CODE: Sql = Sql::same(
    "insert into backup_codes (id, user_id, selector, code_phc, created_at) values ($1, $2, $3, $4, $5)",
);
const FIND_CODE: Sql =
    Sql::same("select id, code_phc from backup_codes where user_id = $1 and selector = $2");
const USE_CODE: Sql = Sql::same("delete from backup_codes where id = $1 and user_id = $2 returning id");
const DELETE_CODES: Sql = Sql::same("delete from backup_codes where user_id = $1");
const COUNT_CODES: Sql = Sql::same("select count(*) as n from backup_codes where user_id = $1");

const INSERT_PASSKEY: Sql = Sql::same(
    "insert into passkeys (id, user_id, credential_hash, credential, name, backed_up, created_at, last_used_at)
     values ($1, $2, $3, $4, $5, $6, $7, null)",
);
const LIST_PASSKEYS: Sql = Sql::same(
    "select id, user_id, credential, name, backed_up, created_at, last_used_at
     from passkeys where user_id = $1 order by created_at, id limit 100",
);
const FIND_PASSKEY: Sql = Sql::same(
    "select id, user_id, credential, name, backed_up, created_at, last_used_at
     from passkeys where credential_hash = $1",
);
const FIND_PASSKEY_BY_ID: Sql = Sql::same(
    "select id, user_id, credential, name, backed_up, created_at, last_used_at
     from passkeys where id = $1 and user_id = $2",
);
const USE_PASSKEY: Sql = Sql::same(
    "update passkeys set credential = $1, backed_up = $2, last_used_at = $3
     where id = $4 and user_id = $5 returning id",
);
const RENAME_PASSKEY: Sql =
    Sql::same("update passkeys set name = $1 where id = $2 and user_id = $3 returning id");
const DELETE_PASSKEY: Sql = Sql::same("delete from passkeys where id = $1 and user_id = $2 returning id");
const DELETE_PASSKEYS: Sql = Sql::same("delete from passkeys where user_id = $1");

const INSERT_DEVICE: Sql = Sql::same(
    "insert into trusted_devices
         (id, user_id, token_hash, user_agent, ip_prefix, created_at, last_used_at, expires_at)
     values ($1, $2, $3, $4, $5, $6, $6, $7)",
);
const EVICT_DEVICES: Sql = Sql::same(
    "delete from trusted_devices where user_id = $1 and id not in (
         select id from trusted_devices where user_id = $1 order by created_at desc, id desc limit $2)",
);
const FIND_DEVICE: Sql = Sql::same(
    "select id from trusted_devices where token_hash = $1 and user_id = $2 and expires_at > $3",
);
const USE_DEVICE: Sql =
    Sql::same("update trusted_devices set last_used_at = $1 where id = $2 and user_id = $3");
const LIST_DEVICES: Sql = Sql::same(
    "select id, token_hash, user_agent, ip_prefix, created_at, last_used_at, expires_at
     from trusted_devices where user_id = $1 and expires_at > $2 order by created_at desc, id desc limit 100",
);
const DELETE_DEVICE: Sql =
    Sql::same("delete from trusted_devices where id = $1 and user_id = $2 returning id");
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

/// Asking again makes what was asked before void.
const INSERT_CEREMONY: Sql = Sql::same(
    "insert into ceremonies (id, kind, user_id, state, expires_at) values ($1, $2, $3, $4, $5)
     on conflict (id) do update set kind = excluded.kind, user_id = excluded.user_id, state = excluded.state,
                                    expires_at = excluded.expires_at",
);
const TAKE_CEREMONY: Sql =
    Sql::same("delete from ceremonies where id = $1 and kind = $2 returning user_id, state, expires_at");

const SWEEP_CHALLENGES: Sql =
    Sql::same("delete from challenges where id in (select id from challenges where expires_at <= $1 limit $2)");
const SWEEP_CEREMONIES: Sql =
    Sql::same("delete from ceremonies where id in (select id from ceremonies where expires_at <= $1 limit $2)");
const SWEEP_DEVICES: Sql = Sql::same(
    "delete from trusted_devices where id in (select id from trusted_devices where expires_at <= $1 limit $2)",
);

/// Every text of this module, for the catalogue test.
pub const STATEMENTS: &[Statement] = &[
    Statement::read(ENROLLED, Enrolled::COLUMNS),
    Statement::read(PASSWORD, Password::COLUMNS),
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
    Statement::write(FORGET_FACTOR),
    Statement::read(ENROL, Enrolled::COLUMNS),
    Statement::read(PREPARE_TOTP, Id::COLUMNS),
    Statement::read(FIND_TOTP, App::COLUMNS),
    Statement::read(ENABLE_TOTP, Id::COLUMNS),
    Statement::read(USE_STEP, Id::COLUMNS),
    Statement::read(DELETE_TOTP, Id::COLUMNS),
    Statement::read(STANDING, Standing::COLUMNS),
    Statement::write(INSERT_CODE),
    Statement::read(FIND_CODE, BackupCode::COLUMNS),
    Statement::read(USE_CODE, Id::COLUMNS),
    Statement::write(DELETE_CODES),
    Statement::read(COUNT_CODES, Count::COLUMNS),
    Statement::write(INSERT_PASSKEY),
    Statement::read(LIST_PASSKEYS, Passkey::COLUMNS),
    Statement::read(FIND_PASSKEY, Passkey::COLUMNS),
    Statement::read(FIND_PASSKEY_BY_ID, Passkey::COLUMNS),
    Statement::read(USE_PASSKEY, Id::COLUMNS),
    Statement::read(RENAME_PASSKEY, Id::COLUMNS),
    Statement::read(DELETE_PASSKEY, Id::COLUMNS),
    Statement::write(DELETE_PASSKEYS),
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
    Statement::write(INSERT_CEREMONY),
    Statement::read(TAKE_CEREMONY, Ceremony::COLUMNS),
    Statement::write(SWEEP_CHALLENGES),
    Statement::write(SWEEP_CEREMONIES),
    Statement::write(SWEEP_DEVICES),
];

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

/// Who confirmed a session, and from where.
pub(crate) struct Confirmation {
    pub(crate) session: Uuid,
    pub(crate) at: Timestamp,
    pub(crate) second_factor: bool,
    pub(crate) ip_prefix: String,
    pub(crate) user_agent: String,
}

/// Notes that whoever holds a session has proven who they are; `false` when it has ended.
pub(crate) async fn confirm(tx: &mut Tx, by: Confirmation) -> Result<bool> {
    let confirmed = tx.sql(CONFIRM).bind(by.at).bind(by.second_factor).bind(by.ip_prefix).bind(by.user_agent);
    Ok(confirmed.bind(by.session).optional::<Id>().await?.is_some())
}

/// Gives a session another id, whatever the present one is.
pub(crate) async fn change_id(
    tx: &mut Tx,
    id: Uuid,
    new: &TokenHash,
    at: Timestamp,
    until: Timestamp,
) -> Result<bool> {
    let changed = tx.sql(CHANGE_ID).bind(until).bind(new.as_bytes().to_vec()).bind(at).bind(id);
    Ok(changed.optional::<Id>().await?.is_some())
}

/// Notes whether an account has a second factor now. Without one, no session has shown one.
pub(crate) async fn enrol(tx: &mut Tx, user: UserId) -> Result<bool> {
    let enrolled: Option<Enrolled> = tx.sql(ENROL).bind(user).optional().await?;
    let enrolled = enrolled.is_some_and(|enrolled| enrolled.second_factor);
    if !enrolled {
        tx.sql(FORGET_FACTOR).bind(false).bind(user).run().await?;
    }
    Ok(enrolled)
}

/// Keeps the secret of an app that is being set up; `false` when one is set up.
pub(crate) async fn prepare_totp(tx: &mut Tx, user: UserId, sealed: Vec<u8>, at: Timestamp) -> Result<bool> {
    Ok(tx.sql(PREPARE_TOTP).bind(user).bind(sealed).bind(at).optional::<Id>().await?.is_some())
}

/// The app, set up or being so.
pub(crate) async fn find_totp(tx: &mut Tx, user: UserId) -> Result<Option<App>> {
    tx.sql(FIND_TOTP).bind(user).optional().await
}

/// The app counts from now on; `false` when it did already, or the set-up was begun anew meanwhile.
pub(crate) async fn enable_totp(
    tx: &mut Tx,
    user: UserId,
    at: Timestamp,
    step: i64,
    begun: Timestamp,
) -> Result<bool> {
    let enabled = tx.sql(ENABLE_TOTP).bind(at).bind(step).bind(user).bind(begun);
    Ok(enabled.optional::<Id>().await?.is_some())
}

/// Uses a step up; `false` when it or a later one was.
pub(crate) async fn use_step(tx: &mut Tx, user: UserId, step: i64) -> Result<bool> {
    Ok(tx.sql(USE_STEP).bind(step).bind(user).optional::<Id>().await?.is_some())
}

/// Removes the app; `false` when there is none.
pub(crate) async fn delete_totp(tx: &mut Tx, user: UserId) -> Result<bool> {
    Ok(tx.sql(DELETE_TOTP).bind(user).optional::<Id>().await?.is_some())
}

/// How much of each kind an account has.
pub(crate) async fn standing(tx: &mut Tx, user: UserId, now: Timestamp) -> Result<Standing> {
    tx.sql(STANDING).bind(user).bind(now).one().await
}

/// Stores a backup code.
pub(crate) async fn insert_code(
    tx: &mut Tx,
    id: Uuid,
    user: UserId,
    selector: String,
    phc: String,
    at: Timestamp,
) -> Result<()> {
    tx.sql(INSERT_CODE).bind(id).bind(user).bind(selector).bind(phc).bind(at).run().await.map(drop)
}

/// The backup code of a selector.
pub(crate) async fn find_code(tx: &mut Tx, user: UserId, selector: String) -> Result<Option<BackupCode>> {
    tx.sql(FIND_CODE).bind(user).bind(selector).optional().await
}

/// Uses a backup code up; `false` when somebody did.
pub(crate) async fn use_code(tx: &mut Tx, user: UserId, id: Uuid) -> Result<bool> {
    Ok(tx.sql(USE_CODE).bind(id).bind(user).optional::<Id>().await?.is_some())
}

/// Removes all backup codes.
pub(crate) async fn delete_codes(tx: &mut Tx, user: UserId) -> Result<()> {
    tx.sql(DELETE_CODES).bind(user).run().await.map(drop)
}

/// How many backup codes are left.
pub(crate) async fn count_codes(tx: &mut Tx, user: UserId) -> Result<i64> {
    Ok(tx.sql(COUNT_CODES).bind(user).one::<Count>().await?.n)
}

/// A passkey, ready to be stored.
pub(crate) struct NewPasskey {
    pub(crate) id: Uuid,
    pub(crate) user: UserId,
    pub(crate) credential_hash: [u8; 32],
    pub(crate) credential: Vec<u8>,
    pub(crate) name: Vec<u8>,
    pub(crate) backed_up: bool,
    pub(crate) at: Timestamp,
}

/// Stores a passkey; one that somebody has is the unique constraint `passkeys_credential_hash_key`.
pub(crate) async fn insert_passkey(tx: &mut Tx, new: NewPasskey) -> Result<()> {
    let insert = tx.sql(INSERT_PASSKEY).bind(new.id).bind(new.user).bind(new.credential_hash.to_vec());
    insert.bind(new.credential).bind(new.name).bind(new.backed_up).bind(new.at).run().await.map(drop)
}

/// Somebody's passkeys, the oldest first.
pub(crate) async fn list_passkeys(tx: &mut Tx, user: UserId) -> Result<Vec<Passkey>> {
    tx.sql(LIST_PASSKEYS).bind(user).all().await
}

/// The passkey of a credential.
pub(crate) async fn find_passkey(tx: &mut Tx, credential_hash: [u8; 32]) -> Result<Option<Passkey>> {
    tx.sql(FIND_PASSKEY).bind(credential_hash.to_vec()).optional().await
}

/// One of somebody's passkeys.
pub(crate) async fn find_passkey_by_id(tx: &mut Tx, user: UserId, id: Uuid) -> Result<Option<Passkey>> {
    tx.sql(FIND_PASSKEY_BY_ID).bind(id).bind(user).optional().await
}

/// Notes that a passkey was used; `false` when it is not there any more.
pub(crate) async fn use_passkey(
    tx: &mut Tx,
    user: UserId,
    id: Uuid,
    credential: Vec<u8>,
    backed_up: bool,
    at: Timestamp,
) -> Result<bool> {
    let used = tx.sql(USE_PASSKEY).bind(credential).bind(backed_up).bind(at).bind(id).bind(user);
    Ok(used.optional::<Id>().await?.is_some())
}

/// Names a passkey; `false` when it is not theirs.
pub(crate) async fn rename_passkey(tx: &mut Tx, user: UserId, id: Uuid, name: Vec<u8>) -> Result<bool> {
    Ok(tx.sql(RENAME_PASSKEY).bind(name).bind(id).bind(user).optional::<Id>().await?.is_some())
}

/// Removes a passkey; `false` when it is not theirs.
pub(crate) async fn delete_passkey(tx: &mut Tx, user: UserId, id: Uuid) -> Result<bool> {
    Ok(tx.sql(DELETE_PASSKEY).bind(id).bind(user).optional::<Id>().await?.is_some())
}

/// Removes all passkeys.
pub(crate) async fn delete_passkeys(tx: &mut Tx, user: UserId) -> Result<()> {
    tx.sql(DELETE_PASSKEYS).bind(user).run().await.map(drop)
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

/// Stores a trusted device; of more than `keep` the oldest go.
pub(crate) async fn insert_device(tx: &mut Tx, new: NewDevice, keep: i64) -> Result<()> {
    let user = new.user;
    let insert = tx.sql(INSERT_DEVICE).bind(new.id).bind(user).bind(new.token_hash.as_bytes().to_vec());
    insert.bind(new.user_agent).bind(new.ip_prefix).bind(new.at).bind(new.expires_at).run().await?;
    tx.sql(EVICT_DEVICES).bind(user).bind(keep).run().await.map(drop)
}

/// The trusted device of a token, if it is this person's.
pub(crate) async fn find_device(
    tx: &mut Tx,
    hash: &TokenHash,
    user: UserId,
    now: Timestamp,
) -> Result<Option<Uuid>> {
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

/// A challenge, ready to be stored.
pub(crate) struct NewChallenge {
    pub(crate) id: Uuid,
    pub(crate) user: UserId,
    pub(crate) token_hash: TokenHash,
    pub(crate) surface: SessionKind,
    pub(crate) at: Timestamp,
    pub(crate) expires_at: Timestamp,
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

/// Keeps what a passkey is asked.
pub(crate) async fn insert_ceremony(
    tx: &mut Tx,
    id: Uuid,
    kind: &'static str,
    user: Option<UserId>,
    state: Vec<u8>,
    expires_at: Timestamp,
) -> Result<()> {
    let insert = tx.sql(INSERT_CEREMONY).bind(id).bind(kind.to_owned()).bind(user);
    insert.bind(state).bind(expires_at).run().await.map(drop)
}

/// Takes what a passkey was asked: nobody can answer it again.
pub(crate) async fn take_ceremony(tx: &mut Tx, id: Uuid, kind: &'static str) -> Result<Option<Ceremony>> {
    tx.sql(TAKE_CEREMONY).bind(id).bind(kind.to_owned()).optional().await
}

/// Deletes up to `limit` of each kind of thing whose time is over; answers the largest number.
pub(crate) async fn sweep(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<u64> {
    let mut most = 0;
    for sql in [SWEEP_CHALLENGES, SWEEP_CEREMONIES, SWEEP_DEVICES] {
        most = most.max(tx.sql(sql).bind(now).bind(limit).run().await?);
    }
    Ok(most)
}
