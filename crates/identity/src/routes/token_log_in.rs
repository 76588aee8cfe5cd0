//! `POST /auth/login`: an access token for a client that is no browser.

use super::LoginAnswer;
use super::log_in::LoginRequest;
use crate::Identity;
use crate::accounts::{Entered, NoEntry};
use crate::client::Client;
use crate::model::SessionKind;
use crate::sessions::TOKEN_LIFE;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use guard::{Json, Limits};
use kernel::{Fault, Kind};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

struct BrowserSurfaceRequired;

impl From<BrowserSurfaceRequired> for Fault {
    fn from(_: BrowserSurfaceRequired) -> Self {
        Self::new(
            Kind::Forbidden,
            "browser_surface_required",
            "A page in a browser signs in at /api/auth/login and gets a cookie that no script can read.",
        )
    }
}

/// An access token (RFC 6749, section 5.1).
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenAnswer {
    /// Sent in `Authorization: Bearer`. It is shown this once.
    #[schema(max_length = 64)]
    access_token: String,
    /// `Bearer`.
    #[schema(max_length = 16)]
    token_type: &'static str,
    /// In so many seconds it ends.
    #[schema(minimum = 1, maximum = 3600)]
    expires_in: u64,
}

/// Signs in with a password and answers an access token that lasts 15 minutes. For scripts and apps: a page in a browser
/// is refused.
#[utoipa::path(post, path = "/auth/login", operation_id = "token_log_in", tag = "identity",
    extensions(("x-auth" = json!("public"))), request_body = LoginRequest,
    responses(
        (status = 200, body = TokenAnswer),
        (status = 401, body = guard::ProblemBody, description = "`invalid_credentials`, whatever the reason"),
        (status = 403, body = guard::ProblemBody, description = "`browser_surface_required`"),
        (status = 422, body = guard::ProblemBody),
        (status = 429, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn handler(
    State(identity): State<Arc<Identity>>,
    limits: Limits,
    client: Client,
    Json(request): Json<LoginRequest>,
) -> guard::Result<Response> {
    if client.is_browser {
        return Err(BrowserSurfaceRequired.into());
    }
    let Entered { user, counted } = identity.authenticate(&limits, &client, &request.email, request.password).await??;
    if user.second_factor {
        // The password was right, but nobody is in yet: earlier wrong ones still count.
        identity.take_back(counted).await?;
        let challenge = identity.begin_challenge(user.id, SessionKind::Token).await?;
        let challenge_id = challenge.expose().clone();
        return Ok(Json(LoginAnswer::AdditionalVerificationRequired { challenge_id }).into_response());
    }
    let token = identity.begin_session(user.id, SessionKind::Token, &client).await?.ok_or(NoEntry::Refused)?;
    identity.won(counted).await?;
    Ok(Json(TokenAnswer {
        access_token: token.expose().clone(),
        token_type: "Bearer",
        expires_in: TOKEN_LIFE.as_secs(),
    })
    .into_response())
}
