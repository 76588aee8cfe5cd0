//! `GET /api/auth/events`: what happened to the account.

use super::invitations::Part;
use crate::{Identity, account_queries};
use axum::extract::State;
use guard::{Caller, Json, Query};
use kernel::{Cursor, Page, Timestamp};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SecurityEvent {
    /// Its id.
    #[schema(value_type = String, format = Uuid, min_length = 36, max_length = 36)]
    id: Uuid,
    /// When.
    at: Timestamp,
    /// A fixed word: `signed_in`, `password_changed`, `locked`.
    #[schema(max_length = 64)]
    kind: String,
    /// From which network; empty where no request was at hand.
    #[schema(max_length = 64)]
    network: String,
    /// With which program.
    #[schema(max_length = 256)]
    device: String,
}

/// Lists what happened to the account of whoever is signed in, newest first; half a year of it is kept.
#[utoipa::path(get, path = "/api/auth/events", operation_id = "list_events", tag = "identity",
    extensions(("x-auth" = json!("caller"))),
    params(("limit" = Option<u8>, Query, minimum = 1, maximum = 100), ("cursor" = Option<String>, Query, max_length = 32)),
    responses(
        (status = 200, body = Page<SecurityEvent>),
        (status = 401, body = guard::ProblemBody),
        (status = 422, body = guard::ProblemBody)))]
pub(crate) async fn handler(
    State(identity): State<Arc<Identity>>,
    caller: Caller,
    Query(part): Query<Part>,
) -> guard::Result<Json<Page<SecurityEvent>>> {
    let before = part.cursor.unwrap_or(Cursor::NEWEST);
    let mut tx = identity.db.lookup().await?;
    let rows = account_queries::list_events(&mut tx, caller.user_id, before, part.limit).await?;
    let page = Page::of(rows, part.limit, |row| Cursor { at: row.at, id: row.id });
    Ok(Json(page.map(|row| SecurityEvent {
        id: row.id,
        at: row.at,
        kind: row.kind,
        network: row.network,
        device: row.device,
    })))
}
