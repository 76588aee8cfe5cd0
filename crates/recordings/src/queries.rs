//! The SQL of recordings: constants first, then functions over a [`Tx`].

use crate::model::{RecordingId, Status};
use kernel::{Cursor, Limit, Timestamp, UserId};
use store::{Record, Result, Sql, Statement, Tx};

const INSERT: Sql = Sql::same(
    "insert into recordings (id, user_id, meta, container, codec, size_bytes, duration_ms, language, media_key, status,
        progress_permille, problem_code, created_at, updated_at, deleted_at, version)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'queued', 0, null, $10, $10, null, 1)",
);
const FIND: Sql = Sql::same(
    "select id, user_id, meta, container, codec, size_bytes, duration_ms, language, status, progress_permille,
        problem_code, created_at, updated_at, deleted_at, version
     from recordings where id = $1",
);
const LIST: Sql = Sql::same(
    "select id, user_id, meta, container, codec, size_bytes, duration_ms, language, status, progress_permille,
        problem_code, created_at, updated_at, deleted_at, version
     from recordings where user_id = $1 and deleted_at is null and (created_at, id) < ($2, $3)
     order by created_at desc, id desc limit $4",
);
/// What is in the bin counts: it still takes its place on the disk.
const OCCUPIED: Sql =
    Sql::same("select cast(coalesce(sum(size_bytes), 0) as bigint) as bytes from recordings where user_id = $1");
const RENAME: Sql = Sql::same(
    "update recordings set meta = $3, updated_at = $4, version = version + 1
     where id = $1 and version = $2 and deleted_at is null",
);
const DELETE: Sql = Sql::same(
    "update recordings set deleted_at = $3, updated_at = $3, version = version + 1
     where id = $1 and version = $2 and deleted_at is null",
);
const RESTORE: Sql = Sql::same(
    "update recordings set deleted_at = null, status = $3, progress_permille = $4, updated_at = $5, version = version + 1
     where id = $1 and version = $2 and deleted_at is not null",
);
const RETRY: Sql = Sql::same(
    "update recordings set status = 'queued', progress_permille = 0, problem_code = null, updated_at = $3,
        version = version + 1
     where id = $1 and version = $2 and status = 'failed' and deleted_at is null",
);
const PURGE: Sql = Sql::same("delete from recordings where id = $1 and deleted_at is not null and deleted_at <= $2");

const SET_STATUS: Sql = Sql::same(
    "update recordings set status = $2, progress_permille = 0, problem_code = null, updated_at = $3
     where id = $1 and status <> 'ready' and deleted_at is null",
);
const PROGRESS: Sql = Sql::same(
    "update recordings set progress_permille = $2 where id = $1 and status = 'working' and deleted_at is null",
);
const READY: Sql = Sql::same(
    "update recordings set status = 'ready', progress_permille = 1000, problem_code = null, language = $2,
        duration_ms = $3, updated_at = $4
     where id = $1 and status <> 'ready' and deleted_at is null",
);
const FAILED: Sql = Sql::same(
    "update recordings set status = 'failed', progress_permille = 0, problem_code = $2, updated_at = $3
     where id = $1 and status <> 'ready'",
);
const WAITING: Sql = Sql::same(
    "select id, user_id, created_at from recordings where status = 'waiting_for_model' and deleted_at is null
        and (created_at, id) > ($1, $2)
     order by created_at, id limit 100",
);
const WAKE: Sql = Sql::same(
    "update recordings set status = 'queued', updated_at = $2
     where id = $1 and status = 'waiting_for_model' and deleted_at is null",
);
const HAS_FILE: Sql = Sql::same("select id from recordings where media_key = $1");

const INSERT_TRANSCRIPT: Sql = Sql::same(
    "insert into transcripts (recording_id, user_id, body, model, language, created_at) values ($1, $2, $3, $4, $5, $6)
     on conflict (recording_id) do nothing",
);
const TRANSCRIPT: Sql = Sql::same("select body from transcripts where recording_id = $1");

