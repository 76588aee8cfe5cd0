//! One action a file.

pub(crate) mod audio;
pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod export;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod openai;
pub(crate) mod rename;
pub(crate) mod restore;
pub(crate) mod retry;
pub(crate) mod transcript;

use crate::model::{RecordingId, Status};
use crate::queries::{self, RecordingRow};
use crate::rules::seconds::seconds;
use crate::sealed;
use crate::state::State;
use guard::{Class, Limits};
use kernel::{Fault, Kind, UserId};
use seal::DataKey;
use speech::Transcript;
use std::time::Duration;

/// Something that was deleted is gone until restored; so is what was never this person's.
fn present(row: Option<RecordingRow>) -> Result<RecordingRow, Fault> {
    row.filter(|row| row.deleted_at.is_none()).ok_or_else(Fault::not_found)
}

/// A recording of this person that is there.
async fn find(state: &State, user: UserId, id: RecordingId) -> Result<RecordingRow, Fault> {
    let mut tx = state.db.lookup().await?;
    present(queries::of(&mut tx, user, id).await?)
}

/// Takes the length of a recording from its owner's budget of sound, before anybody listens to it.
///
/// # Errors
/// 429 `too_many_requests`, and nothing was taken.
async fn spend(limits: &Limits, user: UserId, duration: Duration) -> Result<(), Fault> {
    limits.some_by_key(Class::Audio, &user.to_string(), seconds(duration)).await
}

/// A row that somebody else changed between reading and writing it.
fn stale() -> Fault {
    Fault::new(Kind::Stale, "stale", "It was changed since you read it. Read it again, then decide.")
}

/// What was said in a recording, once it is ready.
async fn read_transcript(state: &State, key: &DataKey, row: &RecordingRow) -> Result<Transcript, Fault> {
    let sealed = if row.status == Status::Ready {
        queries::transcript(&mut state.db.lookup().await?, row.id).await?
    } else {
        None
    };
    let Some(sealed) = sealed else {
        let detail = "The transcript is not there yet. The recording's status says how far it is.";
        return Err(Fault::new(Kind::NotFound, "transcript_not_ready", detail));
    };
    sealed::open_transcript(key, row, &sealed)
}
