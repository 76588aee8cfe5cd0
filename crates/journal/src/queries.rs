//! The SQL of moods and reflections: constants first, then functions over a [`Tx`].

use crate::model::{MoodId, ReflectionId};
use kernel::{Cursor, Limit, Timestamp, UserId};
use store::{Record, Result, Sql, Statement, Tx};

const INSERT_MOOD: Sql = Sql::same(
    "insert into moods (id, user_id, noted_at, body, created_at, updated_at, deleted_at, version)
     values ($1, $2, $3, $4, $5, $5, null, 1)",
);
const MOOD: Sql = Sql::same(
    "select id, noted_at, body, created_at, updated_at, deleted_at, version from moods where id = $1 and user_id = $2",
);
const MOODS: Sql = Sql::same(
    "select id, noted_at, body, created_at, updated_at, deleted_at, version from moods
     where user_id = $1 and deleted_at is null and noted_at >= $2 and (noted_at, id) < ($3, $4)
     order by noted_at desc, id desc limit $5",
);
const UPDATE_MOOD: Sql = Sql::same(
    "update moods set noted_at = $3, body = $4, updated_at = $5, version = version + 1 where id = $1 and user_id = $2",
);
const MARK_MOOD: Sql = Sql::same(
    "update moods set deleted_at = $3, updated_at = $4, version = version + 1 where id = $1 and user_id = $2",
);
const PURGE_MOODS: Sql = Sql::same("delete from moods where deleted_at is not null and deleted_at < $1");

const INSERT_REFLECTION: Sql = Sql::same(
    "insert into reflections (id, user_id, body, created_at, updated_at, deleted_at, version)
     values ($1, $2, $3, $4, $4, null, 1)",
);
const REFLECTION: Sql = Sql::same(
    "select id, body, created_at, updated_at, deleted_at, version from reflections where id = $1 and user_id = $2",
);
const REFLECTIONS: Sql = Sql::same(
    "select id, body, created_at, updated_at, deleted_at, version from reflections
     where user_id = $1 and deleted_at is null and (created_at, id) < ($2, $3)
     order by created_at desc, id desc limit $4",
);
const UPDATE_REFLECTION: Sql = Sql::same(
    "update reflections set body = $3, updated_at = $4, version = version + 1 where id = $1 and user_id = $2",
);
const MARK_REFLECTION: Sql = Sql::same(
    "update reflections set deleted_at = $3, updated_at = $4, version = version + 1 where id = $1 and user_id = $2",
);
const PURGE_REFLECTIONS: Sql = Sql::same("delete from reflections where deleted_at is not null and deleted_at < $1");

/// Every text of this slice, for the catalogue test.
pub const STATEMENTS: &[Statement] = &[
    Statement::write(INSERT_MOOD),
    Statement::read(MOOD, MoodRow::COLUMNS),
    Statement::read(MOODS, MoodRow::COLUMNS),
    Statement::write(UPDATE_MOOD),
    Statement::write(MARK_MOOD),
    Statement::write(PURGE_MOODS),
    Statement::write(INSERT_REFLECTION),
    Statement::read(REFLECTION, ReflectionRow::COLUMNS),
    Statement::read(REFLECTIONS, ReflectionRow::COLUMNS),
    Statement::write(UPDATE_REFLECTION),
    Statement::write(MARK_REFLECTION),
    Statement::write(PURGE_REFLECTIONS),
];

store::row! {
    /// A mood as it is stored.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct MoodRow {
        /// Its id.
        pub id: MoodId,
        /// The moment it is about.
        pub noted_at: Timestamp,
        /// Score, tags and note, sealed.
        pub body: Vec<u8>,
        /// When it was written.
        pub created_at: Timestamp,
        /// When it was last changed.
        pub updated_at: Timestamp,
        /// When it was deleted, if it was.
        pub deleted_at: Option<Timestamp>,
        /// How often it was written.
        pub version: i64,
    }
}

