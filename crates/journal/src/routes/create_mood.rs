//! `POST /api/moods`: notes how somebody is.

use super::{moment, open_mood};
use crate::Journal;
use crate::model::{Mood, MoodBody};
use crate::queries::{self, MoodRow};
use crate::sealed;
use axum::extract::State;
use guard::{Caller, Entity, IdempotencyKey, Json};
use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::once::Once;
use utoipa::ToSchema;

/// A mood to note.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewMood)]
pub(crate) struct Request {
    /// From -2 (heavy) to 2 (bright).
    #[schema(minimum = -2, maximum = 2)]
    score: i64,
    /// At most ten, each of at most 32 characters.
    #[serde(default)]
    #[schema(max_items = 10, value_type = Vec<crate::model::Tag>)]
    tags: Vec<String>,
    /// Some words.
    #[serde(default)]
    #[schema(max_length = 2000)]
    note: String,
    /// The moment it is about; now when left out.
    noted_at: Option<Timestamp>,
}

/// Notes a mood. It is durable when this answers.
#[utoipa::path(post, path = "/api/moods", operation_id = "create_mood", tag = "journal", extensions(("x-auth" = json!("caller"))),
    params(("Idempotency-Key" = Option<String>, Header, max_length = 128)), request_body = Request,
    responses((status = 201, body = Mood), (status = 401, body = guard::ProblemBody),
        (status = 422, body = guard::ProblemBody)))]
pub(crate) async fn handler(
    State(journal): State<Arc<Journal>>,
    caller: Caller,
    IdempotencyKey(idempotency): IdempotencyKey,
    Json(request): Json<Request>,
) -> guard::Result<Entity<Mood>> {
    let (user, ambient) = (caller.user_id, &journal.ambient);
    let key = journal.keys.of(user).await?;
    let mut once = Once::new(idempotency.as_deref(), "POST /api/moods", user, key.clone(), &request, ambient)?;
    let now = ambient.now();
    let noted_at = moment(&journal, request.noted_at, now)?;
    let body = MoodBody::parse(request.score, request.tags, request.note)?;
    let id: crate::model::MoodId = ambient.id();
    let body = sealed::seal(&key, ambient, "moods", id.uuid(), user, &body)?;
    let row = MoodRow { id, noted_at, body, created_at: now, updated_at: now, deleted_at: None, version: 1 };

    let mut tx = journal.db.begin().await?;
    if let Some(mood) = once.replay::<Mood>(&mut tx).await? {
        return Ok(Entity::created(mood.version, mood));
    }
    queries::insert_mood(&mut tx, user, &row).await?;
    let mood = open_mood(&key, user, &row)?;
    once.keep(&mut tx, &mood).await?;
    tx.commit().await?;
    Ok(Entity::created(mood.version, mood))
}
