//! Recordings: from an upload to a transcript one can read, follow while listening, and take along.
//!
//! What a person recorded, what they called it and what was said in it are sealed under their own key: the sound in a file,
//! the rest in rows. The database sees how long, how large, in which language and how far.
//!
//! Not here: decoding and speech recognition themselves (`speech`), live sessions, speakers, translation, sharing.

mod config;
mod jobs;
mod media;
mod model;
mod openai;
mod providers;
mod queries;
mod routes;
mod rules;
mod sealed;
mod state;
mod upload;

pub use config::{Config, MAX_BYTES, uploads};
pub use jobs::{Purge, Transcribe, keep_tidy};
pub use model::RecordingId;
pub use providers::clamd::{BadAddress, ClamdAddress};
pub use queries::STATEMENTS;
pub use state::State;

use axum::extract::DefaultBodyLimit;
use std::sync::Arc;
use store::jobs::Runner;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The slice's routes, ready to serve.
pub fn routes(state: Arc<State>) -> OpenApiRouter {
    // `guard` bounds every body, by route; axum's own bound of 2 MiB knows nothing of uploads.
    router().layer(DefaultBodyLimit::disable()).with_state(state)
}

/// What the routes promise.
pub fn openapi() -> OpenApi {
    router().into_openapi()
}

/// Adds the handlers of this slice's background work.
#[must_use]
pub fn jobs(state: &Arc<State>, runner: Runner) -> Runner {
    runner.register(Transcribe::new(state.clone())).register(Purge::new(state.clone()))
}

fn router() -> OpenApiRouter<Arc<State>> {
    OpenApiRouter::new()
        .routes(routes!(routes::create::handler, routes::list::handler))
        .routes(routes!(routes::get::handler, routes::rename::handler, routes::delete::handler))
        .routes(routes!(routes::restore::handler))
        .routes(routes!(routes::retry::handler))
        .routes(routes!(routes::audio::handler))
        .routes(routes!(routes::transcript::handler))
        .routes(routes!(routes::export::handler))
        .routes(routes!(routes::openai::handler))
}
