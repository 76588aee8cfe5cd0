//! Routes of the composition itself: what does it offer, what did a browser block. How it is, the slice `monitor` tells.

use axum::Extension;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::response::IntoResponse;
use guard::csp::{Inbox, Violation};
use guard::{Admin, Caller, Class, Limits};
use http::{HeaderValue, StatusCode, header};
use kernel::{Fault, Kind};
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The committed OpenAPI document, as it is served.
#[derive(Clone)]
pub struct Document(pub Arc<[u8]>);

/// The routes; `/openapi.json` needs the [`Document`] as an extension.
pub fn routes() -> OpenApiRouter {
    let mut router = table();
    if kernel::weaken::is("A1-H2") {
        router = router.route("/debug", axum::routing::get(async || "debug: settings, sessions, queries"));
    }
    if kernel::weaken::is("A1-H2.trace") {
        router = router.route("/health", axum::routing::trace(async |sent: http::HeaderMap| format!("{sent:?}")));
    }
    router
}

/// What the routes promise.
pub fn openapi() -> utoipa::openapi::OpenApi {
    table().into_openapi()
}

fn table() -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(document)).routes(routes!(csp_report)).routes(routes!(csp_reports))
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "operations", extensions(("x-auth" = json!("caller"))),
    responses((status = 200, description = "OpenAPI 3.1", content_type = "application/json"),
        (status = 401, body = guard::ProblemBody)))]
async fn document(_: Caller, Extension(document): Extension<Document>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], Bytes::from_owner(document.0))
}

/// What a browser sends to `report-uri`.
#[derive(ToSchema)]
#[expect(dead_code, reason = "read as any JSON; it is here for the document")]
struct CspReport {
    /// What was blocked.
    #[schema(rename = "csp-report", value_type = Object)]
    report: Value,
}

/// What a browser sends by the Reporting API; more than this many are more than 16 KiB.
#[derive(ToSchema)]
#[expect(dead_code, reason = "read as any JSON; it is here for the document")]
#[schema(min_items = 1, max_items = 1365)]
struct BrowserReports(Vec<BrowserReport>);

/// One report of a browser.
#[derive(ToSchema)]
#[expect(dead_code, reason = "read as any JSON; it is here for the document")]
struct BrowserReport {
    /// `csp-violation`; others are taken and left alone.
    #[schema(rename = "type", max_length = 16_384)]
    kind: String,
    /// What was blocked.
    body: Option<Value>,
}

/// A browser tells what it blocked. Each kind is logged once, and counted.
#[utoipa::path(post, path = "/api/csp-report", tag = "operations", extensions(("x-auth" = json!("public"))),
    request_body(content((CspReport = "application/csp-report"), (BrowserReports = "application/reports+json"))),
    responses((status = 204), (status = 400, body = guard::ProblemBody), (status = 413, body = guard::ProblemBody),
        (status = 415, body = guard::ProblemBody), (status = 429, body = guard::ProblemBody)))]
async fn csp_report(limits: Limits, inbox: Inbox, body: Result<Bytes, BytesRejection>) -> guard::Result<StatusCode> {
    limits.by_address(Class::Report).await?;
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Fault::new(Kind::TooLarge, "too_large", "A report has at most 16 KiB."),
        _ => Fault::new(Kind::BadRequest, "incomplete_body", "The body did not arrive whole."),
    })?;
    for new in inbox.take(&body)? {
        tracing::warn!(
            event = "csp_violation",
            directive = new.directive,
            blocked = new.blocked,
            page = new.page,
            report_only = new.report_only,
        );
    }
    Ok(StatusCode::NO_CONTENT)
}

/// What browsers have blocked since this process began.
#[derive(Serialize, ToSchema)]
#[schema(as = CspViolations)]
struct Violations {
    /// The last seen first.
    #[schema(max_items = 200)]
    items: Vec<Violation>,
    /// Always `null`: there are no more.
    #[schema(max_length = 1)]
    next_cursor: Option<String>,
}

/// Lists what browsers have blocked, for who looks after this server.
#[utoipa::path(get, path = "/api/admin/csp-reports", operation_id = "list_csp_reports", tag = "operations",
    extensions(("x-auth" = json!("admin"))),
    responses((status = 200, body = Violations), (status = 401, body = guard::ProblemBody),
        (status = 403, body = guard::ProblemBody)))]
async fn csp_reports(_: Admin, inbox: Inbox) -> guard::Json<Violations> {
    guard::Json(Violations { items: inbox.list(), next_cursor: None })
}
