//! `POST /api/recordings/{id}/restore`: brings a deleted recording back.

use super::stale;
use crate::jobs::enqueue_transcribe;
use crate::model::{Recording, RecordingId, Status};
use crate::queries::{self, RecordingRow};
use crate::state::State;
use crate::{rules, sealed};
use axum::extract;
use guard::{Caller, Entity, Path};
use kernel::{Fault, Kind};
use std::sync::Arc;

/// Brings a deleted recording back. If its transcript was not there yet, it is queued again.
#[utoipa::path(post, path = "/api/recordings/{id}/restore", operation_id = "restore_recording", tag = "recordings", extensions(("x-auth" = json!("caller"))),
    params(("id" = RecordingId, Path)),
    responses((status = 200, body = Recording), (status = 401, body = guard::ProblemBody),
        (status = 404, body = guard::ProblemBody), (status = 409, body = guard::ProblemBody)))]
pub(crate) async fn handler(
    extract::State(state): extract::State<Arc<State>>,
    caller: Caller,
    Path(id): Path<RecordingId>,
) -> guard::Result<Entity<Recording>> {
    let (user, now) = (caller.user_id, state.ambient.now());
    let key = state.keys.of(user).await?;
    let mut tx = state.db.begin().await?;
    let row = queries::of(&mut tx, user, id).await?.ok_or_else(Fault::not_found)?;
    match row.deleted_at {
        None => return Err(Fault::new(Kind::Conflict, "not_deleted", "It is not deleted.").into()),
        Some(at) if at.plus(rules::UNDO) <= now => return Err(Fault::not_found().into()),
        Some(_) => {}
    }
    // The work on it stopped when it was deleted.
    let unfinished = !matches!(row.status, Status::Ready | Status::Failed);
    let status = if unfinished { Status::Queued } else { row.status };
    if !queries::restore(&mut tx, &row, status, now).await? {
        return Err(stale().into());
    }
    if unfinished {
        enqueue_transcribe(&mut tx, &state.ambient, id, user).await?;
    }
    tx.commit().await?;
    let progress_permille = if status == Status::Ready { 1000 } else { 0 };
    let (deleted_at, version) = (None, row.version + 1);
    let row = RecordingRow { status, progress_permille, deleted_at, version, updated_at: now, ..row };
    let recording = sealed::open_recording(&key, row)?;
    Ok(Entity::ok(recording.version, recording))
}
