//! `POST /auth/login/second-factor`: the second step of signing in.

use super::{Entry, begin, refuse_browsers};
use crate::Identity;
use crate::client::Client;
use crate::factors::Proof;
use crate::model::SessionKind;
use axum::extract::State;
use guard::{Class, Json, Limits};
use kernel::{Fault, Secret};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// The proof: exactly one.
#[derive(Deserialize, ToSchema)]
#[schema(as = TokenSecondFactorRequest)]
#[serde(deny_unknown_fields)]
pub(crate) struct SecondFactorRequest {
    /// As `/auth/login` answered it.
    #[schema(value_type = String, max_length = 64)]
    challenge_id: Secret<String>,
    /// A code of the authenticator.
    #[schema(value_type = Option<String>, max_length = 16)]
    totp: Option<Secret<String>>,
    /// A backup code.
    #[schema(value_type = Option<String>, max_length = 32)]
    backup_code: Option<Secret<String>>,
}

/// Answers the challenge of a sign-in with a code, and gets the tokens.
#[utoipa::path(post, path = "/auth/login/second-factor", operation_id = "token_second_factor", tag = "identity",
    extensions(("x-auth" = json!("public"))), request_body = SecondFactorRequest,
    responses(
        (status = 200, body = Entry),
        (status = 401, body = guard::ProblemBody, description = "`invalid_code`"),
        (status = 403, body = guard::ProblemBody, description = "`browser_surface_required`"),
        (status = 410, body = guard::ProblemBody, description = "`challenge_void`"),
        (status = 422, body = guard::ProblemBody),
        (status = 429, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn handler(
    State(identity): State<Arc<Identity>>,
    limits: Limits,
    client: Client,
    Json(request): Json<SecondFactorRequest>,
) -> guard::Result<Json<Entry>> {
    refuse_browsers(&client)?;
    let proof = match (request.totp, request.backup_code) {
        (Some(code), None) => Proof::Totp(code),
        (None, Some(code)) => Proof::BackupCode(code),
        _ => return Err(Fault::field("totp", "one_proof", "exactly one of totp and backup_code").into()),
    };
    limits.by_address(Class::SignInByAddress).await?;
    let user =
        identity.answer_challenge(&limits, &client, request.challenge_id.expose(), SessionKind::Token, proof).await?;
    Ok(begin(&identity, user, "pwd otp mfa", &client).await?)
}
