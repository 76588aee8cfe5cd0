//! `GET /api/admin/errors/{id}`: what was behind an answer that told its id and nothing else (A1-M5).

use crate::Monitoring;
use axum::extract::State;
use guard::{Admin, Confirmed, Json, Path};
use kernel::{Fault, Timestamp};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;

/// A failure of ours.
#[derive(Serialize, ToSchema)]
#[schema(as = KeptFailure)]
pub(crate) struct Found {
    /// The id of the request.
    #[schema(value_type = String, format = Uuid, min_length = 36, max_length = 36)]
    id: Uuid,
    /// When the request came.
    at: Timestamp,
    /// The code of the answer.
    #[schema(max_length = 64)]
    code: String,
    /// The status of the answer.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// The method.
    #[schema(max_length = 32)]
    method: String,
    /// The route as declared; empty for a path that is nobody's.
    #[schema(max_length = 256)]
    route: String,
    /// What the client was told.
    #[schema(max_length = 500)]
    detail: String,
    /// What the client was not told.
    #[schema(max_length = 8000)]
    cause: String,
    /// Whose request it was: the same pseudonym as in the log.
    #[schema(max_length = 64)]
    user_ref: Option<String>,
}

/// Tells an administrator who has just confirmed who they are what was behind a failure. Kept for 30 days, sealed.
#[utoipa::path(get, path = "/api/admin/errors/{id}", operation_id = "get_failure", tag = "operations",
    extensions(("x-auth" = json!("admin"))),
    params(("id" = String, Path, min_length = 36, max_length = 36, description = "The `correlation_id` of the answer.")),
    responses(
        (status = 200, body = Found),
        (status = 401, body = guard::ProblemBody, description = "`step_up_required` among others"),
        (status = 403, body = guard::ProblemBody),
        (status = 404, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn handler(
    State(monitoring): State<Arc<Monitoring>>,
    Admin(admin): Admin,
    _: Confirmed,
    Path(id): Path<Uuid>,
) -> guard::Result<Json<Found>> {
    let kept = monitoring.faults.find(id).await?.ok_or_else(Fault::not_found)?;
    // Whoever looks at what somebody else met leaves a trace.
    tracing::info!(event = "failure_looked_up", failure = %id, session = %admin.session_id);
    Ok(Json(Found {
        id,
        at: kept.at,
        code: kept.code,
        status: kept.status,
        method: kept.method,
        route: kept.route,
        detail: kept.detail,
        cause: kept.cause,
        user_ref: kept.user_ref,
    }))
}
