//! Background work: transcribing, destroying what was deleted, and looking after what waits or was left behind.

mod purge;
mod tidy;
mod transcribe;

pub use purge::Purge;
pub use tidy::keep_tidy;
pub use transcribe::Transcribe;

use crate::model::RecordingId;
use kernel::{Ambient, Timestamp, UserId};
use store::jobs::{self, Handler, NewJob};
use store::{Result, Tx};

/// How often a transcription is tried, the death of the process in the middle of it included.
const TRIES: u32 = 3;

/// Has a recording transcribed.
pub(crate) async fn enqueue_transcribe(tx: &mut Tx, ambient: &Ambient, id: RecordingId, user: UserId) -> Result<()> {
    let job = NewJob {
        kind: Transcribe::KIND,
        subject: id.uuid(),
        owner: Some(user),
        run_at: ambient.now(),
        max_attempts: TRIES,
    };
    jobs::enqueue(tx, ambient, job).await.map(drop)
}

/// Has a deleted recording destroyed, unless it is restored by then.
pub(crate) async fn enqueue_purge(
    tx: &mut Tx,
    ambient: &Ambient,
    id: RecordingId,
    user: UserId,
    at: Timestamp,
) -> Result<()> {
    // Many tries: a disk that is away for a day must not make us keep what somebody wanted gone.
    let job = NewJob { kind: Purge::KIND, subject: id.uuid(), owner: Some(user), run_at: at, max_attempts: 100 };
    jobs::enqueue(tx, ambient, job).await.map(drop)
}
