//! `GET /auth/api-keys`: one's own keys.

use super::ApiKey;
use crate::Identity;
use crate::api_keys::queries;
use axum::extract::State;
use guard::{Caller, Json};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// One's keys, the newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct KeyList {
    /// There are never more than twenty.
    #[schema(max_items = 20)]
    items: Vec<ApiKey>,
    /// Always `null`.
    #[schema(max_length = 32)]
    next_cursor: Option<String>,
}

/// Lists one's API keys, also those whose time is over; never their secrets.
#[utoipa::path(get, path = "/auth/api-keys", operation_id = "api_keys", tag = "identity",
    extensions(("x-auth" = json!("caller"))),
    responses((status = 200, body = KeyList), (status = 401, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn handler(State(identity): State<Arc<Identity>>, caller: Caller) -> guard::Result<Json<KeyList>> {
    let rows = queries::list(&mut identity.db.lookup().await?, caller.user_id).await?;
    Ok(Json(KeyList { items: rows.into_iter().map(ApiKey::of).collect(), next_cursor: None }))
}
