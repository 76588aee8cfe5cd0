//! Traps of sqlx 0.9.0 itself, which the writer and `Tx` walk around. Each test fails on the day sqlx mends one.

use crate::demo::create_tables;
use crate::support::polls;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

/// A nested `begin` that is cancelled sends ROLLBACK for the outer transaction: why the writer keeps away from it.
#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_nested_begin_rolls_back_the_outer() {
    let temporary = store::testing::sqlite().await;
    create_tables(&temporary.db()).await;
    let options = SqliteConnectOptions::new().filename(temporary.settings().data_dir.join("mindvibe.db"));
    let mut lost = 0;
    for i in 0..50i64 {
        let mut conn = options.connect().await.unwrap();
        let mut outer = conn.begin().await.unwrap();
        sqlx::query("insert into pairs (a, b) values ($1, 'p')").bind(i).execute(&mut *outer).await.unwrap();
        let _ = polls(async { drop(outer.begin().await.unwrap()) }, 0).await; // dropped after one poll
        outer.commit().await.unwrap(); // says Ok
        let count = sqlx::query_scalar("select count(*) from pairs where a = $1").bind(i);
        let n: i64 = count.fetch_one(&mut conn).await.unwrap();
        lost += 1 - n;
    }
    assert!(lost > 0, "sqlx has mended this");
    temporary.end().await;
}

/// PostgreSQL answers COMMIT of a failed transaction with ROLLBACK, and sqlx says Ok: why a `Tx` remembers.
#[tokio::test(flavor = "multi_thread")]
async fn postgres_commit_of_a_failed_transaction_is_ok() {
    let temporary = store::testing::postgres().await;
    create_tables(&temporary.db()).await;
    let url = temporary.settings().url.as_ref().unwrap().expose();
    let mut conn = url.parse::<sqlx::postgres::PgConnectOptions>().unwrap().connect().await.unwrap();
    let mut tx = conn.begin().await.unwrap();
    sqlx::query("insert into pairs (a, b) values (1, 'p')").execute(&mut *tx).await.unwrap();
    assert!(sqlx::query("select 1/0").execute(&mut *tx).await.is_err());
    assert!(tx.commit().await.is_ok());
    let n: i64 = sqlx::query_scalar("select count(*) from pairs").fetch_one(&mut conn).await.unwrap();
    assert_eq!(n, 0);
    temporary.end().await;
}
