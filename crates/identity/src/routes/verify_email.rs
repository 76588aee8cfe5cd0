//! `POST /api/auth/verify-email`: the link of a letter confirms an address.

use crate::Identity;
use crate::links::parse;
use crate::queries::AWAITING;
use axum::extract::State;
use guard::{Class, Json, Limits};
use kernel::Secret;
use seal::Purpose;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// What a letter's link carries.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkRequest {
    /// What stands after the `#`.
    #[schema(value_type = String, max_length = 64)]
    pub(super) token: Secret<String>,
}

/// Whether a new account can be used.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AccountStanding)]
pub(crate) enum Standing {
    /// At once.
    Active,
    /// When somebody has said yes.
    AwaitingApproval,
}

/// There is an account now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Verified {
    /// Its address.
    #[schema(max_length = 254)]
    email: String,
    /// Whether it can be used.
    status: Standing,
}

/// Confirms an address: the account is made and can be signed in to. No session begins.
#[utoipa::path(post, path = "/api/auth/verify-email", operation_id = "verify_email", tag = "identity",
    extensions(("x-auth" = json!("public"))), request_body = LinkRequest,
    responses(
        (status = 200, body = Verified),
        (status = 410, body = guard::ProblemBody, description = "`link_void`"),
        (status = 422, body = guard::ProblemBody),
        (status = 429, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn handler(
    State(identity): State<Arc<Identity>>,
    limits: Limits,
    Json(request): Json<LinkRequest>,
) -> guard::Result<Json<Verified>> {
    limits.by_address(Class::Links).await?;
    let (email, status) = identity.confirm_address(&parse(Purpose::Verify, &request.token)?).await?;
    let status = if status == AWAITING { Standing::AwaitingApproval } else { Standing::Active };
    Ok(Json(Verified { email, status }))
}
