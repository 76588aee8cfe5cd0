//! The HTTP surface of this slice, one action a file.

mod approvals;
mod ask_for_letter;
mod change_password;
mod events;
mod factors;
mod invitations;
mod log_in;
mod log_out;
mod me;
mod outbox;
mod policy;
mod set_up;
mod setup_status;
mod sign_up;
mod ticket;
mod update_me;
mod use_link;
mod verify_email;

pub(crate) use factors::sessions::Nothing;

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
        .routes(routes!(policy::handler))
        .routes(routes!(sign_up::handler))
        .routes(routes!(sign_up::register))
        .routes(routes!(verify_email::handler))
        .routes(routes!(ask_for_letter::resend))
        .routes(routes!(ask_for_letter::reset))
        .routes(routes!(use_link::confirm_reset))
        .routes(routes!(use_link::unlock))
        .routes(routes!(use_link::not_me))
        .routes(routes!(change_password::handler))
        .routes(routes!(invitations::create, invitations::list))
        .routes(routes!(invitations::withdraw))
        .routes(routes!(approvals::list))
        .routes(routes!(approvals::decide))
        .routes(routes!(events::handler))
        .routes(routes!(ticket::handler))
        .routes(routes!(outbox::handler))
        .routes(routes!(log_in::handler))
        .routes(routes!(log_out::handler))
        .routes(routes!(me::handler, update_me::handler))
        .routes(routes!(factors::second_factor::options))
        .routes(routes!(factors::second_factor::handler))
        .routes(routes!(factors::confirm::options))
        .routes(routes!(factors::confirm::handler))
        .routes(routes!(factors::sessions::list))
        .routes(routes!(factors::sessions::revoke))
        .routes(routes!(factors::sessions::revoke_others))
        .routes(routes!(factors::sessions::revoke_all))
        .routes(routes!(factors::devices::list))
        .routes(routes!(factors::devices::delete))
        .routes(routes!(factors::totp::status))
        .routes(routes!(factors::totp::set_up))
        .routes(routes!(factors::totp::enable))
        .routes(routes!(factors::totp::disable))
        .routes(routes!(factors::totp::regenerate))
        .routes(routes!(factors::passkeys::list))
        .routes(routes!(factors::passkeys::begin))
        .routes(routes!(factors::passkeys::finish))
        .routes(routes!(factors::passkeys::rename, factors::passkeys::delete))
        .routes(routes!(factors::passkey_sign_in::start))
        .routes(routes!(factors::passkey_sign_in::finish))
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

/// How a sign-in on the browser surface goes on.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
pub(crate) enum LoginAnswer {
    /// Signed in, with both cookies.
    SignedIn {
        /// Who.
        user: User,
    },
    /// The password was right, and it takes more than that. No cookie is set.
    AdditionalVerificationRequired {
        /// Names this sign-in for five minutes.
        #[schema(min_length = 48, max_length = 48)]
        challenge_id: String,
    },
}

/// What begins a browser's session: both cookies, and who it is. The secret is nowhere but in the cookie (A1-C3).
type Welcome<T> = (StatusCode, AppendHeaders<[(HeaderName, HeaderValue); 2]>, Json<T>);

fn welcome<T>(identity: &Identity, status: StatusCode, sid: &Secret<String>, body: T) -> Welcome<T> {
    let csrf = identity.csrf_for(sid);
    let cookies = [cookies::session(sid.expose(), BROWSER_LIFE), cookies::csrf(&csrf, BROWSER_LIFE)];
    (status, AppendHeaders(cookies.map(|cookie| (SET_COOKIE, cookie))), Json(body))
}