/// Every text of this slice, for the catalogue test.
pub const STATEMENTS: &[Statement] = &[
    Statement::write(INSERT),
    Statement::read(FIND, RecordingRow::COLUMNS),
    Statement::read(LIST, RecordingRow::COLUMNS),
    Statement::read(OCCUPIED, Occupied::COLUMNS),
    Statement::write(RENAME),
    Statement::write(DELETE),
    Statement::write(RESTORE),
    Statement::write(RETRY),
    Statement::write(PURGE),
    Statement::write(SET_STATUS),
    Statement::write(PROGRESS),
    Statement::write(READY),
    Statement::write(FAILED),
    Statement::read(WAITING, Waiting::COLUMNS),
    Statement::write(WAKE),
    Statement::read(HAS_FILE, Id::COLUMNS),
    Statement::write(INSERT_TRANSCRIPT),
    Statement::read(TRANSCRIPT, Body::COLUMNS),
];

store::row! {
    /// A recording as it is stored.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(crate) struct RecordingRow {
        pub(crate) id: RecordingId,
        pub(crate) user_id: UserId,
        /// Title and file name, sealed.
        pub(crate) meta: Vec<u8>,
        pub(crate) container: String,
        pub(crate) codec: String,
        pub(crate) size_bytes: i64,
        /// 0 while it is not known.
        pub(crate) duration_ms: i64,
        pub(crate) language: Option<String>,
        pub(crate) status: Status,
        pub(crate) progress_permille: i64,
        pub(crate) problem_code: Option<String>,
        pub(crate) created_at: Timestamp,
        pub(crate) updated_at: Timestamp,
        pub(crate) deleted_at: Option<Timestamp>,
        pub(crate) version: i64,
    }
}

store::row! {
    /// A recording that waits for a model.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(crate) struct Waiting {
        pub(crate) id: RecordingId,
        pub(crate) user_id: UserId,
        pub(crate) created_at: Timestamp,
    }
}

store::row! {
    struct Occupied {
        bytes: i64,
    }
}

store::row! {
    struct Id {
        id: RecordingId,
    }
}

store::row! {
    struct Body {
        body: Vec<u8>,
    }
}

/// How many bytes somebody's recordings take.
pub(crate) async fn occupied(tx: &mut Tx, user: UserId) -> Result<u64> {
    let sum: Occupied = tx.sql(OCCUPIED).bind(user).one().await?;
    Ok(sum.bytes.unsigned_abs())
}

/// Stores a new recording; `row` says what it is, its state is "queued" whatever `row` says of that.
pub(crate) async fn insert(tx: &mut Tx, row: &RecordingRow, media_key: String) -> Result<()> {
    tx.sql(INSERT)
        .bind(row.id)
        .bind(row.user_id)
        .bind(row.meta.clone())
        .bind(row.container.clone())
        .bind(row.codec.clone())
        .bind(row.size_bytes)
        .bind(row.duration_ms)
        .bind(row.language.clone())
        .bind(media_key)
        .bind(row.created_at)
        .run()
        .await
        .map(drop)
}

/// A recording, whosever it is, deleted or not. For background work; routes ask [`of`].
pub(crate) async fn find(tx: &mut Tx, id: RecordingId) -> Result<Option<RecordingRow>> {
    tx.sql(FIND).bind(id).optional().await
}

/// A recording of this person, deleted or not.
pub(crate) async fn of(tx: &mut Tx, user: UserId, id: RecordingId) -> Result<Option<RecordingRow>> {
    Ok(find(tx, id).await?.filter(|row| row.user_id == user))
}

/// One row more than the page holds, newest first, before `before`.
pub(crate) async fn list(tx: &mut Tx, user: UserId, before: Cursor, limit: Limit) -> Result<Vec<RecordingRow>> {
    let rows = i64::from(limit.get()) + 1;
    tx.sql(LIST).bind(user).bind(before.at).bind(before.id).bind(rows).all().await
}

/// The next four answer whether the row was still the one that was read.
pub(crate) async fn rename(tx: &mut Tx, row: &RecordingRow, meta: Vec<u8>, now: Timestamp) -> Result<bool> {
    Ok(tx.sql(RENAME).bind(row.id).bind(row.version).bind(meta).bind(now).run().await? == 1)
}

