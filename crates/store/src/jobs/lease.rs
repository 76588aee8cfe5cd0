//! The right to work on a job, for as long as the heartbeat goes on.

use super::{Job, queries};
use crate::{Db, Error, Result, Tx};
use kernel::{Ambient, JobId};
use std::time::Duration;
use tokio::sync::watch;
use uuid::Uuid;

/// The right to work on a job. Held by the handler; renewed behind its back.
#[derive(Clone)]
pub struct Lease {
    pub(super) job: JobId,
    pub(super) worker: Uuid,
    pub(super) attempt: i64,
    pub(super) length: Duration,
    pub(super) ambient: Ambient,
    pub(super) stop: watch::Receiver<bool>,
}

impl Lease {
    pub(super) fn new(
        job: &Job,
        worker: Uuid,
        length: Duration,
        ambient: Ambient,
        stop: watch::Receiver<bool>,
    ) -> Self {
        Self { job: job.id, worker, attempt: job.attempts, length, ambient, stop }
    }

    /// Whether to stop as soon as possible: the process is shutting down, or the job belongs to somebody else by now.
    /// For threads that compute and cannot be dropped.
    pub fn stopping(&self) -> bool {
        // A dropped sender means that the runner itself is gone.
        *self.stop.borrow() || self.stop.has_changed().is_err()
    }

    /// Returns when [`Lease::stopping`] becomes true.
    pub async fn stopped(&self) {
        // An error means that the runner itself is gone, which is the same news.
        let _ = self.stop.clone().wait_for(|stop| *stop).await;
    }

    /// Makes a write in the middle of the work depend on the lease: `Err(LeaseLost)` when somebody else has the job, and
    /// nobody else can take it before `tx` ends.
    pub async fn hold(&self, tx: &mut Tx) -> Result<()> {
        let until = self.ambient.now().plus(self.length);
        let beat = tx.sql(queries::BEAT).bind(until).bind(self.job).bind(self.worker).bind(self.attempt);
        if beat.run().await? == 1 { Ok(()) } else { Err(Error::LeaseLost) }
    }

    /// Notes in `tx` that the job is done, together with what it produced: both are kept, exactly once, or neither.
    /// `Err(LeaseLost)` when somebody else has the job: then drop `tx`. Answer [`super::Outcome::Done`] afterwards.
    pub async fn complete(&self, tx: &mut Tx) -> Result<()> {
        if self.finish(tx, "done", None).await? { Ok(()) } else { Err(Error::LeaseLost) }
    }

    /// Whether the job was still ours.
    pub(super) async fn finish(&self, tx: &mut Tx, state: &'static str, problem: Option<&str>) -> Result<bool> {
        tx.sql(queries::FINISH)
            .bind(state.to_owned())
            .bind(problem.map(str::to_owned))
            .bind(self.ambient.now())
            .bind(self.job)
            .bind(self.worker)
            .bind(self.attempt)
            .run()
            .await
            .map(|rows| rows == 1)
    }

    pub(super) async fn retry(&self, tx: &mut Tx, after: Duration, reason: &str) -> Result<bool> {
        tx.sql(queries::RETRY)
            .bind(Some(reason.to_owned()))
            .bind(self.ambient.now().plus(after))
            .bind(self.job)
            .bind(self.worker)
            .bind(self.attempt)
            .run()
            .await
            .map(|rows| rows == 1)
    }

    pub(super) async fn beat(&self, db: &Db) -> Result<bool> {
        let mut tx = db.begin().await?;
        match self.hold(&mut tx).await {
            Ok(()) => tx.commit().await.map(|()| true),
            Err(Error::LeaseLost) => Ok(false),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn release(&self, db: &Db) -> Result<()> {
        let mut tx = db.begin().await?;
        tx.sql(queries::RELEASE).bind(self.job).bind(self.worker).bind(self.attempt).run().await?;
        tx.commit().await
    }
}
