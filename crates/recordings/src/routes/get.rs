//! `GET /api/recordings/{id}`: one recording and how far it is.

use super::find;
use crate::model::{Recording, RecordingId};
use crate::sealed;
use crate::state::State;
use axum::extract;
use guard::{Caller, Entity, Path};
use std::sync::Arc;

/// Reads one recording.
#[utoipa::path(get, path = "/api/recordings/{id}", operation_id = "get_recording", tag = "recordings", extensions(("x-auth" = json!("caller"))),
    params(("id" = RecordingId, Path)),
    responses((status = 200, body = Recording), (status = 401, body = guard::ProblemBody),
        (status = 404, body = guard::ProblemBody)))]
pub(crate) async fn handler(
    extract::State(state): extract::State<Arc<State>>,
    caller: Caller,
    Path(id): Path<RecordingId>,
) -> guard::Result<Entity<Recording>> {
    let key = state.keys.of(caller.user_id).await?;
    let row = find(&state, caller.user_id, id).await?;
    let recording = sealed::open_recording(&key, row)?;
    Ok(Entity::ok(recording.version, recording))
}
