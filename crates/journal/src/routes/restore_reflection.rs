//! `POST /api/journal/entries/{id}/restore`: brings a deleted reflection back.

use super::{open_reflection, restorable};
use crate::Journal;
use crate::model::{Reflection, ReflectionId};
use crate::queries::{self, ReflectionRow};
use axum::extract::State;
use guard::{Caller, Entity, Path};
use std::sync::Arc;

/// Brings a deleted reflection back.
#[utoipa::path(post, path = "/api/journal/entries/{id}/restore", operation_id = "restore_reflection", tag = "journal", extensions(("x-auth" = json!("caller"))),
    params(("id" = ReflectionId, Path)),
    responses((status = 200, body = Reflection), (status = 401, body = guard::ProblemBody),
        (status = 404, body = guard::ProblemBody), (status = 409, body = guard::ProblemBody)))]
pub(crate) async fn handler(
    State(journal): State<Arc<Journal>>,
    caller: Caller,
    Path(id): Path<ReflectionId>,
) -> guard::Result<Entity<Reflection>> {
    let (user, now) = (caller.user_id, journal.ambient.now());
    let key = journal.keys.of(user).await?;
    let mut tx = journal.db.begin().await?;
    let row = restorable(&journal, queries::reflection(&mut tx, user, id).await?, |row| row.deleted_at)?;
    queries::mark_reflection(&mut tx, user, id, None, now).await?;
    tx.commit().await?;
    let row = ReflectionRow { updated_at: now, deleted_at: None, version: row.version + 1, ..row };
    let reflection = open_reflection(&key, user, &row)?;
    Ok(Entity::ok(reflection.version, reflection))
}
