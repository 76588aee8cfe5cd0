//! `DELETE /api/recordings/{id}`: deletes a recording; it can be restored for a while.

use super::{present, stale};
use crate::jobs::enqueue_purge;
use crate::model::{Deleted, RecordingId};
use crate::state::State;
use crate::{queries, rules};
use axum::extract;
use guard::{Caller, IfMatch, Json, Path};
use std::sync::Arc;

/// Deletes a recording. For 30 days it can be restored; then its sound and its transcript are destroyed.
#[utoipa::path(delete, path = "/api/recordings/{id}", operation_id = "delete_recording", tag = "recordings", extensions(("x-auth" = json!("caller"))),
    params(("id" = RecordingId, Path), ("If-Match" = String, Header, max_length = 256)),
    responses((status = 200, body = Deleted), (status = 401, body = guard::ProblemBody),
        (status = 404, body = guard::ProblemBody), (status = 412, body = guard::ProblemBody),
        (status = 428, body = guard::ProblemBody)))]
pub(crate) async fn handler(
    extract::State(state): extract::State<Arc<State>>,
    caller: Caller,
    Path(id): Path<RecordingId>,
    if_match: IfMatch,
) -> guard::Result<Json<Deleted>> {
    let (user, now) = (caller.user_id, state.ambient.now());
    let undo_until = now.plus(rules::UNDO);
    let mut tx = state.db.begin().await?;
    let row = present(queries::of(&mut tx, user, id).await?)?;
    if_match.check(row.version)?;
    if !queries::delete(&mut tx, &row, now).await? {
        return Err(stale().into());
    }
    enqueue_purge(&mut tx, &state.ambient, id, user, undo_until).await?;
    tx.commit().await?;
    Ok(Json(Deleted { undo_until }))
}
