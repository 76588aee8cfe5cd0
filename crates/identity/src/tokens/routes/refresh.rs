//! `POST /auth/refresh`: the next tokens.

use super::refuse_browsers;
use crate::Identity;
use crate::client::Client;
use crate::tokens::TokenPair;
use axum::extract::State;
use guard::Json;
use kernel::Secret;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// The refresh token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefreshRequest {
    /// As it was answered last.
    #[schema(value_type = String, max_length = 64)]
    refresh_token: Secret<String>,
}

/// Answers a new access token and the next refresh token. A refresh token is used once; within ten seconds the same client
/// may ask again and gets the same successor. An older one that comes back ends its whole family.
#[utoipa::path(post, path = "/auth/refresh", operation_id = "token_refresh", tag = "identity",
    extensions(("x-auth" = json!("public"))), request_body = RefreshRequest,
    responses(
        (status = 200, body = TokenPair),
        (status = 401, body = guard::ProblemBody, description = "`invalid_token` or `token_expired`"),
        (status = 403, body = guard::ProblemBody, description = "`browser_surface_required`"),
        (status = 422, body = guard::ProblemBody),
        (status = 429, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn handler(
    State(identity): State<Arc<Identity>>,
    client: Client,
    Json(request): Json<RefreshRequest>,
) -> guard::Result<Json<TokenPair>> {
    refuse_browsers(&client)?;
    Ok(Json(identity.refresh(request.refresh_token.expose(), &client).await?))
}
