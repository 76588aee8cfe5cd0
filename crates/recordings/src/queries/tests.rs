use super::*;
use kernel::Ambient;
use std::time::Duration;
use store::Db;

store::conformance!(
    statements_are_sound,
    a_recording_comes_back_to_its_owner_alone,
    a_list_runs_from_the_newest_and_hides_what_is_deleted,
    a_changed_row_is_not_overwritten,
    a_transcript_is_stored_once,
    what_waits_is_woken_once,
    only_what_is_long_deleted_is_purged,
);

async fn statements_are_sound(db: Db) {
    store::testing::statements(&db, STATEMENTS).await;
    store::testing::no_scans(&db, STATEMENTS, &["recordings", "transcripts"]).await;
    assert_eq!(store::testing::pairs(STATEMENTS), 0);
}

fn row(ambient: &Ambient, user: UserId) -> RecordingRow {
    let now = ambient.now();
    RecordingRow {
        id: ambient.id(),
        user_id: user,
        meta: vec![1, 2, 3],
        container: "wav".into(),
        codec: "pcm_s16le".into(),
        size_bytes: 320_044,
        duration_ms: 10_000,
        language: Some("en".into()),
        status: Status::Queued,
        progress_permille: 0,
        problem_code: None,
        created_at: now,
        updated_at: now,
        deleted_at: None,
        version: 1,
    }
}

async fn stored(db: &Db, user: UserId) -> RecordingRow {
    let row = row(&Ambient::system(), user);
    let mut tx = db.begin().await.unwrap();
    insert(&mut tx, &row, format!("00/{}", row.id)).await.unwrap();
    tx.commit().await.unwrap();
    row
}

async fn read(db: &Db, id: RecordingId) -> RecordingRow {
    find(&mut db.lookup().await.unwrap(), id).await.unwrap().unwrap()
}

async fn a_recording_comes_back_to_its_owner_alone(db: Db) {
    let (one, two) = (store::testing::user(&db).await, store::testing::user(&db).await);
    let row = stored(&db, one).await;
    let mut tx = db.read().await.unwrap();
    assert_eq!(of(&mut tx, one, row.id).await.unwrap(), Some(row.clone()));
    assert_eq!(of(&mut tx, two, row.id).await.unwrap(), None);
    assert!(has_file(&mut tx, format!("00/{}", row.id)).await.unwrap());
    assert!(!has_file(&mut tx, "00/another".into()).await.unwrap());
}

