//! What this slice does without being asked: it deletes sessions whose time is long over (A2-12), what letters leave, and what
//! was asked of somebody who has not answered in time.

use crate::account_queries::{self, Kept};
use crate::factors::{access_queries, queries as factors};
use crate::lockout::HARD_STOP;
use crate::{Identity, queries, tickets};
use std::sync::Arc;
use std::time::Duration;

/// How often it looks.
pub const SWEEP_EVERY: Duration = Duration::from_mins(5);
/// How long a session is kept after its end, so that "where was I signed in" has an answer; see `docs/retention.md`.
const KEPT: Duration = Duration::from_hours(7 * 24);
const DAY: Duration = Duration::from_hours(24);
/// How many rows go in one transaction.
const PART: i64 = 1_000;

impl Identity {
    /// Deletes letters, links, sign-ups, invitations, counts and events whose time is over; answers how many it were.
    pub async fn sweep_letters(&self) -> store::Result<u64> {
        let now = self.ambient.now();
        let kept = Kept {
            errands: now.minus(DAY * 7),
            mails: now.minus(DAY * 7),
            over: now.minus(DAY * 7),
            counts: now.minus(DAY * 30),
            events: now.minus(DAY * 180),
            hard_stop: HARD_STOP,
        };
        let mut tx = self.db.begin().await?;
        let deleted = account_queries::sweep(&mut tx, &kept).await?;
        tx.commit().await?;
        Ok(deleted)
    }

    /// Deletes the sessions that ended a week ago; answers how many it were. Doing it in two processes at once is harmless.
    pub async fn sweep(&self) -> store::Result<u64> {
        let before = self.ambient.now().minus(KEPT);
        let mut total = 0;
        loop {
            let mut tx = self.db.begin().await?;
            let mut deleted = queries::sweep(&mut tx, before, PART).await?;
            let now = self.ambient.now();
            deleted = deleted.max(access_queries::sweep(&mut tx, now, PART).await?);
            deleted = deleted.max(factors::sweep(&mut tx, now, PART).await?);
            deleted = deleted.max(tickets::sweep(&mut tx, now, PART).await?);
            tx.commit().await?;
            total += deleted;
            if deleted < PART.unsigned_abs() {
                return Ok(total);
            }
        }
    }
}

/// Sweeps every [`SWEEP_EVERY`]; never returns. To stop it, drop it: what is not committed is done by the next sweep.
pub async fn keep_tidy(identity: Arc<Identity>) {
    loop {
        match identity.sweep().await {
            Ok(0) => {}
            Ok(deleted) => tracing::info!(deleted, "deleted sessions that were over"),
            Err(error) => tracing::warn!(%error, "sessions that are over could not be deleted; tried again later"),
        }
        match identity.sweep_letters().await {
            Ok(0) => {}
            Ok(deleted) => tracing::info!(deleted, "deleted letters, links and events that were over"),
            Err(error) => tracing::warn!(%error, "what letters leave could not be deleted; tried again later"),
        }
        tokio::time::sleep(SWEEP_EVERY).await;
    }
}
