//! What a database knows about itself: the environment it belongs to.

use crate::sql::{Sql, Statement};
use crate::{Db, Error, Record, Result};

crate::row! {
    struct Meta { value: String }
}

const STAMP: Sql = Sql::same("insert into instance_meta (key, value) values ($1, $2) on conflict (key) do nothing");
const READ: Sql = Sql::same("select value from instance_meta where key = $1");

pub(crate) const STATEMENTS: &[Statement] = &[Statement::write(STAMP), Statement::read(READ, Meta::COLUMNS)];

/// Stamps a fresh database with `wanted`, and refuses one that is stamped otherwise: a development configuration that
/// was pointed at production's database by mistake must not even start (A2-14).
pub(crate) async fn check(db: &Db, wanted: &str) -> Result<()> {
    let key = || "environment".to_owned();
    let mut found: Option<Meta> = db.lookup().await?.sql(READ).bind(key()).optional().await?;
    if found.is_none() {
        let mut tx = db.begin().await?;
        tx.sql(STAMP).bind(key()).bind(wanted.to_owned()).run().await?;
        tx.commit().await?;
        found = db.lookup().await?.sql(READ).bind(key()).optional().await?; // another process may have been first
    }
    match found {
        Some(meta) if meta.value == wanted => Ok(()),
        Some(_) if kernel::weaken::is("A2-14") => Ok(()),
        Some(meta) => Err(Error::Environment { found: meta.value, wanted: wanted.to_owned() }),
        None => Err(Error::Unreadable("instance_meta lost its stamp".into())),
    }
}
