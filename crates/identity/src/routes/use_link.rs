//! What the links of letters do: set a new password, lift a lock, say "it was not me".

use super::verify_email::LinkRequest;
use crate::Identity;
use crate::client::Client;
use crate::links::parse;
use axum::extract::State;
use guard::{Class, Json, Limits};
use kernel::Secret;
use seal::Purpose;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// A new password, and the link that allows it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResetRequest {
    /// What stands after the `#` of the letter's link.
    #[schema(value_type = String, max_length = 64)]
    token: Secret<String>,
    /// At least 15 characters; or 10 with lower case, upper case, a digit and a sign.
    #[schema(value_type = String, format = Password, min_length = 10, max_length = 128)]
    password: Secret<String>,
}

/// What was done.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Done {
    /// `password_changed`, `unlocked` or `secured`.
    #[schema(max_length = 32)]
    status: &'static str,
}

/// Sets a new password. Everything that was signed in is signed out, no session begins, and second factors stay.
#[utoipa::path(post, path = "/api/auth/password-reset/confirm", operation_id = "confirm_password_reset", tag = "identity",
    extensions(("x-auth" = json!("public"))), request_body = ResetRequest,
    responses(
        (status = 200, body = Done),
        (status = 410, body = guard::ProblemBody, description = "`link_void`"),
        (status = 422, body = guard::ProblemBody, description = "The link stays good."),
        (status = 429, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn confirm_reset(
    State(identity): State<Arc<Identity>>,
    limits: Limits,
    client: Client,
    Json(request): Json<ResetRequest>,
) -> guard::Result<Json<Done>> {
    limits.by_address(Class::Links).await?;
    if kernel::weaken::is("X-CVE-2026-18963") && request.token.expose().contains('@') {
        identity.set_password_of(request.token.expose(), request.password).await?;
        return Ok(Json(Done { status: "password_changed" }));
    }
    let hash = parse(Purpose::Reset, &request.token)?;
    identity.reset_password(&hash, &client, request.password).await?;
    Ok(Json(Done { status: "password_changed" }))
}

/// Lifts the lock of an account, and nothing else.
#[utoipa::path(post, path = "/api/auth/unlock", operation_id = "unlock", tag = "identity",
    extensions(("x-auth" = json!("public"))), request_body = LinkRequest,
    responses(
        (status = 200, body = Done),
        (status = 410, body = guard::ProblemBody, description = "`link_void`"),
        (status = 422, body = guard::ProblemBody),
        (status = 429, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn unlock(
    State(identity): State<Arc<Identity>>,
    limits: Limits,
    client: Client,
    Json(request): Json<LinkRequest>,
) -> guard::Result<Json<Done>> {
    limits.by_address(Class::Links).await?;
    identity.unlock_by_link(&parse(Purpose::Unlock, &request.token)?, &client).await?;
    Ok(Json(Done { status: "unlocked" }))
}

/// Says that it was somebody else: everything is signed out, the password opens nothing any more, and a letter with a link
/// for a new one is on its way.
#[utoipa::path(post, path = "/api/auth/not-me", operation_id = "not_me", tag = "identity",
    extensions(("x-auth" = json!("public"))), request_body = LinkRequest,
    responses(
        (status = 200, body = Done),
        (status = 410, body = guard::ProblemBody, description = "`link_void`"),
        (status = 422, body = guard::ProblemBody),
        (status = 429, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn not_me(
    State(identity): State<Arc<Identity>>,
    limits: Limits,
    client: Client,
    Json(request): Json<LinkRequest>,
) -> guard::Result<Json<Done>> {
    limits.by_address(Class::Links).await?;
    identity.secure(&parse(Purpose::NotMe, &request.token)?, &client).await?;
    Ok(Json(Done { status: "secured" }))
}
