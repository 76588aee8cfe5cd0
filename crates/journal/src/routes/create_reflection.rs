//! `POST /api/journal/entries`: keeps a piece of writing.

use super::open_reflection;
use crate::Journal;
use crate::model::{Reflection, ReflectionBody, ReflectionId};
use crate::queries::{self, ReflectionRow};
use crate::sealed;
use axum::extract::State;
use guard::{Caller, Entity, IdempotencyKey, Json};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::once::Once;
use utoipa::ToSchema;

/// A reflection to keep.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewReflection)]
pub(crate) struct Request {
    /// May be empty if there is text.
    #[schema(max_length = 200)]
    title: String,
    /// May be empty if there is a title.
    #[schema(max_length = 20000)]
    content: String,
    /// At most ten, each of at most 32 characters.
    #[serde(default)]
    #[schema(max_items = 10, value_type = Vec<crate::model::Tag>)]
    tags: Vec<String>,
}

/// Keeps a reflection, sealed under its writer's own key. It is durable when this answers.
#[utoipa::path(post, path = "/api/journal/entries", operation_id = "create_reflection", tag = "journal", extensions(("x-auth" = json!("caller"))),
    params(("Idempotency-Key" = Option<String>, Header, max_length = 128)), request_body = Request,
    responses((status = 201, body = Reflection), (status = 401, body = guard::ProblemBody),
        (status = 422, body = guard::ProblemBody)))]
pub(crate) async fn handler(
    State(journal): State<Arc<Journal>>,
    caller: Caller,
    IdempotencyKey(idempotency): IdempotencyKey,
    Json(request): Json<Request>,
) -> guard::Result<Entity<Reflection>> {
    let (user, ambient) = (caller.user_id, &journal.ambient);
    let key = journal.keys.of(user).await?;
    let mut once =
        Once::new(idempotency.as_deref(), "POST /api/journal/entries", user, key.clone(), &request, ambient)?;
    let now = ambient.now();
    let body = ReflectionBody::parse(request.title, request.content, request.tags)?;
    let id: ReflectionId = ambient.id();
    let body = sealed::seal(&key, ambient, "reflections", id.uuid(), user, &body)?;
    let row = ReflectionRow { id, body, created_at: now, updated_at: now, deleted_at: None, version: 1 };

    let mut tx = journal.db.begin().await?;
    if let Some(reflection) = once.replay::<Reflection>(&mut tx).await? {
        return Ok(Entity::created(reflection.version, reflection));
    }
    queries::insert_reflection(&mut tx, user, &row).await?;
    let reflection = open_reflection(&key, user, &row)?;
    once.keep(&mut tx, &reflection).await?;
    tx.commit().await?;
    Ok(Entity::created(reflection.version, reflection))
}
