//! `GET /api/moods`: moods, newest first.

use super::open_mood;
use crate::Journal;
use crate::model::Mood;
use crate::queries;
use axum::extract::State;
use guard::{Caller, Json, Query};
use kernel::{Cursor, Limit, Page, Timestamp};
use serde::Deserialize;
use std::sync::Arc;

/// Which moods.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    #[serde(default)]
    limit: Limit,
    cursor: Option<Cursor>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

/// Lists moods by the moment they are about, newest first.
#[utoipa::path(get, path = "/api/moods", operation_id = "list_moods", tag = "journal", extensions(("x-auth" = json!("caller"))),
    params(("limit" = Option<u8>, Query, minimum = 1, maximum = 100), ("cursor" = Option<String>, Query, max_length = 32),
        ("from" = Option<Timestamp>, Query), ("to" = Option<Timestamp>, Query, description = "not included")),
    responses((status = 200, body = Page<Mood>), (status = 401, body = guard::ProblemBody),
        (status = 422, body = guard::ProblemBody)))]
pub(crate) async fn handler(
    State(journal): State<Arc<Journal>>,
    caller: Caller,
    Query(request): Query<Request>,
) -> guard::Result<Json<Page<Mood>>> {
    let user = caller.user_id;
    let key = journal.keys.of(user).await?;
    let from = request.from.unwrap_or(Timestamp::from_micros(0));
    // `to` is where the first page begins; the nil id makes it exclusive. A cursor lies before it already.
    let to = request.to.map(|at| Cursor { at, id: uuid::Uuid::nil() });
    let before = request.cursor.or(to).unwrap_or(Cursor::NEWEST);
    let mut tx = journal.db.read().await?;
    let rows = queries::moods(&mut tx, user, from, before, i64::from(request.limit.get()) + 1).await?;
    drop(tx);
    let page = Page::of(rows, request.limit, |row| Cursor { at: row.noted_at, id: row.id.uuid() });
    Ok(Json(page.try_map(|row| open_mood(&key, user, &row))?))
}
