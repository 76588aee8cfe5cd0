//! `GET /api/moods/{id}`.

use super::{open_mood, present};
use crate::Journal;
use crate::model::{Mood, MoodId};
use crate::queries;
use axum::extract::State;
use guard::{Caller, Entity, Path};
use std::sync::Arc;

/// One mood.
#[utoipa::path(get, path = "/api/moods/{id}", operation_id = "get_mood", tag = "journal", extensions(("x-auth" = json!("caller"))),
    params(("id" = MoodId, Path)),
    responses((status = 200, body = Mood), (status = 401, body = guard::ProblemBody),
        (status = 404, body = guard::ProblemBody)))]
pub(crate) async fn handler(
    State(journal): State<Arc<Journal>>,
    caller: Caller,
    Path(id): Path<MoodId>,
) -> guard::Result<Entity<Mood>> {
    let user = caller.user_id;
    let key = journal.keys.of(user).await?;
    let mut tx = journal.db.read().await?;
    let row = queries::mood(&mut tx, user, id).await?;
    drop(tx);
    let mood = open_mood(&key, user, &present(row, |row| row.deleted_at)?)?;
    Ok(Entity::ok(mood.version, mood))
}
