//! `POST /api/moods/{id}/restore`: brings a deleted mood back.

use super::{open_mood, restorable};
use crate::Journal;
use crate::model::{Mood, MoodId};
use crate::queries::{self, MoodRow};
use axum::extract::State;
use guard::{Caller, Entity, Path};
use std::sync::Arc;

/// Brings a deleted mood back.
#[utoipa::path(post, path = "/api/moods/{id}/restore", operation_id = "restore_mood", tag = "journal", extensions(("x-auth" = json!("caller"))),
    params(("id" = MoodId, Path)),
    responses((status = 200, body = Mood), (status = 401, body = guard::ProblemBody),
        (status = 404, body = guard::ProblemBody), (status = 409, body = guard::ProblemBody)))]
pub(crate) async fn handler(
    State(journal): State<Arc<Journal>>,
    caller: Caller,
    Path(id): Path<MoodId>,
) -> guard::Result<Entity<Mood>> {
    let (user, now) = (caller.user_id, journal.ambient.now());
    let key = journal.keys.of(user).await?;
    let mut tx = journal.db.begin().await?;
    let row = restorable(&journal, queries::mood(&mut tx, user, id).await?, |row| row.deleted_at)?;
    queries::mark_mood(&mut tx, user, id, None, now).await?;
    tx.commit().await?;
    let row = MoodRow { updated_at: now, deleted_at: None, version: row.version + 1, ..row };
    let mood = open_mood(&key, user, &row)?;
    Ok(Entity::ok(mood.version, mood))
}
