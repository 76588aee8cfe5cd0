//! `POST /api/recordings/{id}/retry`: has a recording that failed transcribed once more.

use super::{present, spend, stale};
use crate::jobs::enqueue_transcribe;
use crate::model::{Recording, RecordingId, Status};
use crate::queries::{self, RecordingRow};
use crate::sealed;
use crate::state::State;
use axum::extract;
use guard::{Caller, Class, Entity, IdempotencyKey, Limits, Path};
use http::StatusCode;
use kernel::{Fault, Kind};
use std::sync::Arc;
use std::time::Duration;
use store::once::Once;

/// Queues a recording that failed once more.
#[utoipa::path(post, path = "/api/recordings/{id}/retry", operation_id = "retry_recording", tag = "recordings", extensions(("x-auth" = json!("caller"))),
    params(("id" = RecordingId, Path), ("Idempotency-Key" = Option<String>, Header, max_length = 128)),
    responses((status = 202, body = Recording), (status = 401, body = guard::ProblemBody),
        (status = 404, body = guard::ProblemBody), (status = 409, body = guard::ProblemBody),
        (status = 429, body = guard::ProblemBody)))]
pub(crate) async fn handler(
    extract::State(state): extract::State<Arc<State>>,
    caller: Caller,
    limits: Limits,
    Path(id): Path<RecordingId>,
    IdempotencyKey(idempotency): IdempotencyKey,
) -> guard::Result<Entity<Recording>> {
    let (user, ambient) = (caller.user_id, &state.ambient);
    let (key, now) = (state.keys.of(user).await?, ambient.now());
    limits.by_key(Class::Transcription, &user.to_string()).await?;
    let route = "POST /api/recordings/{id}/retry";
    let mut once = Once::new(idempotency.as_deref(), route, user, key.clone(), &id, ambient)?;
    let mut tx = state.db.begin().await?;
    if let Some(first) = once.replay::<Recording>(&mut tx).await? {
        return Ok(accepted(first));
    }
    let row = present(queries::of(&mut tx, user, id).await?)?;
    if row.status != Status::Failed {
        let detail = "Only a recording that failed can be tried again.";
        return Err(Fault::new(Kind::Conflict, "not_failed", detail).into());
    }
    // It is listened to once more.
    spend(&limits, user, Duration::from_millis(row.duration_ms.unsigned_abs())).await?;
    if !queries::retry(&mut tx, &row, now).await? {
        return Err(stale().into());
    }
    enqueue_transcribe(&mut tx, ambient, id, user).await?;
    let (status, problem_code, version) = (Status::Queued, None, row.version + 1);
    let row = RecordingRow { status, problem_code, version, updated_at: now, progress_permille: 0, ..row };
    let recording = sealed::open_recording(&key, row)?;
    once.keep(&mut tx, &recording).await?;
    tx.commit().await?;
    Ok(accepted(recording))
}

const fn accepted(recording: Recording) -> Entity<Recording> {
    Entity { status: StatusCode::ACCEPTED, version: recording.version, body: recording }
}
