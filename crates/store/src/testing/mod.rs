//! For tests, here and in slices: a fresh database per test on either engine, fixtures, and the judgement of statements.
//!
//! Behind the feature `testing`, which no program enables. Everything panics with a sentence instead of returning errors.

#![expect(clippy::missing_panics_doc, reason = "panicking is how a test says no")]

mod catalogue;
mod postgres;
mod schema;

pub use catalogue::{key_statements, no_scans, pairs, statements};
pub use schema::{dump as schema, dump_keys as key_schema};

use crate::keys::KeyStore;
use crate::sql::Sql;
use crate::{Db, Policy, Settings};
use kernel::{Ambient, Secret, UserId};
use std::time::Duration;
use tempfile::TempDir;

/// The `SECRET_KEY` of tests.
pub const SECRET_KEY: &str = "a secret key that only tests use, 0123456789";

/// Instantiates each `async fn(Db)` of the enclosing module once per engine, each with a database of its own.
///
/// The crate needs `tokio` with `macros` and `rt-multi-thread` among its dev-dependencies, and `store` with `testing`.
///
/// ```text
/// store::conformance!(a_mood_comes_back, a_deleted_mood_is_gone);
///
/// async fn a_mood_comes_back(db: store::Db) { … }
/// ```
#[macro_export]
macro_rules! conformance {
    ($($name:ident),* $(,)?) => {
        mod on_sqlite {
            $(#[::tokio::test(flavor = "multi_thread")]
            async fn $name() {
                let temporary = $crate::testing::sqlite().await;
                super::$name(temporary.db()).await;
                temporary.end().await;
            })*
        }
        mod on_postgres {
            $(#[::tokio::test(flavor = "multi_thread")]
            async fn $name() {
                let temporary = $crate::testing::postgres().await;
                super::$name(temporary.db()).await;
                temporary.end().await;
            })*
        }
    };
}

/// A database that lives as long as a test.
pub struct Temporary {
    db: Db,
    settings: Settings,
    /// PostgreSQL: its name.
    name: Option<String>,
    _dir: TempDir,
}

impl Temporary {
    /// The open database.
    pub fn db(&self) -> Db {
        self.db.clone()
    }

    /// How it was opened: for a test that opens it again.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Closes and deletes it. A test that failed leaves its PostgreSQL database behind, to look at.
    pub async fn end(self) {
        self.db.close().await;
        if let Some(name) = self.name {
            postgres::drop_database(&name).await;
        }
    }
}

/// Limits that a test can wait for.
pub fn policy() -> Policy {
    Policy { wait: Duration::from_secs(4), ..Policy::default() }
}

/// A directory that goes away with its handle.
pub fn directory() -> TempDir {
    tempfile::Builder::new().prefix("mindvibe-test-").tempdir().expect("a temporary directory can be made")
}

/// A fresh SQLite database.
pub async fn sqlite() -> Temporary {
    Box::pin(sqlite_with(policy())).await
}

/// A fresh SQLite database under other limits.
pub async fn sqlite_with(policy: Policy) -> Temporary {
    let dir = directory();
    let settings = Settings { policy, ..Settings::sqlite(dir.path(), "test") };
    let db = Db::open(&settings).await.expect("a fresh SQLite database opens");
    Temporary { db, settings, name: None, _dir: dir }
}

/// A fresh PostgreSQL database on the server that `TEST_POSTGRES_URL` names.
pub async fn postgres() -> Temporary {
    Box::pin(postgres_with(policy())).await
}

/// A fresh PostgreSQL database under other limits.
pub async fn postgres_with(policy: Policy) -> Temporary {
    let (name, url) = postgres::create_database().await;
    let dir = directory();
    let settings = Settings { policy, ..Settings::postgres(Secret::new(url), dir.path(), "test") };
    let db = Db::open(&settings).await.expect("a fresh PostgreSQL database opens");
    Temporary { db, settings, name: Some(name), _dir: dir }
}

/// A fresh PostgreSQL database whose key store is still to be made, under whatever secret.
pub async fn postgres_without_keys() -> Temporary {
    let temporary = Box::pin(postgres()).await;
    if let crate::db::Kind::Postgres(pg) = &temporary.db.inner {
        let dropped = sqlx::raw_sql("drop schema mindvibe_keys cascade").execute(&pg.pool).await;
        dropped.expect("the template's key store is dropped");
    }
    temporary
}

/// The settings of a PostgreSQL database in which there is nothing at all; end it with [`drop_database`].
pub async fn postgres_empty() -> Settings {
    let (_, url) = postgres::create_empty().await;
    Settings::postgres(Secret::new(url), "", "test")
}

/// Drops the PostgreSQL database that `settings` name.
pub async fn drop_database(settings: &Settings) {
    let name = settings.url.as_ref().and_then(|url| url.expose().rsplit('/').next().map(ToOwned::to_owned));
    postgres::drop_database(&name.expect("these settings name a database")).await;
}

/// The key store beside `db`, under [`SECRET_KEY`].
pub async fn keys(db: &Db) -> KeyStore {
    let ring = seal::KeyEncryptionRing::new(&Secret::new(SECRET_KEY.to_owned()), &[]).expect("a ring of one key");
    let dir = db.path().and_then(|file| file.parent()).map(ToOwned::to_owned).unwrap_or_default();
    let opened = KeyStore::open(&Settings::sqlite(dir, "test"), db, ring, Ambient::system()).await;
    opened.expect("a fresh key store opens")
}

const USER: Sql = Sql::same(
    "insert into users (id, email, email_folded, display_name, role, password_phc, status, time_zone, created_at,
                        updated_at, version, token_epoch)
     values ($1, $2, $2, 'Test', 'member', '', 'active', 'UTC', $3, $3, 1, 0)",
);

/// A person with an account that nobody can sign in to, without a data key.
pub async fn user(db: &Db) -> UserId {
    let ambient = Ambient::system();
    let id: UserId = ambient.id();
    let mut tx = db.begin().await.expect("a transaction begins");
    let insert = tx.sql(USER).bind(id).bind(format!("{id}@example.org")).bind(ambient.now());
    insert.run().await.expect("a person is stored");
    tx.commit().await.expect("a person is kept");
    id
}

/// A person with an account and a data key.
pub async fn person(db: &Db, keys: &KeyStore) -> UserId {
    let id = user(db).await;
    keys.create(id).await.expect("a data key is made");
    id
}
