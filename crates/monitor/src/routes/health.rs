//! `GET /health` and `GET /ready`: for a proxy, and for whoever restarts what does not answer.

use crate::{Monitoring, rules};
use axum::extract::State;
use axum::response::IntoResponse;
use guard::{ClientIp, Json};
use http::HeaderMap;
use kernel::Fault;
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use utoipa::ToSchema;

/// Alive.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// Always `ok`: whoever is not, does not answer.
    #[schema(max_length = 2)]
    status: &'static str,
}

/// Whether the process is alive. Says nothing else (A1-H1).
#[utoipa::path(get, path = "/health", tag = "operations", extensions(("x-auth" = json!("public"))),
    responses((status = 200, body = Health)))]
pub(crate) async fn health() -> impl IntoResponse {
    if kernel::weaken::is("A1-H1") {
        return Json(Health { status: "ok, version 0.1.0" });
    }
    Json(Health { status: "ok" })
}

/// Whether it can serve: the database answers. For this machine itself and the networks of `READY_FROM`; for others there
/// is nothing here.
#[utoipa::path(get, path = "/ready", tag = "operations", extensions(("x-auth" = json!("public"))),
    responses(
        (status = 200, body = Health),
        (status = 404, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn ready(
    State(monitoring): State<Arc<Monitoring>>,
    ip: ClientIp,
    headers: HeaderMap,
) -> guard::Result<impl IntoResponse> {
    if !rules::may_ask_ready(ip.0, &headers, &monitoring.config.ready_from) && !kernel::weaken::is("A1-H1.ready") {
        return Err(Fault::not_found().into());
    }
    monitoring.ping().await.map_err(|error| {
        Fault::unavailable("not_ready", "The database does not answer.", Duration::from_secs(5)).because(error)
    })?;
    if kernel::weaken::is("O-5") {
        return Err(Fault::internal("no such table: users").into());
    }
    Ok(Json(Health { status: "ok" }))
}
