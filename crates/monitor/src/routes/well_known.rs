//! What is looked for at a known place: whom to tell of a weakness, where to change a password, where passkeys are kept.

use crate::{Monitoring, rules};
use axum::extract::State;
use axum::response::IntoResponse;
use guard::Json;
use http::{StatusCode, header};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

const TEXT: &str = "text/plain; charset=utf-8";
/// The same for everybody, and changed seldom.
const FOR_AN_HOUR: &str = "public, max-age=3600";
/// The client's page for passwords, passkeys and sessions.
const SECURITY_PAGE: &str = "/account/security";

/// Whom to tell of a weakness (RFC 9116).
#[utoipa::path(get, path = "/.well-known/security.txt", operation_id = "security_txt", tag = "operations",
    extensions(("x-auth" = json!("public"))),
    responses((status = 200, description = "RFC 9116", content_type = "text/plain")))]
pub(crate) async fn security(State(monitoring): State<Arc<Monitoring>>) -> impl IntoResponse {
    let text = rules::security_txt(&monitoring.config, monitoring.ambient.now());
    ([(header::CONTENT_TYPE, TEXT), (header::CACHE_CONTROL, FOR_AN_HOUR)], text)
}

/// How a report of a weakness is dealt with.
#[utoipa::path(get, path = "/security-policy", operation_id = "security_policy", tag = "operations",
    extensions(("x-auth" = json!("public"))),
    responses((status = 200, description = "Text for people", content_type = "text/plain")))]
pub(crate) async fn policy(State(monitoring): State<Arc<Monitoring>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, TEXT), (header::CACHE_CONTROL, FOR_AN_HOUR)], rules::policy(&monitoring.config))
}

/// Where a password is changed ("A Well-Known URL for Changing Passwords"), for password managers.
#[utoipa::path(get, path = "/.well-known/change-password", operation_id = "change_password_page", tag = "operations",
    extensions(("x-auth" = json!("public"))),
    responses((status = 302, description = "To the page where a password is changed")))]
pub(crate) async fn change_password() -> impl IntoResponse {
    (StatusCode::FOUND, [(header::LOCATION, SECURITY_PAGE)])
}

/// Where passkeys are made and looked after ("A Well-Known URL for Relying Party Passkey Endpoints").
#[derive(Serialize, ToSchema)]
pub(crate) struct PasskeyEndpoints {
    /// Where one is made.
    #[schema(max_length = 500)]
    enroll: String,
    /// Where they are renamed and removed.
    #[schema(max_length = 500)]
    manage: String,
}

/// Where passkeys are made and looked after, for password managers.
#[utoipa::path(get, path = "/.well-known/passkey-endpoints", operation_id = "passkey_endpoints", tag = "operations",
    extensions(("x-auth" = json!("public"))),
    responses((status = 200, body = PasskeyEndpoints)))]
pub(crate) async fn passkeys(State(monitoring): State<Arc<Monitoring>>) -> impl IntoResponse {
    let page = format!("{}{SECURITY_PAGE}", monitoring.config.public_url);
    ([(header::CACHE_CONTROL, FOR_AN_HOUR)], Json(PasskeyEndpoints { enroll: page.clone(), manage: page }))
}
