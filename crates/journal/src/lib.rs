//! The journal: moods and reflections.
//!
//! Everything a person writes here, the score of a mood included, is one sealed value per row under their own key; the
//! database sees when, never what. Not here: prompts, search, versions and the vault, which build on this.

mod jobs;
mod model;
mod queries;
mod routes;
mod rules;
mod sealed;

pub use jobs::Purge;
pub use queries::STATEMENTS;

use kernel::Ambient;
use std::sync::Arc;
use store::Db;
use store::keys::KeyStore;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What the slice needs of the house.
#[derive(Clone)]
pub struct Journal {
    /// The data.
    pub db: Db,
    /// Everybody's data keys.
    pub keys: KeyStore,
    /// Time and chance.
    pub ambient: Ambient,
}

/// The slice's routes, ready to serve.
pub fn routes(journal: Journal) -> OpenApiRouter {
    table().with_state(Arc::new(journal))
}

/// What the routes promise, for the document that is written without a database.
pub fn openapi() -> OpenApi {
    table().into_openapi()
}

fn table() -> OpenApiRouter<Arc<Journal>> {
    OpenApiRouter::new()
        .routes(routes!(routes::create_mood::handler, routes::list_moods::handler))
        .routes(routes!(routes::mood_stats::handler))
        .routes(routes!(routes::get_mood::handler, routes::update_mood::handler, routes::delete_mood::handler))
        .routes(routes!(routes::restore_mood::handler))
        .routes(routes!(routes::create_reflection::handler, routes::list_reflections::handler))
        .routes(routes!(
            routes::get_reflection::handler,
            routes::update_reflection::handler,
            routes::delete_reflection::handler
        ))
        .routes(routes!(routes::restore_reflection::handler))
}
