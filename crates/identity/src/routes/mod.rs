//! The HTTP surface of this slice, one action a file.

mod log_in;
mod log_out;
mod me;
mod set_up;
mod setup_status;
mod sign_up;

use crate::cookies;
use crate::model::User;
use crate::sessions::BROWSER_LIFE;
use crate::{Identity, weakened};
use axum::response::AppendHeaders;
use guard::Json;
use http::header::SET_COOKIE;
use http::{HeaderName, HeaderValue, StatusCode};
use kernel::Secret;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Every route of this slice, with its state.
pub fn routes(identity: Arc<Identity>) -> OpenApiRouter {
    weakened::weaken(table(), &identity).with_state(identity)
}

/// What the routes promise, for the document that is written without a database.
pub fn openapi() -> OpenApi {
    table().into_openapi()
}

fn table() -> OpenApiRouter<Arc<Identity>> {
    OpenApiRouter::new()
        .routes(routes!(setup_status::handler, set_up::handler))
        .routes(routes!(sign_up::handler))
        .routes(routes!(log_in::handler))
        .routes(routes!(log_out::handler))
        .routes(routes!(me::handler))
        .merge(crate::tokens::table())
        .merge(crate::api_keys::table())
        .merge(crate::federation::table())
}

/// Somebody who has just signed in on the browser surface.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SignedIn {
    /// Who.
    pub(crate) user: User,
}

/// What begins a browser's session: both cookies, and who it is. The secret is nowhere but in the cookie (A1-C3).
type Welcome<T> = (StatusCode, AppendHeaders<[(HeaderName, HeaderValue); 2]>, Json<T>);

fn welcome<T>(identity: &Identity, status: StatusCode, sid: &Secret<String>, body: T) -> Welcome<T> {
    let csrf = identity.csrf_for(sid);
    let cookies = [cookies::session(sid.expose(), BROWSER_LIFE), cookies::csrf(&csrf, BROWSER_LIFE)];
    (status, AppendHeaders(cookies.map(|cookie| (SET_COOKIE, cookie))), Json(body))
}
