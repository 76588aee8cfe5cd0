//! `POST /api/auth/step-up`: whoever is signed in proves again who they are.

use super::second_factor::ProofOptions;
use crate::Identity;
use crate::client::Client;
use crate::factors::Proof;
use axum::extract::State;
use axum::response::Response;
use guard::{Caller, Json, Limits};
use http::StatusCode;
use kernel::{Secret, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// Tells what a session can be confirmed with: the second factor where there is one, otherwise the password.
#[utoipa::path(post, path = "/api/auth/step-up/options", operation_id = "step_up_options", tag = "identity",
    extensions(("x-auth" = json!("caller"))),
    responses(
        (status = 200, body = ProofOptions),
        (status = 401, body = guard::ProblemBody),
        (status = 403, body = guard::ProblemBody, description = "`not_with_an_api_key`"),
        (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn options(
    State(identity): State<Arc<Identity>>,
    caller: Caller,
) -> guard::Result<Json<ProofOptions>> {
    let (methods, passkey) = identity.step_up_options(&caller).await?;
    Ok(Json(ProofOptions { methods, passkey }))
}

/// Exactly one proof for the present session.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StepUpRequest {
    /// The account's password, where it has no second factor.
    #[schema(value_type = Option<String>, format = Password, max_length = 128)]
    password: Option<Secret<String>>,
    /// The authenticator app's code.
    #[schema(value_type = Option<String>, max_length = 16)]
    totp: Option<Secret<String>>,
    /// A backup code; it works once.
    #[schema(value_type = Option<String>, max_length = 64)]
    backup_code: Option<Secret<String>>,
    /// What the passkey answered, as `toJSON()` gives it.
    #[schema(value_type = Option<Object>)]
    passkey: Option<serde_json::Value>,
}

/// Until when the proof counts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConfirmedAnswer {
    /// Ten minutes from now.
    confirmed_until: Timestamp,
}

/// Confirms the present session for ten minutes. A browser's session goes on under another id.
#[utoipa::path(post, path = "/api/auth/step-up", operation_id = "step_up", tag = "identity",
    extensions(("x-auth" = json!("caller"))), request_body = StepUpRequest,
    responses(
        (status = 200, body = ConfirmedAnswer, description = "On the browser surface with both cookies."),
        (status = 401, body = guard::ProblemBody, description = "`invalid_credentials`"),
        (status = 403, body = guard::ProblemBody, description = "`not_with_an_api_key`"),
        (status = 422, body = guard::ProblemBody),
        (status = 429, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn handler(
    State(identity): State<Arc<Identity>>,
    caller: Caller,
    limits: Limits,
    client: Client,
    Json(request): Json<StepUpRequest>,
) -> guard::Result<Response> {
    let proof = Proof::one(request.password, request.totp, request.backup_code, request.passkey)?;
    let raised = identity.step_up(&limits, &client, &caller, proof).await?;
    let body = ConfirmedAnswer { confirmed_until: raised.until };
    Ok(super::raised(&identity, caller.session_id, &raised, StatusCode::OK, body).await?)
}