pub(crate) async fn delete(tx: &mut Tx, row: &RecordingRow, now: Timestamp) -> Result<bool> {
    Ok(tx.sql(DELETE).bind(row.id).bind(row.version).bind(Some(now)).run().await? == 1)
}

pub(crate) async fn restore(tx: &mut Tx, row: &RecordingRow, status: Status, now: Timestamp) -> Result<bool> {
    let progress = if status == Status::Ready { 1000 } else { 0 };
    let restore = tx.sql(RESTORE).bind(row.id).bind(row.version).bind(status).bind(progress).bind(now);
    Ok(restore.run().await? == 1)
}

pub(crate) async fn retry(tx: &mut Tx, row: &RecordingRow, now: Timestamp) -> Result<bool> {
    Ok(tx.sql(RETRY).bind(row.id).bind(row.version).bind(now).run().await? == 1)
}

/// Removes for good what was deleted at or before `before`, its transcript too.
pub(crate) async fn purge(tx: &mut Tx, id: RecordingId, before: Timestamp) -> Result<bool> {
    Ok(tx.sql(PURGE).bind(id).bind(Some(before)).run().await? == 1)
}

/// Notes where the work stands. False when there is nothing to work on (any more): deleted, or ready.
pub(crate) async fn set_status(tx: &mut Tx, id: RecordingId, status: Status, now: Timestamp) -> Result<bool> {
    Ok(tx.sql(SET_STATUS).bind(id).bind(status).bind(now).run().await? == 1)
}

/// Notes how much was listened to. False when nobody wants it any more.
pub(crate) async fn progress(tx: &mut Tx, id: RecordingId, permille: i64) -> Result<bool> {
    Ok(tx.sql(PROGRESS).bind(id).bind(permille).run().await? == 1)
}

/// Notes that the transcript is there. False when it was there already, or the recording was deleted.
pub(crate) async fn ready(
    tx: &mut Tx,
    id: RecordingId,
    language: Option<String>,
    duration_ms: i64,
    now: Timestamp,
) -> Result<bool> {
    Ok(tx.sql(READY).bind(id).bind(language).bind(duration_ms).bind(now).run().await? == 1)
}

/// Notes that there will be no transcript.
pub(crate) async fn failed(tx: &mut Tx, id: RecordingId, code: &str, now: Timestamp) -> Result<()> {
    tx.sql(FAILED).bind(id).bind(Some(code.to_owned())).bind(now).run().await.map(drop)
}

/// Up to a hundred that wait for a model, oldest first, from after `last` on.
pub(crate) async fn waiting(tx: &mut Tx, last: Cursor) -> Result<Vec<Waiting>> {
    tx.sql(WAITING).bind(last.at).bind(last.id).all().await
}

/// Whether it was still waiting, and is queued now.
pub(crate) async fn wake(tx: &mut Tx, id: RecordingId, now: Timestamp) -> Result<bool> {
    Ok(tx.sql(WAKE).bind(id).bind(now).run().await? == 1)
}

/// Whether a file belongs to a recording.
pub(crate) async fn has_file(tx: &mut Tx, media_key: String) -> Result<bool> {
    Ok(tx.sql(HAS_FILE).bind(media_key).optional::<Id>().await?.is_some())
}

/// Stores a transcript, unless there is one.
pub(crate) async fn insert_transcript(
    tx: &mut Tx,
    row: &RecordingRow,
    body: Vec<u8>,
    model: &str,
    language: &str,
    now: Timestamp,
) -> Result<()> {
    tx.sql(INSERT_TRANSCRIPT)
        .bind(row.id)
        .bind(row.user_id)
        .bind(body)
        .bind(model.to_owned())
        .bind(language.to_owned())
        .bind(now)
        .run()
        .await
        .map(drop)
}

/// A transcript, sealed.
pub(crate) async fn transcript(tx: &mut Tx, id: RecordingId) -> Result<Option<Vec<u8>>> {
    Ok(tx.sql(TRANSCRIPT).bind(id).optional::<Body>().await?.map(|row| row.body))
}

#[cfg(test)]
mod tests;
