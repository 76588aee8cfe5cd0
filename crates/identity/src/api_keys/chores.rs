//! What happens to keys by the clock: their owners hear that they end, and what ended long ago is deleted.

use super::{DAY, queries};
use crate::Identity;
use crate::notices::Notice;
use kernel::Fault;

/// So many days before its end the owner of a key is told; the nearest first.
const TOLD_AT: [u32; 3] = [1, 7, 30];
/// How long a key is kept after its end.
const KEPT_DAYS: u32 = 90;
/// How many rows at a time.
const PART: i64 = 500;

/// Of which notice a key with so many days to live is never told: its owner has just been there.
pub(super) fn noticed_at_first(days: u32) -> i64 {
    TOLD_AT.into_iter().find(|told| *told >= days).map_or(i64::from(u32::MAX), i64::from)
}

impl Identity {
    /// Tells owners of keys that end in 30, 7 and 1 days, each once; how many notices it were. Several processes at once
    /// write each notice once.
    pub async fn tell_of_ending_keys(&self) -> Result<u64, Fault> {
        let now = self.ambient.now();
        let mut told = 0;
        for days in TOLD_AT {
            let (until, mark) = (now.plus(DAY * days), i64::from(days));
            loop {
                let due = queries::ending(&mut self.db.lookup().await?, now, until, mark, PART).await?;
                for key in &due {
                    let mut tx = self.db.begin().await?;
                    if queries::noticed(&mut tx, key.id, mark).await? {
                        let notice = Notice::ApiKeyExpires { name: key.name.clone(), days: mark, at: key.expires_at };
                        self.notify(&mut tx, key.user_id, notice).await?;
                        tx.commit().await?;
                        told += 1;
                    }
                }
                if due.len() < usize::try_from(PART).unwrap_or(usize::MAX) {
                    break;
                }
            }
        }
        Ok(told)
    }

    /// Deletes keys that ended long ago.
    pub(crate) async fn sweep_keys(&self) -> store::Result<u64> {
        let before = self.ambient.now().minus(DAY * KEPT_DAYS);
        let mut tx = self.db.begin().await?;
        let deleted = queries::sweep(&mut tx, before, PART).await?;
        tx.commit().await?;
        Ok(deleted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_told_of_what_they_have_just_chosen() {
        assert_eq!(noticed_at_first(365), i64::from(u32::MAX));
        assert_eq!((noticed_at_first(31), noticed_at_first(30), noticed_at_first(20)), (i64::from(u32::MAX), 30, 30));
        assert_eq!((noticed_at_first(7), noticed_at_first(5), noticed_at_first(1)), (7, 7, 1));
    }
}
