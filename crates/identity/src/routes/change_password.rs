//! `POST /api/auth/password`: whoever knows the present password sets another.

use super::{SignedIn, welcome};
use crate::Identity;
use crate::accounts::NoEntry;
use crate::client::Client;
use crate::model::SessionKind;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use guard::{Caller, Credential, Json};
use http::StatusCode;
use kernel::{Fault, Kind, Secret};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// The present password, and the next one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordRequest {
    /// The present one.
    #[schema(value_type = String, format = Password, max_length = 128)]
    current_password: Secret<String>,
    /// At least 15 characters; or 10 with lower case, upper case, a digit and a sign.
    #[schema(value_type = String, format = Password, min_length = 10, max_length = 128)]
    password: Secret<String>,
}

/// Sets another password. Every session ends; a browser gets a new one, anything else signs in again. A wrong present
/// password counts as a wrong try.
#[utoipa::path(post, path = "/api/auth/password", operation_id = "change_password", tag = "identity",
    extensions(("x-auth" = json!("caller"))), request_body = PasswordRequest,
    responses(
        (status = 200, body = SignedIn, description = "In a browser with new cookies."),
        (status = 401, body = guard::ProblemBody, description = "`invalid_credentials`: the present password is wrong"),
        (status = 403, body = guard::ProblemBody),
        (status = 422, body = guard::ProblemBody),
        (status = 429, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn handler(
    State(identity): State<Arc<Identity>>,
    caller: Caller,
    client: Client,
    Json(request): Json<PasswordRequest>,
) -> guard::Result<Response> {
    if caller.credential == Credential::ApiKey {
        let detail = "An API key cannot change a password.";
        return Err(Fault::new(Kind::Forbidden, "not_with_an_api_key", detail).into());
    }
    let known = identity.session_by_id(caller.session_id).await?.ok_or(NoEntry::Refused)?;
    let user = (*known.user).clone();
    identity.change_password(caller.user_id, &client, request.current_password, request.password).await?;
    if caller.credential != Credential::Session {
        return Ok(Json(SignedIn { user }).into_response());
    }
    let sid = identity.begin_session(user.id, SessionKind::Browser, &client).await?.ok_or(NoEntry::Refused)?;
    Ok(welcome(&identity, StatusCode::OK, &sid, SignedIn { user }).into_response())
}
