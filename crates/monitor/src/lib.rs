//! For those who run this: is it alive, is it well, what does it count, what went wrong; and the notices that a stranger
//! may look for under `/.well-known`.
//!
//! Figures are for administrators, for monitors, and for programs with an API key of the scope `monitoring:read`; strangers
//! learn that the process is alive and nothing else (A1-H1). No figure names a person, a path as sent, or an id.
//!
//! Not here: checking who asks (`guard`), counting people (the port [`People`], which `server` plugs in), the log.

mod config;
mod faults;
mod figures;
mod machine;
mod meters;
mod ports;
mod queries;
mod routes;
mod rules;

pub use config::Config;
pub use faults::{KEPT_FOR, Keeper, MOST_KEPT};
pub use figures::{MANY_SESSIONS, keep_watch};
pub use meters::METRICS;
pub use ports::{Breaker, Ceiling, Headcount, Limited, People, Posture, Window};
pub use queries::STATEMENTS;

use faults::Faults;
use figures::Figures;
use guard::{Answered, Failure, Observer};
use kernel::{Ambient, Timestamp};
use meters::Meters;
use std::sync::Arc;
use store::Db;
use store::keys::KeyStore;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What this slice holds.
pub struct Monitoring {
    db: Db,
    ambient: Ambient,
    config: Config,
    people: Arc<dyn People>,
    posture: Arc<dyn Posture>,
    meters: Meters,
    faults: Faults,
    figures: Figures,
    started_at: Timestamp,
}

impl Monitoring {
    /// Begins to count. What goes wrong is kept by the [`Keeper`] that comes along, once it runs.
    ///
    /// # Errors
    /// When the key store does not give the key that seals failures.
    pub async fn new(
        config: Config,
        db: Db,
        keys: &KeyStore,
        ambient: Ambient,
        people: Arc<dyn People>,
        posture: Arc<dyn Posture>,
    ) -> store::Result<(Arc<Self>, Keeper)> {
        let started_at = ambient.now();
        let meters = Meters::new(started_at);
        let (faults, keeper) = Faults::new(db.clone(), keys, ambient.clone()).await?;
        let figures = Figures::default();
        Ok((Arc::new(Self { db, ambient, config, people, posture, meters, faults, figures, started_at }), keeper))
    }
}

impl Observer for Monitoring {
    fn answered(&self, answer: &Answered<'_>) {
        self.meters.answered(answer);
    }

    fn failed(&self, failure: Failure) {
        self.meters.failed(failure.code);
        if !self.faults.keep(failure) {
            self.meters.not_kept();
        }
    }
}

/// What everybody may reach wherever this is served: health, the notices, and the way to a kept failure, which asks for an
/// administrator itself.
pub fn routes(monitor: Arc<Monitoring>) -> OpenApiRouter {
    open().with_state(monitor)
}

/// What is for operations alone, and moves to the listener of its own where there is one.
pub fn inner_routes(monitor: Arc<Monitoring>) -> OpenApiRouter {
    inner().with_state(monitor)
}

/// Health alone, for the listener of its own.
pub fn health_route() -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(routes::health::health))
}

/// What the routes promise, for the document that is written without a database.
pub fn openapi() -> OpenApi {
    open().merge(inner()).into_openapi()
}

fn open() -> OpenApiRouter<Arc<Monitoring>> {
    OpenApiRouter::new()
        .routes(routes!(routes::health::health))
        .routes(routes!(routes::failure::handler))
        .routes(routes!(routes::well_known::security))
        .routes(routes!(routes::well_known::policy))
        .routes(routes!(routes::well_known::change_password))
        .routes(routes!(routes::well_known::passkeys))
}

fn inner() -> OpenApiRouter<Arc<Monitoring>> {
    OpenApiRouter::new()
        .routes(routes!(routes::health::ready))
        .routes(routes!(routes::detailed::handler))
        .routes(routes!(routes::metrics::handler))
        .routes(routes!(routes::security::handler))
        .routes(routes!(routes::prometheus::handler))
}
