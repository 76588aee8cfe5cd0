//! Second factors, step-up, sessions and trusted devices over HTTP, one action a file.

pub(super) mod confirm;
pub(super) mod devices;
pub(super) mod passkey_sign_in;
pub(super) mod passkeys;
pub(super) mod second_factor;
pub(super) mod sessions;
pub(super) mod totp;

use crate::factors::step_up::Raised;
use crate::{Identity, cookies};
use axum::response::{AppendHeaders, IntoResponse, Response};
use guard::Json;
use http::HeaderValue;
use http::header::SET_COOKIE;
use http::{HeaderName, StatusCode};
use kernel::{Fault, Secret, Timestamp};
use serde::Serialize;

/// The cookies of a session that goes on under another id; none on the token surface.
fn new_id(identity: &Identity, raised: &Raised, ends: Timestamp) -> AppendHeaders<Vec<(HeaderName, HeaderValue)>> {
    let mut lines = Vec::new();
    if let Some(sid) = &raised.sid {
        let left = ends.since(identity.ambient.now());
        lines.push((SET_COOKIE, cookies::session(sid.expose(), left)));
        lines.push((SET_COOKIE, cookies::csrf(&identity.csrf_for(sid), left)));
    }
    AppendHeaders(lines)
}

/// An answer to somebody who has just proven who they are.
async fn raised<T: Serialize>(
    identity: &std::sync::Arc<Identity>,
    session: uuid::Uuid,
    raised: &Raised,
    status: StatusCode,
    body: T,
) -> Result<Response, Fault> {
    let known = identity.session_by_id(session).await?;
    let ends = known.map_or(raised.until, |known| known.session.expires_at);
    Ok((status, new_id(identity, raised, ends), Json(body)).into_response())
}

/// What stands for secrets in an answer that shows them this once.
fn shown(secrets: &[Secret<String>]) -> Vec<String> {
    secrets.iter().map(|secret| secret.expose().clone()).collect()
}