async fn a_list_runs_from_the_newest_and_hides_what_is_deleted(db: Db) {
    let user = store::testing::user(&db).await;
    let mut rows = Vec::new();
    for _ in 0..3 {
        rows.push(stored(&db, user).await);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let now = Ambient::system().now();
    let mut tx = db.begin().await.unwrap();
    assert!(delete(&mut tx, &rows[1], now).await.unwrap());
    let limit = Limit::new(1).unwrap();
    let found = list(&mut tx, user, Cursor::NEWEST, limit).await.unwrap();
    let ids: Vec<_> = found.iter().map(|row| row.id).collect();
    assert_eq!(ids, [rows[2].id, rows[0].id], "one more than the page");
    let before = Cursor { at: rows[2].created_at, id: rows[2].id.uuid() };
    assert_eq!(list(&mut tx, user, before, limit).await.unwrap(), [rows[0].clone()]);
}

async fn a_changed_row_is_not_overwritten(db: Db) {
    let row = stored(&db, store::testing::user(&db).await).await;
    let now = Ambient::system().now();
    let mut tx = db.begin().await.unwrap();
    assert!(rename(&mut tx, &row, vec![9], now).await.unwrap());
    assert!(!rename(&mut tx, &row, vec![8], now).await.unwrap(), "version 1 is gone");
    assert!(!delete(&mut tx, &row, now).await.unwrap());
    assert!(!retry(&mut tx, &RecordingRow { version: 2, ..row.clone() }, now).await.unwrap(), "it did not fail");
    failed(&mut tx, row.id, "engine_failed", now).await.unwrap();
    assert!(retry(&mut tx, &RecordingRow { version: 2, ..row.clone() }, now).await.unwrap());
    assert!(delete(&mut tx, &RecordingRow { version: 3, ..row.clone() }, now).await.unwrap());
    assert!(!progress(&mut tx, row.id, 5).await.unwrap(), "nobody works on what is deleted");
    assert!(!set_status(&mut tx, row.id, Status::Working, now).await.unwrap());
    assert!(restore(&mut tx, &RecordingRow { version: 4, ..row.clone() }, Status::Queued, now).await.unwrap());
    tx.commit().await.unwrap();
    let found = read(&db, row.id).await;
    assert_eq!((found.meta, found.version, found.status), (vec![9], 5, Status::Queued));
}

async fn a_transcript_is_stored_once(db: Db) {
    let row = stored(&db, store::testing::user(&db).await).await;
    let now = Ambient::system().now();
    for (body, first) in [(vec![1], true), (vec![2], false)] {
        let mut tx = db.begin().await.unwrap();
        assert_eq!(ready(&mut tx, row.id, Some("de".into()), 9_999, now).await.unwrap(), first);
        insert_transcript(&mut tx, &row, body, "base", "de", now).await.unwrap();
        tx.commit().await.unwrap();
    }
    assert_eq!(transcript(&mut db.lookup().await.unwrap(), row.id).await.unwrap(), Some(vec![1]));
    let mut tx = db.begin().await.unwrap();
    failed(&mut tx, row.id, "crashed", now).await.unwrap();
    assert!(!set_status(&mut tx, row.id, Status::Working, now).await.unwrap(), "ready stays ready");
    tx.commit().await.unwrap();
    let found = read(&db, row.id).await;
    assert_eq!((found.status, found.progress_permille, found.duration_ms), (Status::Ready, 1000, 9_999));
    assert_eq!((found.language, found.problem_code, found.version), (Some("de".into()), None, 1));
}

async fn what_waits_is_woken_once(db: Db) {
    let row = stored(&db, store::testing::user(&db).await).await;
    let now = Ambient::system().now();
    let first = Cursor { at: Timestamp::from_micros(0), id: uuid::Uuid::nil() };
    let mut tx = db.begin().await.unwrap();
    assert!(waiting(&mut tx, first).await.unwrap().is_empty());
    assert!(set_status(&mut tx, row.id, Status::WaitingForModel, now).await.unwrap());
    let found = waiting(&mut tx, first).await.unwrap();
    assert_eq!(found.iter().map(|found| found.id).collect::<Vec<_>>(), [row.id]);
    assert!(waiting(&mut tx, Cursor { at: row.created_at, id: row.id.uuid() }).await.unwrap().is_empty());
    assert!(wake(&mut tx, row.id, now).await.unwrap());
    assert!(!wake(&mut tx, row.id, now).await.unwrap());
    tx.commit().await.unwrap();
}

async fn only_what_is_long_deleted_is_purged(db: Db) {
    let row = stored(&db, store::testing::user(&db).await).await;
    let now = Ambient::system().now();
    let mut tx = db.begin().await.unwrap();
    assert!(!purge(&mut tx, row.id, now).await.unwrap(), "it is not deleted");
    insert_transcript(&mut tx, &row, vec![1], "base", "en", now).await.unwrap();
    assert!(delete(&mut tx, &row, now).await.unwrap());
    assert!(!purge(&mut tx, row.id, now.minus(Duration::from_secs(1))).await.unwrap(), "not long enough");
    assert!(purge(&mut tx, row.id, now).await.unwrap());
    assert_eq!(find(&mut tx, row.id).await.unwrap(), None);
    assert_eq!(transcript(&mut tx, row.id).await.unwrap(), None, "its transcript goes with it");
}
