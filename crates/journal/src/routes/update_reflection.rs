//! `PUT /api/journal/entries/{id}`: changes a reflection.

use super::{open_reflection, present};
use crate::Journal;
use crate::model::{Reflection, ReflectionBody, ReflectionId};
use crate::queries::{self, ReflectionRow};
use crate::sealed;
use axum::extract::State;
use guard::{Caller, Entity, IfMatch, Json, Path};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// What a reflection becomes, whole.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReflectionChange)]
pub(crate) struct Request {
    /// May be empty if there is text.
    #[schema(max_length = 200)]
    title: String,
    /// May be empty if there is a title.
    #[schema(max_length = 20000)]
    content: String,
    /// At most ten, each of at most 32 characters.
    #[schema(max_items = 10, value_type = Vec<crate::model::Tag>)]
    tags: Vec<String>,
}

/// Changes a reflection, if it is still the one that was read.
#[utoipa::path(put, path = "/api/journal/entries/{id}", operation_id = "update_reflection", tag = "journal", extensions(("x-auth" = json!("caller"))),
    params(("id" = ReflectionId, Path), ("If-Match" = String, Header, max_length = 256)), request_body = Request,
    responses((status = 200, body = Reflection), (status = 401, body = guard::ProblemBody),
        (status = 404, body = guard::ProblemBody), (status = 412, body = guard::ProblemBody),
        (status = 422, body = guard::ProblemBody), (status = 428, body = guard::ProblemBody)))]
pub(crate) async fn handler(
    State(journal): State<Arc<Journal>>,
    caller: Caller,
    Path(id): Path<ReflectionId>,
    if_match: IfMatch,
    Json(request): Json<Request>,
) -> guard::Result<Entity<Reflection>> {
    let (user, ambient) = (caller.user_id, &journal.ambient);
    let key = journal.keys.of(user).await?;
    let body = ReflectionBody::parse(request.title, request.content, request.tags)?;
    let body = sealed::seal(&key, ambient, "reflections", id.uuid(), user, &body)?;

    let mut tx = journal.db.begin().await?;
    let known = present(queries::reflection(&mut tx, user, id).await?, |row| row.deleted_at)?;
    if_match.check(known.version)?;
    let row = ReflectionRow { body, updated_at: ambient.now(), version: known.version + 1, ..known };
    queries::update_reflection(&mut tx, user, &row).await?;
    tx.commit().await?;
    let reflection = open_reflection(&key, user, &row)?;
    Ok(Entity::ok(reflection.version, reflection))
}
