//! The texts about keys. Each is a pair only because PostgreSQL has to be told the schema.

#[cfg(feature = "testing")]
use crate::Record;
use crate::row;
use crate::sql::Sql;
#[cfg(feature = "testing")]
use crate::sql::Statement;
use kernel::UserId;

row! {
    pub(super) struct Wrapped {
        pub(super) wrapped: Vec<u8>,
    }
}

row! {
    pub(super) struct PersonKey {
        pub(super) user_id: UserId,
        pub(super) wrapped: Vec<u8>,
    }
}

row! {
    pub(super) struct ServerKey {
        pub(super) name: String,
        pub(super) wrapped: Vec<u8>,
    }
}

macro_rules! keyed {
    ($before:literal, $after:literal) => {
        Sql::pair(concat!($before, " ", $after), concat!($before, " mindvibe_keys.", $after))
    };
}

pub(super) const FIND: Sql = keyed!("select wrapped from", "data_keys where user_id = $1");
pub(super) const INSERT: Sql = keyed!("insert into", "data_keys (user_id, wrapped, created_at) values ($1, $2, $3)");
pub(super) const DELETE: Sql = keyed!("delete from", "data_keys where user_id = $1");
pub(super) const AFTER: Sql =
    keyed!("select user_id, wrapped from", "data_keys where user_id > $1 order by user_id limit 256");
/// Only what was read is replaced: another process may be doing the same.
pub(super) const REWRAP: Sql = keyed!("update", "data_keys set wrapped = $1 where user_id = $2 and wrapped = $3");

pub(super) const FIND_SERVER: Sql = keyed!("select wrapped from", "server_keys where name = $1");
pub(super) const INSERT_SERVER: Sql =
    keyed!("insert into", "server_keys (name, wrapped, created_at) values ($1, $2, $3) on conflict (name) do nothing");
pub(super) const ALL_SERVER: Sql = keyed!("select name, wrapped from", "server_keys order by name");
pub(super) const REWRAP_SERVER: Sql = keyed!("update", "server_keys set wrapped = $1 where name = $2 and wrapped = $3");

#[cfg(feature = "testing")]
pub(crate) const STATEMENTS: &[Statement] = &[
    Statement::read(FIND, Wrapped::COLUMNS),
    Statement::write(INSERT),
    Statement::write(DELETE),
    Statement::read(AFTER, PersonKey::COLUMNS),
    Statement::write(REWRAP),
    Statement::read(FIND_SERVER, Wrapped::COLUMNS),
    Statement::write(INSERT_SERVER),
    Statement::read(ALL_SERVER, ServerKey::COLUMNS),
    Statement::write(REWRAP_SERVER),
];