store::row! {
    /// A reflection as it is stored.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct ReflectionRow {
        /// Its id.
        pub id: ReflectionId,
        /// Title, text and tags, sealed.
        pub body: Vec<u8>,
        /// When it was written.
        pub created_at: Timestamp,
        /// When it was last changed.
        pub updated_at: Timestamp,
        /// When it was deleted, if it was.
        pub deleted_at: Option<Timestamp>,
        /// How often it was written.
        pub version: i64,
    }
}

pub(crate) async fn insert_mood(tx: &mut Tx, user: UserId, row: &MoodRow) -> Result<()> {
    let insert = tx.sql(INSERT_MOOD).bind(row.id).bind(user).bind(row.noted_at).bind(row.body.clone());
    insert.bind(row.created_at).run().await.map(drop)
}

/// A mood of this user, deleted or not.
pub(crate) async fn mood(tx: &mut Tx, user: UserId, id: MoodId) -> Result<Option<MoodRow>> {
    tx.sql(MOOD).bind(id).bind(user).optional().await
}

/// One row more than the page holds, newest first, from `from` on and before `before`.
pub(crate) async fn moods(
    tx: &mut Tx,
    user: UserId,
    from: Timestamp,
    before: Cursor,
    rows: i64,
) -> Result<Vec<MoodRow>> {
    tx.sql(MOODS).bind(user).bind(from).bind(before.at).bind(before.id).bind(rows).all().await
}

pub(crate) async fn update_mood(tx: &mut Tx, user: UserId, row: &MoodRow) -> Result<()> {
    let update = tx.sql(UPDATE_MOOD).bind(row.id).bind(user).bind(row.noted_at).bind(row.body.clone());
    update.bind(row.updated_at).run().await.map(drop)
}

/// Marks a mood deleted (`at` is `Some`) or brings it back.
pub(crate) async fn mark_mood(
    tx: &mut Tx,
    user: UserId,
    id: MoodId,
    at: Option<Timestamp>,
    now: Timestamp,
) -> Result<()> {
    tx.sql(MARK_MOOD).bind(id).bind(user).bind(at).bind(now).run().await.map(drop)
}

pub(crate) async fn insert_reflection(tx: &mut Tx, user: UserId, row: &ReflectionRow) -> Result<()> {
    let insert = tx.sql(INSERT_REFLECTION).bind(row.id).bind(user).bind(row.body.clone());
    insert.bind(row.created_at).run().await.map(drop)
}

/// A reflection of this user, deleted or not.
pub(crate) async fn reflection(tx: &mut Tx, user: UserId, id: ReflectionId) -> Result<Option<ReflectionRow>> {
    tx.sql(REFLECTION).bind(id).bind(user).optional().await
}

/// One row more than the page holds, newest first, before `before`.
pub(crate) async fn reflections(tx: &mut Tx, user: UserId, before: Cursor, limit: Limit) -> Result<Vec<ReflectionRow>> {
    let rows = i64::from(limit.get()) + 1;
    tx.sql(REFLECTIONS).bind(user).bind(before.at).bind(before.id).bind(rows).all().await
}

pub(crate) async fn update_reflection(tx: &mut Tx, user: UserId, row: &ReflectionRow) -> Result<()> {
    let update = tx.sql(UPDATE_REFLECTION).bind(row.id).bind(user).bind(row.body.clone());
    update.bind(row.updated_at).run().await.map(drop)
}

/// Marks a reflection deleted (`at` is `Some`) or brings it back.
pub(crate) async fn mark_reflection(
    tx: &mut Tx,
    user: UserId,
    id: ReflectionId,
    at: Option<Timestamp>,
    now: Timestamp,
) -> Result<()> {
    tx.sql(MARK_REFLECTION).bind(id).bind(user).bind(at).bind(now).run().await.map(drop)
}

