//! Opening: migrations once, environments apart, errors without passwords.

use kernel::Secret;
use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use std::time::Duration;
use store::testing::{self, Temporary};
use store::{Db, Error, Policy, Settings};

async fn both() -> [Temporary; 2] {
    [testing::sqlite().await, testing::postgres().await]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_stays_in_its_environment() {
    for temporary in both().await {
        let other = Settings { environment: "production".into(), ..temporary.settings().clone() };
        let refused = Db::open(&other).await.err().unwrap();
        assert_eq!(refused, Error::Environment { found: "test".into(), wanted: "production".into() });
        Db::open(temporary.settings()).await.unwrap().close().await;
        temporary.end().await;
    }
}

/// R6: five instances start at once on an empty database.
#[tokio::test(flavor = "multi_thread")]
async fn many_that_start_together_migrate_once() {
    let empty = testing::postgres_empty().await;
    let dir = testing::directory();
    let fresh = Settings::sqlite(dir.path(), "test");
    for settings in [fresh, empty.clone()] {
        let tasks: Vec<_> = (0..5)
            .map(|_| {
                let settings = Settings { connections: 4, ..settings.clone() };
                tokio::spawn(async move { Db::open(&settings).await.map(drop) })
            })
            .collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
    }
    testing::drop_database(&empty).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_permission_to_migrate_an_empty_database_is_refused() {
    let dir = testing::directory();
    let settings = Settings { migrate: false, ..Settings::sqlite(dir.path(), "test") };
    assert!(matches!(Db::open(&settings).await, Err(Error::Schema(text)) if text.contains("0001_identity")));
    Db::open(&Settings { migrate: true, ..settings.clone() }).await.unwrap().close().await;
    Db::open(&settings).await.unwrap().close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_changed_afterwards_stops_the_start() {
    let temporary = testing::sqlite().await;
    let file = temporary.settings().data_dir.join("mindvibe.db");
    let mut conn = SqliteConnectOptions::new().filename(file).connect().await.unwrap();
    sqlx::query("update schema_migrations set checksum = 'x' where version = 2").execute(&mut conn).await.unwrap();
    let refused = Db::open(temporary.settings()).await.err().unwrap();
    assert!(matches!(&refused, Error::Schema(text) if text.contains("0002_store")), "{refused}");
    temporary.end().await;
}

/// A2-8: what is said about a server that cannot be reached names no password.
#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_server_is_told_without_the_password() {
    let policy = Policy { wait: Duration::from_millis(600), ..Policy::default() };
    for (url, told) in [
        ("postgres://someone:CANARY@127.0.0.1:1/nothing", "127.0.0.1:1"),
        ("postgres://someone:CANARY@127.0.0.1:1/nothing?sslmode=verify-full", "127.0.0.1:1"),
        ("postgres://someone@localhost:1/nothing?password=CANARY", "localhost:1"),
        ("postgres://some one:CANARY@/:x", "DATABASE_URL"),
    ] {
        let dir = testing::directory();
        let settings = Settings { policy, ..Settings::postgres(Secret::new(url.to_owned()), dir.path(), "test") };
        let error = Db::open(&settings).await.err().unwrap();
        assert!(!format!("{error} {error:?}").contains("CANARY"), "{error}");
        assert!(error.to_string().contains(told), "{error}");
    }
}
