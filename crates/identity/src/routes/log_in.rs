//! `POST /api/auth/login`: signs in on the browser surface.

use super::{LoginAnswer, welcome};
use crate::Identity;
use crate::accounts::{Entered, NoEntry};
use crate::client::Client;
use crate::model::SessionKind;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use guard::{Json, Limits};
use http::StatusCode;
use kernel::Secret;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// Who signs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoginRequest {
    /// The address of the account.
    #[schema(max_length = 254)]
    pub(super) email: String,
    /// Its password.
    #[schema(value_type = String, format = Password, max_length = 128)]
    pub(super) password: Secret<String>,
}

/// Signs in with a password. The session is in the cookie `__Host-sid` and nowhere else; a session that came along ends.
#[utoipa::path(post, path = "/api/auth/login", operation_id = "log_in", tag = "identity",
    extensions(("x-auth" = json!("public"))), request_body = LoginRequest,
    responses(
        (status = 200, body = LoginAnswer, description = "`signed_in`, with both cookies; or what is needed besides."),
        (status = 401, body = guard::ProblemBody, description = "`invalid_credentials`, whatever the reason"),
        (status = 422, body = guard::ProblemBody),
        (status = 429, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn handler(
    State(identity): State<Arc<Identity>>,
    limits: Limits,
    client: Client,
    Json(request): Json<LoginRequest>,
) -> guard::Result<Response> {
    let Entered { user, counted } = identity.authenticate(&limits, &client, &request.email, request.password).await??;
    let device = identity.trusted_device(&client, user.id).await?;
    if device.is_none() && user.second_factor {
        // The password was right, but nobody is in yet: earlier wrong ones still count.
        identity.take_back(counted).await?;
        let challenge = identity.begin_challenge(user.id, SessionKind::Browser).await?;
        let challenge_id = challenge.expose().clone();
        return Ok(Json(LoginAnswer::AdditionalVerificationRequired { challenge_id }).into_response());
    }
    if let Some(device) = device {
        identity.used_device(user.id, device).await?;
    }
    let sid = identity.begin_session(user.id, SessionKind::Browser, &client).await?.ok_or(NoEntry::Refused)?;
    identity.won(counted).await?;
    if kernel::weaken::is("A1-C3") {
        let token = identity.begin_session(user.id, SessionKind::Token, &client).await?.ok_or(NoEntry::Refused)?;
        let body = serde_json::json!({ "user": user, "access_token": token.expose() });
        return Ok(welcome(&identity, StatusCode::OK, &sid, body).into_response());
    }
    Ok(welcome(&identity, StatusCode::OK, &sid, LoginAnswer::SignedIn { user }).into_response())
}
