//! A small schema that most tests share; stands in for a slice's `queries.rs`.

use kernel::{Ambient, Timestamp};
use store::{Db, Record, Result, Sql, Statement, Tx, row};
use uuid::Uuid;

row! {
    #[derive(Debug, Clone, PartialEq)]
    pub(crate) struct Person {
        pub(crate) id: Uuid,
        pub(crate) name: String,
        pub(crate) admin: bool,
        pub(crate) bio: Option<String>,
        pub(crate) secret: Vec<u8>,
        pub(crate) at: Timestamp,
    }
}
row! { #[derive(Debug, PartialEq)] pub(crate) struct Count { pub(crate) n: i64 } }

const PEOPLE: Sql = Sql::pair(
    "create table people (id blob not null, name text not null, admin integer not null, bio text, secret blob not null,
         at integer not null, primary key (id), constraint people_name_key unique (name),
         constraint people_name_check check (length(name) < 100)) strict",
    "create table people (id uuid not null, name text not null, admin boolean not null, bio text, secret bytea not null,
         at timestamptz not null, primary key (id), constraint people_name_key unique (name),
         constraint people_name_check check (length(name) < 100))",
);
const PEOPLE_AT: Sql = Sql::same("create index people_at_idx on people (at)");
const NOTES: Sql = Sql::pair(
    "create table notes (id integer primary key, person_id blob not null references people (id)) strict",
    "create table notes (id bigint primary key, person_id uuid not null references people (id))",
);
const PAIRS: Sql = Sql::pair(
    "create table pairs (a integer not null, b text not null, constraint pairs_a_b_key unique (a, b)) strict",
    "create table pairs (a bigint not null, b text not null, constraint pairs_a_b_key unique (a, b))",
);
/// What our schemas must never have, a deferred constraint: the tests use it to make COMMIT fail.
const LATE_NOTES: Sql = Sql::pair(
    "create table late_notes (id int primary key, person_id blob not null references people (id)
         deferrable initially deferred) strict",
    "create table late_notes (id bigint primary key, person_id uuid not null references people (id)
         deferrable initially deferred)",
);

pub(crate) const INSERT: Sql =
    Sql::same("insert into people (id, name, admin, bio, secret, at) values ($1, $2, $3, $4, $5, $6)");
pub(crate) const BY_ID: Sql = Sql::same("select id, name, admin, bio, secret, at from people where id = $1");
pub(crate) const NEWEST: Sql =
    Sql::same("select id, name, admin, bio, secret, at from people where at <= $1 order by at desc limit 1");
pub(crate) const BY_SECRET: Sql = Sql::same("select id, name, admin, bio, secret, at from people where secret = $1");
pub(crate) const COUNT: Sql = Sql::same("select count(*) as n from people");
pub(crate) const NAMED: Sql = Sql::same("select count(*) as n from people where name like $1");
pub(crate) const NOTE: Sql = Sql::same("insert into notes (id, person_id) values ($1, $2) returning id as n");
pub(crate) const PAIR: Sql = Sql::same("insert into pairs (a, b) values ($1, $2)");
pub(crate) const LATE_NOTE: Sql = Sql::same("insert into late_notes (id, person_id) values ($1, $2)");

pub(crate) const STATEMENTS: &[Statement] = &[
    Statement::write(INSERT),
    Statement::read(BY_ID, Person::COLUMNS),
    Statement::read(NEWEST, Person::COLUMNS),
    Statement::read(COUNT, Count::COLUMNS),
    Statement::read(NOTE, Count::COLUMNS),
    Statement::write(PAIR),
    Statement::write(LATE_NOTE),
];

/// Adds the tables to a fresh database.
pub(crate) async fn create_tables(db: &Db) {
    let mut tx = db.begin().await.unwrap();
    for text in [PEOPLE, PEOPLE_AT, NOTES, PAIRS, LATE_NOTES] {
        tx.sql(text).run().await.unwrap();
    }
    tx.commit().await.unwrap();
}

pub(crate) fn someone(name: impl Into<String>) -> Person {
    Person {
        id: Ambient::system().uuid(),
        name: name.into(),
        admin: true,
        bio: None,
        secret: vec![0, 1, 255],
        at: Timestamp::from_micros(1_763_000_000_123_456),
    }
}

pub(crate) async fn insert(tx: &mut Tx, p: &Person) -> Result<u64> {
    let insert = tx.sql(INSERT).bind(p.id).bind(p.name.clone()).bind(p.admin).bind(p.bio.clone());
    insert.bind(p.secret.clone()).bind(p.at).run().await
}

/// One person in a transaction of their own.
pub(crate) async fn add(db: &Db, name: &str) -> Result<()> {
    let mut tx = db.begin().await?;
    insert(&mut tx, &someone(name)).await?;
    tx.commit().await
}

pub(crate) async fn find(db: &Db, id: Uuid) -> Result<Option<Person>> {
    db.lookup().await?.sql(BY_ID).bind(id).optional().await
}

pub(crate) async fn count(db: &Db) -> i64 {
    db.read().await.unwrap().sql(COUNT).one::<Count>().await.unwrap().n
}

pub(crate) async fn named(db: &Db, like: &str) -> i64 {
    db.read().await.unwrap().sql(NAMED).bind(like.to_owned()).one::<Count>().await.unwrap().n
}
