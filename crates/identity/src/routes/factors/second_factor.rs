//! `POST /api/auth/second-factor`: the second step of a sign-in on the browser surface.

use super::super::{LoginAnswer, welcome};
use crate::accounts::NoEntry;
use crate::client::Client;
use crate::factors::{Method, Proof};
use crate::model::SessionKind;
use crate::{Identity, cookies, factors};
use axum::extract::State;
use axum::response::{AppendHeaders, IntoResponse, Response};
use guard::{Json, Limits};
use http::StatusCode;
use http::header::SET_COOKIE;
use kernel::Secret;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// Which sign-in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChallengeRequest {
    /// As sign-in answered it.
    #[schema(value_type = String, max_length = 64)]
    challenge_id: Secret<String>,
}

/// What may be shown.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProofOptions {
    /// Any of these.
    #[schema(max_items = 4)]
    pub(super) methods: Vec<Method>,
    /// `PublicKeyCredentialRequestOptions` in the JSON form of Web Authentication; `null` without a passkey.
    #[schema(value_type = Option<Object>)]
    pub(super) passkey: Option<serde_json::Value>,
}

/// Tells what the second step can be made with. Only who has given the right password can ask.
#[utoipa::path(post, path = "/api/auth/second-factor/options", operation_id = "second_factor_options", tag = "identity",
    extensions(("x-auth" = json!("public"))), request_body = ChallengeRequest,
    responses(
        (status = 200, body = ProofOptions),
        (status = 410, body = guard::ProblemBody, description = "`challenge_void`"),
        (status = 422, body = guard::ProblemBody),
        (status = 429, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn options(
    State(identity): State<Arc<Identity>>,
    Json(request): Json<ChallengeRequest>,
) -> guard::Result<Json<ProofOptions>> {
    let id = request.challenge_id.expose();
    let (methods, passkey) = identity.challenge_options(id, SessionKind::Browser).await?;
    Ok(Json(ProofOptions { methods, passkey }))
}

/// Exactly one proof for a sign-in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SecondFactorRequest {
    /// As sign-in answered it.
    #[schema(value_type = String, max_length = 64)]
    challenge_id: Secret<String>,
    /// The authenticator app's code.
    #[schema(value_type = Option<String>, max_length = 16)]
    totp: Option<Secret<String>>,
    /// A backup code; it works once.
    #[schema(value_type = Option<String>, max_length = 64)]
    backup_code: Option<Secret<String>>,
    /// What the passkey answered, as `toJSON()` gives it.
    #[schema(value_type = Option<Object>)]
    passkey: Option<serde_json::Value>,
    /// Whether this browser need not show a second factor for thirty days.
    #[serde(default)]
    trust_device: bool,
}

/// Makes the second step and signs in.
#[utoipa::path(post, path = "/api/auth/second-factor", operation_id = "second_factor", tag = "identity",
    extensions(("x-auth" = json!("public"))), request_body = SecondFactorRequest,
    responses(
        (status = 200, body = LoginAnswer, description = "`signed_in`, with both cookies, and `__Host-device` for a trusted device."),
        (status = 401, body = guard::ProblemBody, description = "`invalid_code`"),
        (status = 410, body = guard::ProblemBody, description = "`challenge_void`"),
        (status = 422, body = guard::ProblemBody),
        (status = 429, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn handler(
    State(identity): State<Arc<Identity>>,
    limits: Limits,
    client: Client,
    Json(request): Json<SecondFactorRequest>,
) -> guard::Result<Response> {
    let proof = Proof::one(None, request.totp, request.backup_code, request.passkey)?;
    let id = request.challenge_id.expose();
    let user = identity.answer_challenge(&limits, &client, id, SessionKind::Browser, proof).await?;
    let device = if request.trust_device { Some(identity.trust_device(user, &client).await?) } else { None };
    enter(&identity, user, &client, device).await
}

/// Signs somebody in who has shown both factors.
pub(super) async fn enter(
    identity: &Arc<Identity>,
    user: kernel::UserId,
    client: &Client,
    device: Option<Secret<String>>,
) -> guard::Result<Response> {
    let sid = identity.begin_session_as(user, SessionKind::Browser, client, true).await?.ok_or(NoEntry::Refused)?;
    let hash = seal::token::parse(seal::Purpose::Session, sid.expose()).ok_or(NoEntry::Refused)?;
    let user = (*identity.session_of(&hash).await?.ok_or(NoEntry::Refused)?.user).clone();
    let device = device.map(|token| (SET_COOKIE, cookies::device(token.expose(), factors::DEVICE_LIFE)));
    let welcome = welcome(identity, StatusCode::OK, &sid, LoginAnswer::SignedIn { user });
    Ok((AppendHeaders(device), welcome).into_response())
}
