//! `GET /api/journal/entries/{id}`.

use super::{open_reflection, present};
use crate::Journal;
use crate::model::{Reflection, ReflectionId};
use crate::queries;
use axum::extract::State;
use guard::{Caller, Entity, Path};
use std::sync::Arc;

/// One reflection.
#[utoipa::path(get, path = "/api/journal/entries/{id}", operation_id = "get_reflection", tag = "journal", extensions(("x-auth" = json!("caller"))),
    params(("id" = ReflectionId, Path)),
    responses((status = 200, body = Reflection), (status = 401, body = guard::ProblemBody),
        (status = 404, body = guard::ProblemBody)))]
pub(crate) async fn handler(
    State(journal): State<Arc<Journal>>,
    caller: Caller,
    Path(id): Path<ReflectionId>,
) -> guard::Result<Entity<Reflection>> {
    let user = caller.user_id;
    let key = journal.keys.of(user).await?;
    let mut tx = journal.db.read().await?;
    let row = queries::reflection(&mut tx, user, id).await?;
    drop(tx);
    let reflection = open_reflection(&key, user, &present(row, |row| row.deleted_at)?)?;
    Ok(Entity::ok(reflection.version, reflection))
}
