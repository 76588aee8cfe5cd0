//! `POST /api/auth/logout`: signs out on the browser surface.

use crate::{Identity, cookies};
use axum::extract::State;
use axum::response::AppendHeaders;
use guard::Caller;
use http::header::SET_COOKIE;
use http::{HeaderName, HeaderValue, StatusCode};
use std::sync::Arc;

const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");

/// Ends this session, here and at once, and has the browser forget what it kept of it.
#[utoipa::path(post, path = "/api/auth/logout", operation_id = "log_out", tag = "identity",
    extensions(("x-auth" = json!("caller"))),
    responses(
        (status = 204, description = "Both cookies are removed."),
        (status = 401, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn handler(
    State(identity): State<Arc<Identity>>,
    caller: Caller,
) -> guard::Result<(StatusCode, AppendHeaders<[(HeaderName, HeaderValue); 3]>)> {
    if !kernel::weaken::is("O-4") {
        identity.end_session(caller.session_id).await?;
    }
    let [sid, csrf] = cookies::expired();
    let clear = HeaderValue::from_static("\"cache\", \"storage\"");
    Ok((StatusCode::NO_CONTENT, AppendHeaders([(SET_COOKIE, sid), (SET_COOKIE, csrf), (CLEAR_SITE_DATA, clear)])))
}
