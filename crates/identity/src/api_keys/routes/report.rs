//! `POST /api/keys/report`: somebody found a key where it should not be.

use crate::Identity;
use axum::extract::State;
use guard::{Class, Json, Limits};
use http::StatusCode;
use kernel::{Fault, Secret};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// The longest text that is looked at, in characters; a key of ours is shorter.
const LONGEST: usize = 256;

/// What was found.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReportRequest {
    /// The key.
    #[schema(value_type = String, max_length = 256)]
    key: Secret<String>,
}

/// The same for everything that is reported.
#[derive(Serialize, ToSchema)]
pub(crate) struct Thanks {
    /// What happens.
    #[schema(max_length = 100)]
    message: &'static str,
}

/// Ends an API key that was found in the open, and tells its owner. Whoever holds a key may end it; the answer does not
/// tell whether it was one.
#[utoipa::path(post, path = "/api/keys/report", operation_id = "report_api_key", tag = "identity",
    extensions(("x-auth" = json!("public"))), request_body = ReportRequest,
    responses((status = 202, body = Thanks), (status = 422, body = guard::ProblemBody),
        (status = 429, body = guard::ProblemBody), (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn handler(
    State(identity): State<Arc<Identity>>,
    limits: Limits,
    Json(request): Json<ReportRequest>,
) -> guard::Result<(StatusCode, Json<Thanks>)> {
    limits.by_address(Class::Report).await?;
    if request.key.expose().chars().count() > LONGEST {
        return Err(Fault::field("key", "too_long", "at most 256 characters").into());
    }
    if identity.key_leaked(request.key.expose()).await?.is_some() {
        tracing::warn!(event = "leaked_credential", "an API key was reported and revoked");
    }
    Ok((StatusCode::ACCEPTED, Json(Thanks { message: "Thank you. If this is a key of ours, it is void now." })))
}
