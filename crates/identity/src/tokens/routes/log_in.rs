//! `POST /auth/login`: tokens for a client that is no browser.

use super::{Entry, MoreNeeded, begin, refuse_browsers};
use crate::Identity;
use crate::accounts::Entered;
use crate::client::Client;
use crate::model::SessionKind;
use axum::extract::State;
use guard::{Json, Limits};
use kernel::Secret;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// Who signs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenLoginRequest {
    /// The address of the account.
    #[schema(max_length = 254)]
    email: String,
    /// Its password.
    #[schema(value_type = String, format = Password, max_length = 128)]
    password: Secret<String>,
}

/// Signs in with a password and answers an access token, and a refresh token that gets the next one. For scripts and apps:
/// a page in a browser is refused. An account with a second factor answers a challenge instead.
#[utoipa::path(post, path = "/auth/login", operation_id = "token_log_in", tag = "identity",
    extensions(("x-auth" = json!("public"))), request_body = TokenLoginRequest,
    responses(
        (status = 200, body = Entry),
        (status = 401, body = guard::ProblemBody, description = "`invalid_credentials`, whatever the reason"),
        (status = 403, body = guard::ProblemBody, description = "`browser_surface_required`"),
        (status = 422, body = guard::ProblemBody),
        (status = 429, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn handler(
    State(identity): State<Arc<Identity>>,
    limits: Limits,
    client: Client,
    Json(request): Json<TokenLoginRequest>,
) -> guard::Result<Json<Entry>> {
    refuse_browsers(&client)?;
    let Entered { user, counted } = identity.authenticate(&limits, &client, &request.email, request.password).await??;
    if user.second_factor {
        // The password was right, but nobody is in yet: earlier wrong ones still count.
        identity.take_back(counted).await?;
        let challenge = identity.begin_challenge(user.id, SessionKind::Token).await?;
        return Ok(Json(Entry::More(MoreNeeded {
            status: "additional_verification_required",
            challenge_id: challenge.expose().clone(),
        })));
    }
    let entry = begin(&identity, user.id, "pwd", &client).await?;
    identity.won(counted).await?;
    Ok(entry)
}
