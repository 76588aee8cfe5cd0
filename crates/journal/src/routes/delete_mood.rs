//! `DELETE /api/moods/{id}`: deletes a mood; it can be restored for a while.

use super::present;
use crate::model::{Deleted, MoodId};
use crate::{Journal, queries, rules};
use axum::extract::State;
use guard::{Caller, IfMatch, Json, Path};
use std::sync::Arc;

/// Deletes a mood. For 30 days it can be restored.
#[utoipa::path(delete, path = "/api/moods/{id}", operation_id = "delete_mood", tag = "journal", extensions(("x-auth" = json!("caller"))),
    params(("id" = MoodId, Path), ("If-Match" = String, Header, max_length = 256)),
    responses((status = 200, body = Deleted), (status = 401, body = guard::ProblemBody),
        (status = 404, body = guard::ProblemBody), (status = 412, body = guard::ProblemBody),
        (status = 428, body = guard::ProblemBody)))]
pub(crate) async fn handler(
    State(journal): State<Arc<Journal>>,
    caller: Caller,
    Path(id): Path<MoodId>,
    if_match: IfMatch,
) -> guard::Result<Json<Deleted>> {
    let now = journal.ambient.now();
    let mut tx = journal.db.begin().await?;
    let row = present(queries::mood(&mut tx, caller.user_id, id).await?, |row| row.deleted_at)?;
    if_match.check(row.version)?;
    queries::mark_mood(&mut tx, caller.user_id, id, Some(now), now).await?;
    tx.commit().await?;
    Ok(Json(Deleted { undo_until: now.plus(rules::UNDO) }))
}