/// Removes for good what was deleted before `before`; answers how many rows went.
pub(crate) async fn purge(tx: &mut Tx, before: Timestamp) -> Result<u64> {
    let moods = tx.sql(PURGE_MOODS).bind(before).run().await?;
    let reflections = tx.sql(PURGE_REFLECTIONS).bind(before).run().await?;
    Ok(moods + reflections)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::Ambient;
    use std::time::Duration;
    use store::Db;

    store::conformance!(statements_are_sound, moods_come_back_newest_first, what_was_deleted_long_ago_is_purged);

    async fn statements_are_sound(db: Db) {
        store::testing::statements(&db, STATEMENTS).await;
        store::testing::no_scans(&db, STATEMENTS, &["moods", "reflections"]).await;
        assert_eq!(store::testing::pairs(STATEMENTS), 0);
    }

    async fn moods_come_back_newest_first(db: Db) {
        let keys = store::testing::keys(&db).await;
        let (user, other) = (store::testing::person(&db, &keys).await, store::testing::person(&db, &keys).await);
        let ambient = Ambient::system();
        let now = ambient.now();
        let mut tx = db.begin().await.unwrap();
        for minute in 0..5 {
            let noted_at = now.minus(Duration::from_mins(minute));
            let row = MoodRow {
                id: ambient.id(),
                noted_at,
                body: vec![1, 2],
                created_at: now,
                updated_at: now,
                deleted_at: None,
                version: 1,
            };
            insert_mood(&mut tx, user, &row).await.unwrap();
        }
        tx.commit().await.unwrap();

        let mut tx = db.begin().await.unwrap();
        let first = moods(&mut tx, user, Timestamp::from_micros(0), Cursor::NEWEST, 2).await.unwrap();
        assert_eq!(first.len(), 2);
        assert!(first[0].noted_at > first[1].noted_at);
        let before = Cursor { at: first[1].noted_at, id: first[1].id.uuid() };
        let rest = moods(&mut tx, user, Timestamp::from_micros(0), before, 10).await.unwrap();
        assert_eq!(rest.len(), 3);
        assert_eq!(moods(&mut tx, other, Timestamp::from_micros(0), Cursor::NEWEST, 10).await.unwrap(), []);
        assert_eq!(mood(&mut tx, other, first[0].id).await.unwrap(), None, "somebody else's is not there");

        mark_mood(&mut tx, user, first[0].id, Some(now), now).await.unwrap();
        let left = moods(&mut tx, user, Timestamp::from_micros(0), Cursor::NEWEST, 10).await.unwrap();
        assert_eq!(left.len(), 4);
        assert_eq!(mood(&mut tx, user, first[0].id).await.unwrap().unwrap().version, 2);
    }

    async fn what_was_deleted_long_ago_is_purged(db: Db) {
        let keys = store::testing::keys(&db).await;
        let user = store::testing::person(&db, &keys).await;
        let ambient = Ambient::system();
        let now = ambient.now();
        let ids: [ReflectionId; 3] = [ambient.id(), ambient.id(), ambient.id()];
        let mut tx = db.begin().await.unwrap();
        for id in ids {
            let row =
                ReflectionRow { id, body: vec![7], created_at: now, updated_at: now, deleted_at: None, version: 1 };
            insert_reflection(&mut tx, user, &row).await.unwrap();
        }
        let long_ago = now.minus(Duration::from_hours(31 * 24));
        mark_reflection(&mut tx, user, ids[0], Some(long_ago), now).await.unwrap();
        mark_reflection(&mut tx, user, ids[1], Some(now), now).await.unwrap();
        tx.commit().await.unwrap();

        assert_eq!(crate::Purge { db: db.clone(), ambient }.run().await.unwrap(), 1);
        let mut tx = db.begin().await.unwrap();
        assert!(reflection(&mut tx, user, ids[0]).await.unwrap().is_none());
        assert!(reflection(&mut tx, user, ids[1]).await.unwrap().is_some());
        assert_eq!(reflections(&mut tx, user, Cursor::NEWEST, Limit::default()).await.unwrap().len(), 1);
    }
}
