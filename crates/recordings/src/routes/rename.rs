//! `PATCH /api/recordings/{id}`: gives a recording another title.

use super::{present, stale};
use crate::model::{self, Meta, Recording, RecordingId};
use crate::queries::{self, RecordingRow};
use crate::sealed;
use crate::state::State;
use axum::extract;
use guard::{Caller, Entity, IfMatch, Json, Path};
use kernel::Fault;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// What to change.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RecordingChange)]
pub(crate) struct Request {
    /// What to call it from now on.
    #[schema(min_length = 1, max_length = 200)]
    title: String,
}

/// Gives a recording another title, if it is still the one that was read.
#[utoipa::path(patch, path = "/api/recordings/{id}", operation_id = "rename_recording", tag = "recordings", extensions(("x-auth" = json!("caller"))),
    params(("id" = RecordingId, Path), ("If-Match" = String, Header, max_length = 256)), request_body = Request,
    responses((status = 200, body = Recording), (status = 401, body = guard::ProblemBody),
        (status = 404, body = guard::ProblemBody), (status = 412, body = guard::ProblemBody),
        (status = 422, body = guard::ProblemBody), (status = 428, body = guard::ProblemBody)))]
pub(crate) async fn handler(
    extract::State(state): extract::State<Arc<State>>,
    caller: Caller,
    Path(id): Path<RecordingId>,
    if_match: IfMatch,
    Json(request): Json<Request>,
) -> guard::Result<Entity<Recording>> {
    let (user, now) = (caller.user_id, state.ambient.now());
    let key = state.keys.of(user).await?;
    let title = model::title(&request.title)?;
    if title.is_empty() {
        return Err(Fault::field("title", "empty", "A title has at least one character.").into());
    }
    let mut tx = state.db.begin().await?;
    let row = present(queries::of(&mut tx, user, id).await?)?;
    if_match.check(row.version)?;
    let meta = Meta { title, ..sealed::open_meta(&key, &row)? };
    let meta = sealed::seal_meta(&key, id, user, &meta, &state.ambient)?;
    if !queries::rename(&mut tx, &row, meta.clone(), now).await? {
        return Err(stale().into());
    }
    tx.commit().await?;
    let row = RecordingRow { meta, updated_at: now, version: row.version + 1, ..row };
    let recording = sealed::open_recording(&key, row)?;
    Ok(Entity::ok(recording.version, recording))
}
