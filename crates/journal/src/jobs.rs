//! Background work: what was deleted goes for good when it can no longer be restored.

use crate::{queries, rules};
use kernel::Ambient;
use store::{Db, Result};

/// Removes what was deleted longer ago than it can be restored.
#[derive(Clone)]
pub struct Purge {
    /// The data.
    pub db: Db,
    /// The clock that says how long ago that was.
    pub ambient: Ambient,
}

impl Purge {
    /// Runs once; answers how many rows went. Running it again, or in two processes at once, does no harm.
    ///
    /// # Errors
    /// When the database does not do it; the next run tries again.
    pub async fn run(&self) -> Result<u64> {
        let before = self.ambient.now().minus(rules::UNDO);
        let mut tx = self.db.begin().await?;
        let rows = queries::purge(&mut tx, before).await?;
        tx.commit().await?;
        Ok(rows)
    }
}
