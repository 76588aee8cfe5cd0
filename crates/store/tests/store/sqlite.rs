//! What only SQLite can do wrong: batches that fail, turns that do not end, other processes, a log that grows.

use crate::demo::*;
use crate::support::polls;
use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;
use store::testing::{self, Temporary};
use store::{Db, Error, Policy, Sql};
use tokio::time::{sleep, timeout};
use uuid::Uuid;

const MS: fn(u64) -> Duration = Duration::from_millis;

async fn sqlite(policy: Policy) -> (Temporary, Db) {
    let temporary = testing::sqlite_with(policy).await;
    let db = temporary.db();
    create_tables(&db).await;
    (temporary, db)
}

fn patient() -> Policy {
    Policy { age: Duration::from_secs(1), ..testing::policy() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_commit_fails_every_member() {
    let (temporary, db) = sqlite(patient()).await;
    let mut first = db.begin().await.unwrap(); // held until the others queue, so that all share the batch
    let all: Vec<_> = (0..10)
        .map(|i| {
            let db = db.clone();
            tokio::spawn(async move {
                let mut tx = db.begin().await.unwrap();
                insert(&mut tx, &someone(i.to_string())).await.unwrap();
                if i == 5 {
                    // Only COMMIT will object.
                    tx.sql(LATE_NOTE).bind(1i64).bind(Uuid::nil()).run().await.unwrap();
                }
                tx.commit().await
            })
        })
        .collect();
    sleep(MS(50)).await;
    insert(&mut first, &someone("first")).await.unwrap();
    let error = first.commit().await.unwrap_err();
    assert!(matches!(&error, Error::Batch(text) if text.contains("FOREIGN KEY")), "{error}");
    for task in all {
        assert_eq!(task.await.unwrap(), Err(error.clone()), "one error for all");
    }
    assert_eq!(count(&db).await, 0);
    add(&db, "after").await.unwrap();
    assert_eq!(count(&db).await, 1, "the writer is usable again");
    temporary.end().await;
}

/// Some errors (disk full, I/O, `or rollback`) make SQLite give up the whole transaction in mid-batch.
#[tokio::test(flavor = "multi_thread")]
async fn a_whole_rollback_fails_the_batch_and_nothing_leaks() {
    const WORSE: Sql = Sql::same("insert or rollback into pairs (a, b) values (null, 'x')");
    for ending in ["drop", "commit", "write on"] {
        let (temporary, db) = sqlite(patient()).await;
        let mut a = db.begin().await.unwrap();
        let b = tokio::spawn({
            let db = db.clone();
            async move {
                let mut tx = db.begin().await.unwrap();
                assert!(tx.sql(WORSE).run().await.is_err());
                match ending {
                    "drop" => drop(tx),
                    "commit" => assert_eq!(tx.commit().await, Err(Error::Doomed)),
                    _ => assert_eq!(insert(&mut tx, &someone("outside")).await, Err(Error::Doomed)),
                }
            }
        });
        sleep(MS(20)).await;
        insert(&mut a, &someone("a")).await.unwrap();
        assert!(matches!(a.commit().await, Err(Error::Batch(_))), "a lost write was acknowledged ({ending})");
        b.await.unwrap();
        assert_eq!(count(&db).await, 0);
        add(&db, "after").await.unwrap();
        temporary.end().await;
    }
}

/// Another process holds the write lock beyond the busy timeout: an error for who asked, and recovery by itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_writer_is_an_error_and_passes() {
    let (temporary, db) = sqlite(Policy { wait: Duration::from_secs(20), ..testing::policy() }).await;
    let file = temporary.settings().data_dir.join("mindvibe.db");
    let mut other = SqliteConnectOptions::new().filename(file).connect().await.unwrap();
    sqlx::query("begin immediate").execute(&mut other).await.unwrap();
    let locked = db.begin().await.err();
    assert!(matches!(&locked, Some(Error::Batch(text)) if text.contains("locked")), "{locked:?}");
    sqlx::query("rollback").execute(&mut other).await.unwrap();
    add(&db, "after").await.unwrap();
    temporary.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_held_too_long_is_taken_away() {
    let (temporary, db) = sqlite(Policy { slow: MS(50), hold: MS(150), ..testing::policy() }).await;
    let mut held = db.begin().await.unwrap();
    insert(&mut held, &someone("held")).await.unwrap();
    std::mem::forget(db.begin()); // never polled: takes no turn
    let leaked = Box::leak(Box::new(Box::pin(db.clone()))); // polled once and leaked with its place in the queue
    assert!(polls(Box::leak(Box::new(Box::pin(leaked.begin()))), 0).await.is_none());
    let mut tx = timeout(MS(1000), db.begin()).await.expect("the writer was never given back").unwrap();
    insert(&mut tx, &someone("next")).await.unwrap();
    assert_eq!(insert(&mut held, &someone("late")).await, Err(Error::Revoked));
    assert!(held.commit().await.is_err());
    tx.commit().await.unwrap();
    assert_eq!(count(&db).await, 1);
    assert_eq!(db.stats().revoked(), 2);
    temporary.end().await;
}

/// Between statements a turn is simply taken away; a statement that runs for ever has to be interrupted.
#[tokio::test(flavor = "multi_thread")]
async fn an_endless_statement_is_interrupted() {
    const ENDLESS: Sql = Sql::same(
        "with recursive n (i) as (select 1 union all select i + 1 from n) insert into pairs (a, b) select max(i), '' from n",
    );
    let (temporary, db) = sqlite(Policy { slow: MS(50), hold: MS(200), ..testing::policy() }).await;
    let mut endless = db.begin().await.unwrap();
    let stuck = tokio::spawn(async move { endless.sql(ENDLESS).run().await });
    sleep(MS(20)).await;
    // It shares the batch, which SQLite rolls back with the interrupted statement; the one after it is unharmed.
    let _ = timeout(MS(2000), add(&db, "mate")).await.expect("the writer was never given back");
    timeout(MS(2000), add(&db, "after")).await.expect("the writer was never given back").unwrap();
    assert!(stuck.await.unwrap().is_err());
    assert_eq!(named(&db, "after").await, 1);
    temporary.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_writers_share_a_commit() {
    let (temporary, db) = sqlite(testing::policy()).await;
    let tasks: Vec<_> = (0..32)
        .map(|task| {
            let db = db.clone();
            tokio::spawn(async move {
                for i in 0..20 {
                    add(&db, &format!("{task} {i}")).await.unwrap();
                }
            })
        })
        .collect();
    let before = (db.stats().members(), db.stats().batches());
    for task in tasks {
        task.await.unwrap();
    }
    let (members, batches) = (db.stats().members() - before.0, db.stats().batches() - before.1);
    assert!(members >= 600 && members >= 8 * batches, "{members} transactions in {batches} commits");
    temporary.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_emptied_by_somebody_else() {
    let (temporary, db) = sqlite(testing::policy()).await;
    let log = temporary.settings().data_dir.join("mindvibe.db-wal");
    let size = || std::fs::metadata(&log).map_or(0, |meta| meta.len());
    for i in 0..24 {
        let mut tx = db.begin().await.unwrap();
        insert(&mut tx, &Person { secret: vec![7; 1 << 20], ..someone(i.to_string()) }).await.unwrap();
        tx.commit().await.unwrap();
    }
    sleep(MS(1200)).await;
    let grown = size();
    for i in 24..30 {
        let mut tx = db.begin().await.unwrap();
        insert(&mut tx, &Person { secret: vec![7; 1 << 20], ..someone(i.to_string()) }).await.unwrap();
        tx.commit().await.unwrap();
    }
    assert!(size() <= grown, "the log was not reused after a checkpoint: {grown}, then {}", size());
    db.close().await;
    assert_eq!(size(), 0, "closing leaves no log");
    temporary.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_serves_who_waits_and_refuses_the_rest() {
    let (temporary, db) = sqlite(testing::policy()).await;
    let mut held = db.begin().await.unwrap();
    insert(&mut held, &someone("held")).await.unwrap();
    let waiting = tokio::spawn({
        let db = db.clone();
        async move { add(&db, "waiting").await }
    });
    sleep(MS(50)).await;
    let closing = tokio::spawn({
        let db = db.clone();
        async move { db.close().await }
    });
    sleep(MS(50)).await;
    held.commit().await.unwrap();
    waiting.await.unwrap().unwrap();
    timeout(MS(3000), closing).await.expect("closing ends").unwrap();
    assert!(add(&db, "late").await.is_err());
    let db = Db::open(temporary.settings()).await.unwrap();
    assert_eq!((named(&db, "held").await, named(&db, "waiting").await, named(&db, "late").await), (1, 1, 0));
    db.close().await;
    temporary.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_may_read_the_files() {
    let (temporary, _db) = sqlite(testing::policy()).await;
    for entry in std::fs::read_dir(&temporary.settings().data_dir).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", entry.file_name());
    }
    temporary.end().await;
}
