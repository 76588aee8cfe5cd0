//! What a transaction promises, on both engines.

use crate::demo::*;
use crate::support::{crowd, crowd_results, polls};
use kernel::{Fault, Timestamp};
use std::time::Duration;
use store::{Db, Engine, Error, Sql, Statement};
use tokio::time::{sleep, timeout};
use uuid::Uuid;

store::conformance!(
    round_trip,
    commit_is_visible,
    drop_rolls_back,
    constraint_harms_only_itself,
    names_of_constraints,
    doomed_after_error,
    doomed_after_cancelled_statement,
    failed_returning_is_an_error,
    catalogue_refuses,
    panic_is_harmless,
    slow_is_reported,
    snapshot_is_stable,
    waiting_for_itself_ends,
    lookup_only_reads,
    what_cannot_be_read_is_an_error,
    scans_are_noticed,
);

async fn round_trip(db: Db) {
    create_tables(&db).await;
    let people = [someone("a"), Person { bio: Some("ü".into()), admin: false, ..someone("b") }];
    let mut tx = db.begin().await.unwrap();
    for p in &people {
        assert_eq!(insert(&mut tx, p).await, Ok(1));
    }
    tx.commit().await.unwrap();
    for p in &people {
        assert_eq!(find(&db, p.id).await.unwrap().as_ref(), Some(p));
    }
    // The same instant compares the same way on both: equal is found, one microsecond earlier is not.
    let mut tx = db.read().await.unwrap();
    let at = |earlier: i64| Timestamp::from_micros(1_763_000_000_123_456 - earlier);
    assert!(tx.sql(NEWEST).bind(at(0)).optional::<Person>().await.unwrap().is_some());
    assert!(tx.sql(NEWEST).bind(at(1)).optional::<Person>().await.unwrap().is_none());
    assert!(tx.sql(NEWEST).bind(kernel::Cursor::NEWEST.at).optional::<Person>().await.unwrap().is_some());
}

