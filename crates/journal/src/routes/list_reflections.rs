//! `GET /api/journal/entries`: reflections, newest first, each by its beginning.

use super::open_reflection;
use crate::model::ReflectionSummary;
use crate::{Journal, queries, rules};
use axum::extract::State;
use guard::{Caller, Json, Query};
use kernel::{Cursor, Limit, Page};
use serde::Deserialize;
use std::sync::Arc;

/// Which reflections.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    #[serde(default)]
    limit: Limit,
    cursor: Option<Cursor>,
}

/// Lists reflections, newest first.
#[utoipa::path(get, path = "/api/journal/entries", operation_id = "list_reflections", tag = "journal", extensions(("x-auth" = json!("caller"))),
    params(("limit" = Option<u8>, Query, minimum = 1, maximum = 100), ("cursor" = Option<String>, Query, max_length = 32)),
    responses((status = 200, body = Page<ReflectionSummary>), (status = 401, body = guard::ProblemBody),
        (status = 422, body = guard::ProblemBody)))]
pub(crate) async fn handler(
    State(journal): State<Arc<Journal>>,
    caller: Caller,
    Query(request): Query<Request>,
) -> guard::Result<Json<Page<ReflectionSummary>>> {
    let user = caller.user_id;
    let key = journal.keys.of(user).await?;
    let mut tx = journal.db.read().await?;
    let before = request.cursor.unwrap_or(Cursor::NEWEST);
    let rows = queries::reflections(&mut tx, user, before, request.limit).await?;
    drop(tx);
    let page = Page::of(rows, request.limit, |row| Cursor { at: row.created_at, id: row.id.uuid() });
    let page = page.try_map(|row| open_reflection(&key, user, &row))?;
    Ok(Json(page.map(|reflection| ReflectionSummary {
        id: reflection.id,
        title: reflection.title,
        excerpt: rules::excerpt(&reflection.content),
        tags: reflection.tags,
        created_at: reflection.created_at,
        updated_at: reflection.updated_at,
        version: reflection.version,
    })))
}
