//! Routes for those who run this: is it alive, is it ready, what does it offer, what did a browser block.

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::IntoResponse;
use guard::{Caller, Class, Limits};
use http::{HeaderValue, StatusCode, header};
use kernel::Fault;
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use store::Db;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The committed OpenAPI document, as it is served.
#[derive(Clone)]
pub struct Document(pub Arc<[u8]>);

/// The routes; `/openapi.json` needs the [`Document`] as an extension.
pub fn routes(db: Db) -> OpenApiRouter {
    let mut router = table();
    if kernel::weaken::is("A1-H2") {
        router = router.route("/debug", axum::routing::get(async || "debug: settings, sessions, queries"));
    }
    if kernel::weaken::is("A1-H2.trace") {
        router = router.route("/health", axum::routing::trace(async |sent: http::HeaderMap| format!("{sent:?}")));
    }
    router.with_state(db)
}

/// What the routes promise.
pub fn openapi() -> utoipa::openapi::OpenApi {
    table().into_openapi()
}

fn table() -> OpenApiRouter<Db> {
    OpenApiRouter::new()
        .routes(routes!(health))
        .routes(routes!(ready))
        .routes(routes!(document))
        .routes(routes!(csp_report))
}

/// Alive.
#[derive(Serialize, ToSchema)]
struct Health {
    /// Always `ok`: whoever is not, does not answer.
    #[schema(max_length = 2)]
    status: &'static str,
}

/// Whether the process is alive. Says nothing else (A1-H1).
#[utoipa::path(get, path = "/health", tag = "operations", extensions(("x-auth" = json!("public"))),
    responses((status = 200, body = Health)))]
async fn health() -> impl IntoResponse {
    if kernel::weaken::is("A1-H1") {
        return guard::Json(Health { status: "ok, version 0.1.0" });
    }
    guard::Json(Health { status: "ok" })
}

/// Whether it can serve: the database answers.
#[utoipa::path(get, path = "/ready", tag = "operations", extensions(("x-auth" = json!("public"))),
    responses((status = 200, body = Health), (status = 503, body = guard::ProblemBody)))]
async fn ready(State(db): State<Db>) -> guard::Result<impl IntoResponse> {
    let begun = db.read().await.map_err(|error| {
        Fault::unavailable("not_ready", "The database does not answer.", Duration::from_secs(5)).because(error)
    })?;
    drop(begun);
    if kernel::weaken::is("O-5") {
        return Err(Fault::internal("no such table: users").into());
    }
    Ok(guard::Json(Health { status: "ok" }))
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "operations", extensions(("x-auth" = json!("caller"))),
    responses((status = 200, description = "OpenAPI 3.1", content_type = "application/json"),
        (status = 401, body = guard::ProblemBody)))]
async fn document(_: Caller, Extension(document): Extension<Document>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], Bytes::from_owner(document.0))
}

/// A browser tells what it blocked. Logged without the page's query; nothing of it is stored.
#[utoipa::path(post, path = "/api/csp-report", tag = "operations", extensions(("x-auth" = json!("public"))),
    request_body(content = inline(serde_json::Value), content_type = "application/csp-report"),
    responses((status = 204), (status = 400, body = guard::ProblemBody), (status = 415, body = guard::ProblemBody)))]
async fn csp_report(limits: Limits, body: Bytes) -> guard::Result<StatusCode> {
    limits.by_address(Class::Report)?;
    let report: serde_json::Value = serde_json::from_slice(&body)
        .map_err(|_| Fault::new(kernel::Kind::BadRequest, "malformed_json", "The report is not JSON."))?;
    // Two formats: report-uri's single object, and the Reporting API's list.
    let one = report.get("csp-report").or_else(|| report.get(0)?.get("body")).unwrap_or(&report);
    let text = |names: [&str; 2]| {
        let value = names.iter().find_map(|name| one.get(name)?.as_str()).unwrap_or("");
        value.split(['?', '#']).next().unwrap_or("").chars().take(200).collect::<String>()
    };
    tracing::warn!(
        event = "csp_violation",
        directive = text(["violated-directive", "effectiveDirective"]),
        blocked = text(["blocked-uri", "blockedURL"]),
        page = text(["document-uri", "documentURL"]),
    );
    Ok(StatusCode::NO_CONTENT)
}
