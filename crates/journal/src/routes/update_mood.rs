//! `PUT /api/moods/{id}`: changes a mood.

use super::{moment, open_mood, present};
use crate::Journal;
use crate::model::{Mood, MoodBody, MoodId};
use crate::queries::{self, MoodRow};
use crate::sealed;
use axum::extract::State;
use guard::{Caller, Entity, IfMatch, Json, Path};
use kernel::Timestamp;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// What a mood becomes, whole.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MoodChange)]
pub(crate) struct Request {
    /// From -2 (heavy) to 2 (bright).
    #[schema(minimum = -2, maximum = 2)]
    score: i64,
    /// At most ten, each of at most 32 characters.
    #[schema(max_items = 10, value_type = Vec<crate::model::Tag>)]
    tags: Vec<String>,
    /// Some words.
    #[schema(max_length = 2000)]
    note: String,
    /// The moment it is about; unchanged when left out.
    noted_at: Option<Timestamp>,
}

/// Changes a mood, if it is still the one that was read.
#[utoipa::path(put, path = "/api/moods/{id}", operation_id = "update_mood", tag = "journal", extensions(("x-auth" = json!("caller"))),
    params(("id" = MoodId, Path), ("If-Match" = String, Header, max_length = 256)), request_body = Request,
    responses((status = 200, body = Mood), (status = 401, body = guard::ProblemBody),
        (status = 404, body = guard::ProblemBody), (status = 412, body = guard::ProblemBody),
        (status = 422, body = guard::ProblemBody), (status = 428, body = guard::ProblemBody)))]
pub(crate) async fn handler(
    State(journal): State<Arc<Journal>>,
    caller: Caller,
    Path(id): Path<MoodId>,
    if_match: IfMatch,
    Json(request): Json<Request>,
) -> guard::Result<Entity<Mood>> {
    let (user, ambient) = (caller.user_id, &journal.ambient);
    let key = journal.keys.of(user).await?;
    let body = MoodBody::parse(request.score, request.tags, request.note)?;
    let body = sealed::seal(&key, ambient, "moods", id.uuid(), user, &body)?;

    let mut tx = journal.db.begin().await?;
    let known = present(queries::mood(&mut tx, user, id).await?, |row| row.deleted_at)?;
    if_match.check(known.version)?;
    let noted_at = moment(&journal, request.noted_at, known.noted_at)?;
    let row = MoodRow { noted_at, body, updated_at: ambient.now(), version: known.version + 1, ..known };
    queries::update_mood(&mut tx, user, &row).await?;
    tx.commit().await?;
    let mood = open_mood(&key, user, &row)?;
    Ok(Entity::ok(mood.version, mood))
}
