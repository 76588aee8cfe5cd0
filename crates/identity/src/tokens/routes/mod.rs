//! The HTTP surface of tokens, one action a file.

mod jwks;
mod log_in;
mod log_out;
mod profile;
mod refresh;
mod revoke_user;
mod second_factor;

use super::TokenPair;
use crate::Identity;
use crate::client::Client;
use guard::Json;
use kernel::{Fault, Kind};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes, without their state.
pub(crate) fn table() -> OpenApiRouter<Arc<Identity>> {
    OpenApiRouter::new()
        .routes(routes!(log_in::handler))
        .routes(routes!(second_factor::handler))
        .routes(routes!(refresh::handler))
        .routes(routes!(log_out::handler))
        .routes(routes!(profile::handler))
        .routes(routes!(revoke_user::handler))
        .routes(routes!(jwks::handler))
}

/// What signing in leads to: two tokens, or the question for more.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Entry {
    /// They are in.
    Tokens(TokenPair),
    /// The password was right, and is not enough.
    More(MoreNeeded),
}

/// A second factor is needed.
#[derive(Serialize, ToSchema)]
pub(crate) struct MoreNeeded {
    /// `additional_verification_required`.
    #[schema(max_length = 64)]
    status: &'static str,
    /// To be sent to `/auth/login/second-factor` with the proof.
    #[schema(max_length = 64)]
    challenge_id: String,
}

/// 403 for a page in a browser.
fn refuse_browsers(client: &Client) -> Result<(), Fault> {
    if client.is_browser {
        return Err(Fault::new(
            Kind::Forbidden,
            "browser_surface_required",
            "A page in a browser signs in at /api/auth/login and gets a cookie that no script can read.",
        ));
    }
    Ok(())
}

/// Begins the session, for somebody who has shown all that is needed.
async fn begin(identity: &Identity, user: kernel::UserId, amr: &str, client: &Client) -> Result<Json<Entry>, Fault> {
    let pair = identity.begin_tokens(user, amr, client).await?.ok_or(crate::accounts::NoEntry::Refused)?;
    Ok(Json(Entry::Tokens(pair)))
}
