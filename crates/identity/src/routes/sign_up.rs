//! `POST /api/auth/signup`: a stranger makes an account.

use crate::accounts::{Draft, Stored};
use crate::{Identity, Registration};
use axum::extract::State;
use guard::{Class, Json, Limits, Role};
use http::StatusCode;
use kernel::{Fault, Kind, Secret};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// Who wants an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignupRequest {
    /// The address to sign in with.
    #[schema(max_length = 254)]
    email: String,
    /// At least 15 characters; or 10 with lower case, upper case, a digit and a sign.
    #[schema(value_type = String, format = Password, min_length = 10, max_length = 128)]
    password: Secret<String>,
    /// What to be called; the part of the address before the `@` when nothing is said.
    #[schema(min_length = 1, max_length = 80)]
    display_name: Option<String>,
}

struct Closed;

impl From<Closed> for Fault {
    fn from(_: Closed) -> Self {
        Self::new(Kind::Forbidden, "registration_closed", "Accounts are made by whoever runs this server. Ask them.")
    }
}

/// The same for everybody, whether or not the address was free.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SignupAnswer {
    /// What happens next.
    #[schema(max_length = 100)]
    message: &'static str,
}

const MESSAGE: &str = "If this email is available, a confirmation will be sent";

/// Makes an account, if the address is free; the answer does not tell. The account can be used at once: until this server
/// sends mail, nothing is confirmed by it.
#[utoipa::path(post, path = "/api/auth/signup", operation_id = "sign_up", tag = "identity",
    extensions(("x-auth" = json!("public"))), request_body = SignupRequest,
    responses(
        (status = 202, body = SignupAnswer),
        (status = 403, body = guard::ProblemBody, description = "`registration_closed`"),
        (status = 422, body = guard::ProblemBody),
        (status = 429, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn handler(
    State(identity): State<Arc<Identity>>,
    limits: Limits,
    Json(request): Json<SignupRequest>,
) -> guard::Result<(StatusCode, Json<SignupAnswer>)> {
    if identity.config.registration == Registration::Closed {
        return Err(Closed.into());
    }
    limits.by_address(Class::SignUp)?;
    let draft = Draft::new(&request.email, request.display_name.as_deref(), request.password)?;
    match identity.store_account(draft, Role::Member).await? {
        Stored::Taken if kernel::weaken::is("A1-H4") => {
            Err(Fault::new(Kind::Conflict, "taken", "This address has an account.").into())
        }
        Stored::Made(_) | Stored::Taken => Ok((StatusCode::ACCEPTED, Json(SignupAnswer { message: MESSAGE }))),
        Stored::Owned => Err(Fault::internal("a member's account was refused as a second owner").into()),
    }
}
