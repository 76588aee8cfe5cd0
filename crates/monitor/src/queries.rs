//! The texts about kept failures, and the functions that send them.

use kernel::Timestamp;
use store::{Record, Result, Sql, Statement, Tx};
use uuid::Uuid;

store::row! {
    /// A failure, sealed.
    pub(crate) struct Kept { pub(crate) body: Vec<u8> }
}

store::row! {
    /// What a question of no consequence answers.
    pub(crate) struct One { pub(crate) n: i64 }
}

/// The same failure twice is one: a request has one id.
const INSERT: Sql = Sql::same("insert into failures (id, at, body) values ($1, $2, $3) on conflict (id) do nothing");

const FIND: Sql = Sql::same("select body from failures where id = $1");

const EXPIRE: Sql = Sql::same("delete from failures where at <= $1");

/// Ids are in the order of their time. Where there are fewer, the inner question answers null, and nothing is older than that.
const TRIM: Sql =
    Sql::same("delete from failures where id <= (select id from failures order by id desc limit 1 offset $1)");

/// Answers from the engine itself, and reads nothing.
const PING: Sql = Sql::same("select count(*) as n from (select 1) as one");

/// Every text of this slice, for the catalogue test.
pub const STATEMENTS: &[Statement] = &[
    Statement::write(INSERT),
    Statement::read(FIND, Kept::COLUMNS),
    Statement::write(EXPIRE),
    Statement::write(TRIM),
    Statement::read(PING, One::COLUMNS),
];

/// Keeps a failure.
pub(crate) async fn insert(tx: &mut Tx, id: Uuid, at: Timestamp, body: Vec<u8>) -> Result<()> {
    tx.sql(INSERT).bind(id).bind(at).bind(body).run().await.map(drop)
}

/// The failure of this id, sealed.
pub(crate) async fn find(tx: &mut Tx, id: Uuid) -> Result<Option<Kept>> {
    tx.sql(FIND).bind(id).optional().await
}

/// Deletes what is older than `before`, and all but the newest `most`.
pub(crate) async fn sweep(tx: &mut Tx, before: Timestamp, most: i64) -> Result<u64> {
    let expired = tx.sql(EXPIRE).bind(before).run().await?;
    let trimmed = tx.sql(TRIM).bind(most).run().await?;
    Ok(expired + trimmed)
}

/// Whether the engine answers.
pub(crate) async fn ping(tx: &mut Tx) -> Result<()> {
    tx.sql(PING).one::<One>().await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::{Ambient, SystemRng};
    use std::time::Duration;
    use store::Db;

    store::conformance!(statements_are_sound, only_the_newest_are_kept);

    async fn statements_are_sound(db: Db) {
        store::testing::statements(&db, STATEMENTS).await;
        assert_eq!(store::testing::pairs(STATEMENTS), 0);
        ping(&mut db.lookup().await.unwrap()).await.unwrap();
    }

    async fn only_the_newest_are_kept(db: Db) {
        let clock = std::sync::Arc::new(kernel::ManualClock::new(Timestamp::from_micros(1_800_000_000_000_000)));
        let ambient = Ambient { clock: clock.clone(), rng: std::sync::Arc::new(SystemRng) };
        let mut ids = Vec::new();
        let mut tx = db.begin().await.unwrap();
        for n in 0..5u8 {
            clock.advance(Duration::from_secs(1));
            let id = ambient.uuid();
            insert(&mut tx, id, ambient.now(), vec![n]).await.unwrap();
            insert(&mut tx, id, ambient.now(), vec![99]).await.unwrap();
            ids.push(id);
        }
        let long_ago = Timestamp::from_micros(0);
        assert_eq!(sweep(&mut tx, long_ago, 5).await.unwrap(), 0, "there is room for five");
        assert_eq!(sweep(&mut tx, long_ago, 3).await.unwrap(), 2);
        tx.commit().await.unwrap();
        let mut tx = db.begin().await.unwrap();
        assert!(find(&mut tx, ids[1]).await.unwrap().is_none());
        assert_eq!(find(&mut tx, ids[2]).await.unwrap().unwrap().body, [2]);
        assert_eq!(sweep(&mut tx, ambient.now(), 3).await.unwrap(), 3, "all of them are old enough");
        tx.commit().await.unwrap();
    }
}