async fn commit_is_visible(db: Db) {
    create_tables(&db).await;
    // Fewer tasks than PostgreSQL connections: reading while holding a transaction takes a second one.
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let db = db.clone();
            tokio::spawn(async move {
                for i in 0..15 {
                    let p = someone(format!("{task}-{i}"));
                    let mut tx = db.begin().await.unwrap();
                    insert(&mut tx, &p).await.unwrap();
                    assert_eq!(find(&db, p.id).await.unwrap(), None, "uncommitted data was seen");
                    tx.commit().await.unwrap();
                    assert!(find(&db, p.id).await.unwrap().is_some(), "commit returned before the data was visible");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(count(&db).await, 120);
}

async fn drop_rolls_back(db: Db) {
    create_tables(&db).await;
    crowd(&db, 60, |i, mut tx| async move {
        insert(&mut tx, &someone(i.to_string())).await.unwrap();
        match i % 3 {
            0 => tx.commit().await.unwrap(),
            1 => tx.rollback().await.unwrap(),
            _ => drop(tx),
        }
    })
    .await;
    assert_eq!(count(&db).await, 20);
}

async fn constraint_harms_only_itself(db: Db) {
    create_tables(&db).await;
    crowd(&db, 60, |i, mut tx| async move {
        let name = if i % 2 == 0 { "same".to_owned() } else { i.to_string() };
        insert(&mut tx, &someone(format!("first of {i}"))).await.unwrap();
        match insert(&mut tx, &someone(name)).await {
            Ok(_) => tx.commit().await.unwrap(),
            Err(e) => assert_eq!(e, Error::Unique("people_name_key".into())),
        }
    })
    .await;
    assert_eq!(count(&db).await, 2 * (30 + 1), "30 odd ones and one `same`, each with both of its rows");
}

async fn names_of_constraints(db: Db) {
    create_tables(&db).await;
    let unique = |n: &str| Err(Error::Unique(n.into()));
    let p = someone("u");
    let mut tx = db.begin().await.unwrap();
    insert(&mut tx, &p).await.unwrap();
    tx.sql(PAIR).bind(1i64).bind("p".to_owned()).run().await.unwrap();
    assert_eq!(tx.sql(NOTE).bind(1i64).bind(p.id).one::<Count>().await.unwrap(), Count { n: 1 });
    tx.commit().await.unwrap();
    let fresh = || async { db.begin().await.unwrap() };
    assert_eq!(insert(&mut fresh().await, &someone("u")).await, unique("people_name_key"));
    assert_eq!(insert(&mut fresh().await, &Person { name: "v".into(), ..p.clone() }).await, unique("people_pkey"));
    let long = insert(&mut fresh().await, &someone("x".repeat(100))).await;
    assert_eq!(long, Err(Error::Check("people_name_check".into())));
    let twice = fresh().await.sql(PAIR).bind(1i64).bind("p".to_owned()).run().await;
    assert_eq!(twice, unique("pairs_a_b_key"));
    let note = fresh().await.sql(NOTE).bind(1i64).bind(p.id).run().await;
    assert_eq!(note, unique("notes_pkey"), "an integer primary key has its own code on SQLite");
    assert_eq!(fresh().await.sql(NOTE).bind(2i64).bind(Uuid::nil()).run().await, Err(Error::Foreign));
}

async fn doomed_after_error(db: Db) {
    create_tables(&db).await;
    let mut tx = db.begin().await.unwrap();
    insert(&mut tx, &someone("a")).await.unwrap();
    assert!(insert(&mut tx, &someone("a")).await.is_err());
    assert_eq!(insert(&mut tx, &someone("b")).await, Err(Error::Doomed));
    assert_eq!(tx.commit().await, Err(Error::Doomed));
    assert_eq!(count(&db).await, 0);
}

/// The transaction outlives a statement that was cut after one poll: nobody knows whether that ran, so nothing counts.
async fn doomed_after_cancelled_statement(db: Db) {
    create_tables(&db).await;
    let mut cut = 0;
    for i in 0..50 {
        let mut tx = db.begin().await.unwrap();
        insert(&mut tx, &someone(format!("{i} a"))).await.unwrap();
        if polls(insert(&mut tx, &someone(format!("{i} b"))), 0).await.is_some() {
            continue; // the engine was quicker than one poll
        }
        cut += 1;
        assert_eq!(insert(&mut tx, &someone(format!("{i} c"))).await, Err(Error::Doomed));
        assert_eq!(tx.commit().await, Err(Error::Doomed));
    }
    assert!(cut > 0, "nothing was cut");
    assert_eq!(count(&db).await, 0);
}

/// `fetch_optional` resets the statement after its first row; the error and the whole change must come before that.
async fn failed_returning_is_an_error(db: Db) {
    create_tables(&db).await;
    let mut tx = db.begin().await.unwrap();
    let failed = tx.sql(NOTE).bind(7i64).bind(Uuid::nil()).optional::<Count>().await;
    assert_eq!(failed, Err(Error::Foreign));
}

async fn catalogue_refuses(db: Db) {
    create_tables(&db).await;
    store::testing::statements(&db, STATEMENTS).await;
    let bad = [
        ("no such column", Statement::read(Sql::same("select nope from people"), &["nope"])),
        ("columns in another order", Statement::read(Sql::same("select id, name from people"), &["name", "id"])),
        ("a gap in the numbers", Statement::write(Sql::same("delete from people where id = $1 and name = $3"))),
        ("halves that differ", Statement::write(Sql::pair("delete from pairs where a = $1", "delete from pairs"))),
        ("ends the batch", Statement::write(Sql::same("insert or rollback into pairs (a, b) values ($1, $2)"))),
    ];
    for (why, statement) in bad {
        assert!(db.check(&statement).await.is_err(), "{why}");
    }
}

async fn panic_is_harmless(db: Db) {
    create_tables(&db).await;
    crowd_results(&db, 40, |i, mut tx| async move {
        insert(&mut tx, &someone(i.to_string())).await.unwrap();
        assert!(i % 2 == 0, "this panic is part of the test");
        tx.commit().await.unwrap();
    })
    .await;
    assert_eq!(count(&db).await, 20);
}

async fn slow_is_reported(db: Db) {
    create_tables(&db).await;
    let before = db.stats().slow();
    let mut slow = db.begin().await.unwrap();
    insert(&mut slow, &someone("slow")).await.unwrap();
    let other = tokio::spawn({
        let db = db.clone();
        async move { add(&db, "other").await.unwrap() }
    });
    sleep(Duration::from_millis(300)).await;
    slow.commit().await.unwrap();
    other.await.unwrap();
    assert_eq!(db.stats().slow() - before, 1);
    assert_eq!(count(&db).await, 2);
}

async fn snapshot_is_stable(db: Db) {
    create_tables(&db).await;
    let mut tx = db.read().await.unwrap();
    assert_eq!(tx.sql(COUNT).one::<Count>().await.unwrap().n, 0);
    add(&db, "a").await.unwrap();
    assert_eq!(tx.sql(COUNT).one::<Count>().await.unwrap().n, 0, "a reading transaction is one moment");
    assert_eq!(insert(&mut tx, &someone("b")).await, Err(Error::ReadOnly));
    assert_eq!(count(&db).await, 1);
}

async fn lookup_only_reads(db: Db) {
    create_tables(&db).await;
    let mut tx = db.lookup().await.unwrap();
    assert_eq!(insert(&mut tx, &someone("a")).await, Err(Error::ReadOnly));
    assert_eq!(count(&db).await, 0);
}

/// A handler that begins a second transaction while it holds the first: an error after `wait`, never a deadlock.
async fn waiting_for_itself_ends(db: Db) {
    let _held = db.begin().await.unwrap();
    let second = timeout(Duration::from_secs(9), db.begin()).await.expect("deadlock");
    match db.engine() {
        Engine::Sqlite => {
            let error = second.err().unwrap();
            assert_eq!(error, Error::Busy);
            let fault = Fault::from(error);
            assert_eq!((fault.code(), fault.retry_delay()), ("database_busy", Some(Duration::from_secs(1))));
        }
        Engine::Postgres => assert!(second.is_ok()),
    }
}

async fn what_cannot_be_read_is_an_error(db: Db) {
    store::row! { #[derive(Debug)] struct Wrong { bio: String } }
    const BIO: Sql = Sql::same("select bio from people");
    create_tables(&db).await;
    add(&db, "nobody wrote a biography").await.unwrap();
    let mut tx = db.lookup().await.unwrap();
    let read = tx.sql(BIO).one::<Wrong>().await;
    let Err(Error::Unreadable(text)) = read else { panic!("{read:?}") };
    assert!(text.contains("bio") && !text.contains("nobody wrote"), "{text}");
    assert_eq!(tx.sql(COUNT).one::<Count>().await, Err(Error::Doomed));
}

async fn scans_are_noticed(db: Db) {
    create_tables(&db).await;
    let refuses = |statement: Statement| {
        let db = db.clone();
        async move {
            tokio::spawn(async move { store::testing::no_scans(&db, &[statement], &["people"]).await }).await.is_err()
        }
    };
    assert!(!refuses(Statement::read(BY_ID, &[])).await);
    assert!(!refuses(Statement::read(NEWEST, &[])).await);
    assert!(refuses(Statement::read(BY_SECRET, &[])).await, "there is no index on `secret`");
    assert!(refuses(Statement::read(Sql::same("select at from people order by at"), &[])).await, "all of an index");
}
