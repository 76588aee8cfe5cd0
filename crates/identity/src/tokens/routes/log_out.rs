//! `POST /auth/logout`: ends the session of an access token, and its refresh tokens with it.

use crate::Identity;
use axum::extract::State;
use guard::{Caller, Json};
use http::StatusCode;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// Nothing: `{}`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenLogoutRequest {}

/// Ends the session of this access token: it and its refresh tokens are refused from now on, by every process.
#[utoipa::path(post, path = "/auth/logout", operation_id = "token_log_out", tag = "identity",
    extensions(("x-auth" = json!("caller"))), request_body = TokenLogoutRequest,
    responses(
        (status = 204, description = "It is refused from now on."),
        (status = 401, body = guard::ProblemBody),
        (status = 422, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn handler(
    State(identity): State<Arc<Identity>>,
    caller: Caller,
    Json(TokenLogoutRequest {}): Json<TokenLogoutRequest>,
) -> guard::Result<StatusCode> {
    identity.end_session(caller.session_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
