//! `GET /api/recordings`: recordings, newest first.

use crate::model::Recording;
use crate::state::State;
use crate::{queries, sealed};
use axum::extract;
use guard::{Caller, Json, Query};
use kernel::{Cursor, Limit, Page};
use serde::Deserialize;
use std::sync::Arc;

/// Which recordings.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    #[serde(default)]
    limit: Limit,
    cursor: Option<Cursor>,
}

/// Lists recordings, newest first.
#[utoipa::path(get, path = "/api/recordings", operation_id = "list_recordings", tag = "recordings", extensions(("x-auth" = json!("caller"))),
    params(("limit" = Option<u8>, Query, minimum = 1, maximum = 100), ("cursor" = Option<String>, Query, max_length = 32)),
    responses((status = 200, body = Page<Recording>), (status = 401, body = guard::ProblemBody),
        (status = 422, body = guard::ProblemBody)))]
pub(crate) async fn handler(
    extract::State(state): extract::State<Arc<State>>,
    caller: Caller,
    Query(request): Query<Request>,
) -> guard::Result<Json<Page<Recording>>> {
    let user = caller.user_id;
    let key = state.keys.of(user).await?;
    let before = request.cursor.unwrap_or(Cursor::NEWEST);
    let rows = queries::list(&mut state.db.lookup().await?, user, before, request.limit).await?;
    let page = Page::of(rows, request.limit, |row| Cursor { at: row.created_at, id: row.id.uuid() });
    Ok(Json(page.try_map(|row| sealed::open_recording(&key, row))?))
}
