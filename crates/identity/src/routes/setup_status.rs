//! `GET /api/setup`: whether this installation waits for its owner.

use crate::Identity;
use axum::extract::State;
use guard::Json;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// Whether this installation waits for its owner.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SetupStatus {
    /// Whether nobody owns it so far.
    needed: bool,
    /// Whether it takes the code that the server printed when it was started. It always does.
    code_required: bool,
}

/// Tells whether nobody owns this installation so far.
#[utoipa::path(get, path = "/api/setup", operation_id = "setup_status", tag = "identity",
    extensions(("x-auth" = json!("public"))),
    responses((status = 200, body = SetupStatus), (status = 429, body = guard::ProblemBody)))]
pub(crate) async fn handler(State(identity): State<Arc<Identity>>) -> guard::Result<Json<SetupStatus>> {
    Ok(Json(SetupStatus { needed: !identity.has_owner().await?, code_required: true }))
}
