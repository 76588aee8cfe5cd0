//! The texts about second factors and what passkeys are asked.

use super::access_queries::Enrolled;
use crate::queries::Id;
use kernel::{Timestamp, UserId};
use store::{Record, Result, Sql, Statement, Tx};
use uuid::Uuid;

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
    /// What a passkey was asked.
    pub(crate) struct Ceremony {
        pub(crate) user_id: Option<UserId>,
        pub(crate) state: Vec<u8>,
        pub(crate) expires_at: Timestamp,
    }
}

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

const INSERT_CODE: Sql =
    Sql::same("insert into backup_codes (id, user_id, selector, code_phc, created_at) values ($1, $2, $3, $4, $5)");
const FIND_CODE: Sql = Sql::same("select id, code_phc from backup_codes where user_id = $1 and selector = $2");
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
const RENAME_PASSKEY: Sql = Sql::same("update passkeys set name = $1 where id = $2 and user_id = $3 returning id");
const DELETE_PASSKEY: Sql = Sql::same("delete from passkeys where id = $1 and user_id = $2 returning id");
const DELETE_PASSKEYS: Sql = Sql::same("delete from passkeys where user_id = $1");

/// Asking again makes what was asked before void.
const INSERT_CEREMONY: Sql = Sql::same(
    "insert into ceremonies (id, kind, user_id, state, expires_at) values ($1, $2, $3, $4, $5)
     on conflict (id) do update set kind = excluded.kind, user_id = excluded.user_id, state = excluded.state,
                                    expires_at = excluded.expires_at",
);
/// Only by whom it was begun for, so that nobody can spoil what somebody else is about to answer.
const TAKE_CEREMONY: Sql = Sql::same(
    "delete from ceremonies where id = $1 and kind = $2 and user_id = $3 returning user_id, state, expires_at",
);
/// What was asked of nobody in particular; or of anybody, in the weakened build.
const TAKE_ANY_CEREMONY: Sql = Sql::same(
    "delete from ceremonies where id = $1 and kind = $2 and (user_id is null or $3)
     returning user_id, state, expires_at",
);

const SWEEP_CEREMONIES: Sql =
    Sql::same("delete from ceremonies where id in (select id from ceremonies where expires_at <= $1 limit $2)");

/// Every text of this module, for the catalogue test.
pub const STATEMENTS: &[Statement] = &[
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
    Statement::write(INSERT_CEREMONY),
    Statement::read(TAKE_CEREMONY, Ceremony::COLUMNS),
    Statement::read(TAKE_ANY_CEREMONY, Ceremony::COLUMNS),
    Statement::write(SWEEP_CEREMONIES),
];

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
pub(crate) async fn enable_totp(tx: &mut Tx, user: UserId, at: Timestamp, step: i64, begun: Timestamp) -> Result<bool> {
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
    let asked = tx.sql(USE_PASSKEY).bind(credential).bind(backed_up).bind(at).bind(id).bind(user);
    Ok(asked.optional::<Id>().await?.is_some())
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
pub(crate) async fn take_ceremony(
    tx: &mut Tx,
    id: Uuid,
    kind: &'static str,
    user: Option<UserId>,
    anybodys: bool,
) -> Result<Option<Ceremony>> {
    match user.filter(|_| !anybodys) {
        Some(user) => tx.sql(TAKE_CEREMONY).bind(id).bind(kind.to_owned()).bind(user).optional().await,
        None => tx.sql(TAKE_ANY_CEREMONY).bind(id).bind(kind.to_owned()).bind(anybodys).optional().await,
    }
}

/// Deletes up to `limit` questions that nobody has answered in time; answers how many it were.
pub(crate) async fn sweep(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<u64> {
    tx.sql(SWEEP_CEREMONIES).bind(now).bind(limit).run().await
}
