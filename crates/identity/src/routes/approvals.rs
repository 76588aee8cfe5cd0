//! `/api/auth/approvals`: who waits for a yes, and the yes or no.

use super::invitations::Part;
use crate::{Identity, account_queries};
use axum::extract::State;
use guard::{Admin, Json, Path, Query};
use http::StatusCode;
use kernel::{Cursor, Page, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// Somebody who waits for a yes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Waiting {
    /// The account.
    user_id: UserId,
    /// Its address, confirmed.
    #[schema(max_length = 254)]
    email: String,
    /// What they want to be called.
    #[schema(max_length = 80)]
    display_name: String,
    /// Since when.
    created_at: Timestamp,
}

/// Lists who waits for a yes, newest first.
#[utoipa::path(get, path = "/api/auth/approvals", operation_id = "list_approvals", tag = "identity",
    extensions(("x-auth" = json!("admin"))),
    params(("limit" = Option<u8>, Query, minimum = 1, maximum = 100), ("cursor" = Option<String>, Query, max_length = 32)),
    responses(
        (status = 200, body = Page<Waiting>),
        (status = 401, body = guard::ProblemBody),
        (status = 403, body = guard::ProblemBody),
        (status = 422, body = guard::ProblemBody)))]
pub(crate) async fn list(
    State(identity): State<Arc<Identity>>,
    _admin: Admin,
    Query(part): Query<Part>,
) -> guard::Result<Json<Page<Waiting>>> {
    let before = part.cursor.unwrap_or(Cursor::NEWEST);
    let rows = account_queries::waiting(&mut identity.db.lookup().await?, before, part.limit).await?;
    let page = Page::of(rows, part.limit, |row| Cursor { at: row.created_at, id: row.id.uuid() });
    Ok(Json(page.map(|row| Waiting {
        user_id: row.id,
        email: row.email,
        display_name: row.display_name,
        created_at: row.created_at,
    })))
}

/// Yes or no.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Decision {
    /// Yes: the account can be used. No: nothing of it is left.
    approve: bool,
}

/// Says yes or no to somebody who waits.
#[utoipa::path(post, path = "/api/auth/approvals/{user_id}", operation_id = "decide_approval", tag = "identity",
    extensions(("x-auth" = json!("admin"))), params(("user_id" = UserId, Path)), request_body = Decision,
    responses(
        (status = 204, description = "They are told by mail that they may come in, or are gone."),
        (status = 401, body = guard::ProblemBody),
        (status = 403, body = guard::ProblemBody),
        (status = 404, body = guard::ProblemBody),
        (status = 422, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn decide(
    State(identity): State<Arc<Identity>>,
    _admin: Admin,
    Path(user): Path<UserId>,
    Json(decision): Json<Decision>,
) -> guard::Result<StatusCode> {
    identity.decide(user, decision.approve).await?;
    Ok(StatusCode::NO_CONTENT)
}
