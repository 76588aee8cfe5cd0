//! The HTTP surface: reading only.

use super::answer::{Kept, SecurityReport, SecuritySummary};
use super::queries;
use axum::extract::State;
use guard::{Admin, Json};
use kernel::{Ambient, Fault};
use std::sync::Arc;
use store::Db;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What the routes need.
#[derive(Clone)]
pub struct Proofs {
    db: Db,
    ambient: Ambient,
    public_url: Arc<str>,
    public_page: bool,
}

impl Proofs {
    /// Proofs of the server that people reach at `public_url`; with `public_page`, figures for everybody.
    pub fn new(db: Db, ambient: Ambient, public_url: &str, public_page: bool) -> Self {
        Self { db, ambient, public_url: Arc::from(public_url), public_page }
    }

    async fn kept(&self) -> Result<Kept, Fault> {
        let rows = queries::all(&mut self.db.lookup().await?).await?;
        Ok(Kept::new(rows, self.ambient.now()))
    }
}

/// The routes.
pub fn routes(proofs: Proofs) -> OpenApiRouter {
    table().with_state(proofs)
}

/// What the routes promise.
pub fn openapi() -> utoipa::openapi::OpenApi {
    table().into_openapi()
}

fn table() -> OpenApiRouter<Proofs> {
    OpenApiRouter::new().routes(routes!(report)).routes(routes!(summary))
}

/// Tells of every finding how its rules stand: what was last tried here, what was seen, when, and what to do.
#[utoipa::path(get, path = "/api/admin/security", operation_id = "security_report", tag = "operations",
    extensions(("x-auth" = json!("admin"))),
    responses(
        (status = 200, body = SecurityReport),
        (status = 401, body = guard::ProblemBody),
        (status = 403, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody)))]
async fn report(State(proofs): State<Proofs>, _admin: Admin) -> guard::Result<Json<SecurityReport>> {
    let kept = proofs.kept().await?;
    Ok(Json(kept.report(&proofs.public_url, proofs.public_page)))
}

/// Tells how many rules stand how, and when they were last tried; nothing of what was seen. Only where the operator has
/// opened it; otherwise there is nothing here.
#[utoipa::path(get, path = "/api/security/summary", operation_id = "security_summary", tag = "operations",
    extensions(("x-auth" = json!("public"))),
    responses(
        (status = 200, body = SecuritySummary),
        (status = 404, body = guard::ProblemBody),
        (status = 429, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody)))]
async fn summary(State(proofs): State<Proofs>) -> guard::Result<Json<SecuritySummary>> {
    if !proofs.public_page {
        return Err(Fault::not_found().into());
    }
    Ok(Json(proofs.kept().await?.summary()))
}
