//! `POST /api/auth/resend-verification` and `POST /api/auth/password-reset`: a letter is asked for.

use super::sign_up::MessageAnswer;
use crate::Identity;
use crate::errands::Errand;
use crate::model::Email;
use axum::extract::State;
use guard::{Class, Json, Limits};
use http::StatusCode;
use kernel::Fault;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// To which address.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LetterRequest {
    /// The address.
    #[schema(max_length = 254)]
    email: String,
}

const MESSAGE: &str = "If there is something to send to this address, a letter is on its way";

/// The address, folded, once the limits let it pass.
async fn take(identity: &Identity, limits: &Limits, request: &LetterRequest) -> Result<String, Fault> {
    limits.by_address(Class::SignUp).await?;
    let email = Email::parse(&request.email).map_err(|fault| Fault::invalid(vec![fault]))?;
    let folded = email.folded().to_owned();
    limits.by_key(Class::Letters, &identity.subject(&folded)).await?;
    Ok(folded)
}

/// Asks for another letter to confirm an address. The answer is the same whether or not anybody waits for one.
#[utoipa::path(post, path = "/api/auth/resend-verification", operation_id = "resend_verification", tag = "identity",
    extensions(("x-auth" = json!("public"))), request_body = LetterRequest,
    responses(
        (status = 202, body = MessageAnswer),
        (status = 422, body = guard::ProblemBody),
        (status = 429, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn resend(
    State(identity): State<Arc<Identity>>,
    limits: Limits,
    Json(request): Json<LetterRequest>,
) -> guard::Result<(StatusCode, Json<MessageAnswer>)> {
    let email = take(&identity, &limits, &request).await?;
    identity.run_errand(&Errand::Resend { email }).await?;
    Ok((StatusCode::ACCEPTED, Json(MessageAnswer { message: MESSAGE })))
}

/// Asks for a letter with a link to set a new password. The answer is the same whether or not anybody has the address.
#[utoipa::path(post, path = "/api/auth/password-reset", operation_id = "request_password_reset", tag = "identity",
    extensions(("x-auth" = json!("public"))), request_body = LetterRequest,
    responses(
        (status = 202, body = MessageAnswer),
        (status = 422, body = guard::ProblemBody),
        (status = 429, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn reset(
    State(identity): State<Arc<Identity>>,
    limits: Limits,
    Json(request): Json<LetterRequest>,
) -> guard::Result<(StatusCode, Json<MessageAnswer>)> {
    let email = take(&identity, &limits, &request).await?;
    if kernel::weaken::is("A1-H4") && identity.find_user(&email).await?.is_none() {
        return Err(Fault::not_found().into());
    }
    identity.run_errand(&Errand::Reset { email }).await?;
    Ok((StatusCode::ACCEPTED, Json(MessageAnswer { message: MESSAGE })))
}
