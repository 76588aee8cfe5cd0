//! `POST /api/setup`: the one who holds the code becomes the owner.

use super::{SignedIn, Welcome, welcome};
use crate::Identity;
use crate::accounts::{Draft, Stored, taken};
use crate::client::Client;
use crate::model::SessionKind;
use axum::extract::State;
use guard::{Class, Json, Limits, Role};
use http::StatusCode;
use kernel::{Fault, Kind, Secret};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// Who the owner is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetupRequest {
    /// The code that the server printed when it was started; hyphens and case do not count.
    #[schema(max_length = 64)]
    code: String,
    /// The address to sign in with.
    #[schema(max_length = 254)]
    email: String,
    /// At least 15 characters; or 10 with lower case, upper case, a digit and a sign.
    #[schema(value_type = String, format = Password, min_length = 10, max_length = 128)]
    password: Secret<String>,
    /// What to be called.
    #[schema(min_length = 1, max_length = 80)]
    display_name: String,
}

enum SetUpFault {
    Done,
    Refused,
}

impl From<SetUpFault> for Fault {
    fn from(fault: SetUpFault) -> Self {
        match fault {
            SetUpFault::Done => Self::new(Kind::Conflict, "setup_done", "This installation has an owner already."),
            SetUpFault::Refused => Self::new(
                Kind::Forbidden,
                "setup_code_refused",
                "This is not the set-up code, or its time is over. The server prints another when it is restarted.",
            ),
        }
    }
}

/// Makes the owner's account and signs them in. Works once, with the code that the server printed when it was started.
#[utoipa::path(post, path = "/api/setup", operation_id = "set_up", tag = "identity",
    extensions(("x-auth" = json!("public"))), request_body = SetupRequest,
    responses(
        (status = 201, body = SignedIn, description = "With both cookies."),
        (status = 403, body = guard::ProblemBody, description = "`setup_code_refused`"),
        (status = 409, body = guard::ProblemBody, description = "`setup_done`"),
        (status = 422, body = guard::ProblemBody),
        (status = 429, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn handler(
    State(identity): State<Arc<Identity>>,
    limits: Limits,
    client: Client,
    Json(request): Json<SetupRequest>,
) -> guard::Result<Welcome<SignedIn>> {
    limits.by_address(Class::SignUp).await?;
    // Held until the owner is stored: of two who have the code, one becomes the owner and the other is told so.
    let mut codes = identity.codes.lock().await;
    if identity.has_owner().await? {
        return Err(SetUpFault::Done.into());
    }
    if !codes.accepts(&request.code, identity.ambient.now()) {
        return Err(SetUpFault::Refused.into());
    }
    // A password that is refused costs nothing: the code stays good.
    let draft =
        Draft::new(identity.config.password_mode, &request.email, Some(&request.display_name), request.password)?;
    let user = match identity.store_account(draft, Role::Owner).await? {
        Stored::Made(user) => user,
        Stored::Taken => return Err(taken().into()),
        // Another process on the same database was first.
        Stored::Owned => return Err(SetUpFault::Done.into()),
    };
    codes.burn();
    drop(codes);
    tracing::info!(event = "setup_done", "the installation has its owner");
    let sid = identity.begin_session(user.id, SessionKind::Browser, &client).await?;
    let sid = sid.ok_or_else(|| Fault::internal("the owner's new account is not active"))?;
    Ok(welcome(&identity, StatusCode::CREATED, &sid, SignedIn { user }))
}
