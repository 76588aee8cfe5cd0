//! Destroys what was deleted when its time to be restored is over: the file first, then the row and its transcript, so that a
//! process that dies in between leaves a job that goes on, never a file that nobody knows of.

use crate::model::RecordingId;
use crate::queries;
use crate::rules::UNDO;
use crate::state::State;
use kernel::Fault;
use std::sync::Arc;
use std::time::Duration;
use store::jobs::{Handler, Job, Lease, Outcome};

/// The handler.
pub struct Purge(Arc<State>);

impl Purge {
    /// For the runner.
    pub const fn new(state: Arc<State>) -> Self {
        Self(state)
    }

    async fn attempt(&self, id: RecordingId) -> Result<(), Fault> {
        let state = &*self.0;
        let before = state.ambient.now().minus(UNDO);
        let row = queries::find(&mut state.db.lookup().await?, id).await?;
        // Restored, deleted again later (that deletion has a job of its own), or gone already.
        if row.is_none_or(|row| row.deleted_at.is_none_or(|at| at > before)) {
            return Ok(());
        }
        state.media.remove(id).await.map_err(Fault::internal)?;
        let mut tx = state.db.begin().await?;
        queries::purge(&mut tx, id, before).await?;
        tx.commit().await?;
        Ok(())
    }
}

impl Handler for Purge {
    const KIND: &'static str = "recordings.purge";

    async fn run(&self, job: Job, _: Lease) -> Outcome {
        match self.attempt(RecordingId::from(job.subject)).await {
            Ok(()) => Outcome::Done,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, recording = %job.subject, "could not destroy a recording yet");
                Outcome::Retry { after: Duration::from_hours(1), reason: "not_removed" }
            }
        }
    }
}
