//! `POST /api/auth/passkeys/sign-in/…`: signs in by a passkey, which is both factors.

use super::passkeys::Ceremony;
use super::second_factor::enter;
use crate::Identity;
use crate::client::Client;
use crate::model::Email;
use crate::routes::LoginAnswer;
use axum::extract::State;
use axum::response::Response;
use guard::{Json, Limits};
use kernel::Fault;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;

/// That somebody wants to sign in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasskeySignInStart {
    /// The address of the account, which clients of other servers send along. Nobody is looked for by it: the device knows
    /// which passkeys it has.
    #[schema(max_length = 254)]
    email: Option<String>,
}

/// Asks for a passkey. The question is the same whoever asks, and names none.
#[utoipa::path(post, path = "/api/auth/passkeys/sign-in/start", operation_id = "begin_passkey_sign_in", tag = "identity",
    extensions(("x-auth" = json!("public"))), request_body = PasskeySignInStart,
    responses(
        (status = 200, body = Ceremony),
        (status = 409, body = guard::ProblemBody, description = "`passkeys_unavailable`"),
        (status = 422, body = guard::ProblemBody),
        (status = 429, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn start(
    State(identity): State<Arc<Identity>>,
    Json(request): Json<PasskeySignInStart>,
) -> guard::Result<Json<Ceremony>> {
    if request.email.is_some_and(|email| email.chars().count() > Email::LONGEST) {
        return Err(Fault::field("email", "too_long", "at most 254 characters").into());
    }
    let (ceremony_id, options) = identity.ask_to_sign_in().await?;
    Ok(Json(Ceremony { ceremony_id, options }))
}

/// What a passkey answered.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasskeySignIn {
    /// As it was begun with.
    #[schema(value_type = String, format = Uuid, min_length = 36, max_length = 36)]
    ceremony_id: Uuid,
    /// The answer, as `toJSON()` gives it.
    #[schema(value_type = Object)]
    credential: serde_json::Value,
}

/// Signs in by a passkey.
#[utoipa::path(post, path = "/api/auth/passkeys/sign-in/finish", operation_id = "passkey_sign_in", tag = "identity",
    extensions(("x-auth" = json!("public"))), request_body = PasskeySignIn,
    responses(
        (status = 200, body = LoginAnswer, description = "`signed_in`, with both cookies."),
        (status = 401, body = guard::ProblemBody, description = "`invalid_credentials`, whatever the reason"),
        (status = 422, body = guard::ProblemBody),
        (status = 429, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn finish(
    State(identity): State<Arc<Identity>>,
    limits: Limits,
    client: Client,
    Json(request): Json<PasskeySignIn>,
) -> guard::Result<Response> {
    let user = identity.sign_in_by_passkey(&limits, &client, request.ceremony_id, request.credential).await?;
    enter(&identity, user, &client, None).await
}
