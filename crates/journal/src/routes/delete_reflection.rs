//! `DELETE /api/journal/entries/{id}`: deletes a reflection; it can be restored for a while.

use super::present;
use crate::model::{Deleted, ReflectionId};
use crate::{Journal, queries, rules};
use axum::extract::State;
use guard::{Caller, IfMatch, Json, Path};
use std::sync::Arc;

/// Deletes a reflection. For 30 days it can be restored.
#[utoipa::path(delete, path = "/api/journal/entries/{id}", operation_id = "delete_reflection", tag = "journal", extensions(("x-auth" = json!("caller"))),
    params(("id" = ReflectionId, Path), ("If-Match" = String, Header, max_length = 256)),
    responses((status = 200, body = Deleted), (status = 401, body = guard::ProblemBody),
        (status = 404, body = guard::ProblemBody), (status = 412, body = guard::ProblemBody),
        (status = 428, body = guard::ProblemBody)))]
pub(crate) async fn handler(
    State(journal): State<Arc<Journal>>,
    caller: Caller,
    Path(id): Path<ReflectionId>,
    if_match: IfMatch,
) -> guard::Result<Json<Deleted>> {
    let now = journal.ambient.now();
    let mut tx = journal.db.begin().await?;
    let row = present(queries::reflection(&mut tx, caller.user_id, id).await?, |row| row.deleted_at)?;
    if_match.check(row.version)?;
    queries::mark_reflection(&mut tx, caller.user_id, id, Some(now), now).await?;
    tx.commit().await?;
    Ok(Json(Deleted { undo_until: now.plus(rules::UNDO) }))
}
