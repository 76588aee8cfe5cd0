//! `GET /.well-known/jwks.json`: the public keys of our tokens.

use crate::Identity;
use crate::tokens::keys::Jwk;
use axum::extract::State;
use axum::response::IntoResponse;
use guard::Json;
use http::{HeaderValue, header};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// A set of public keys (RFC 7517).
#[derive(Serialize, ToSchema)]
pub(crate) struct JwkSet {
    /// Those that did, do and will sign.
    #[schema(max_items = 100)]
    keys: Vec<Jwk>,
}

/// The keys by which anybody can check an access token of this server. The next key stands here a day before it signs.
#[utoipa::path(get, path = "/.well-known/jwks.json", operation_id = "jwks", tag = "identity",
    extensions(("x-auth" = json!("public"))), responses((status = 200, body = JwkSet)))]
pub(crate) async fn handler(State(identity): State<Arc<Identity>>) -> impl IntoResponse {
    let cache = (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    ([cache], Json(JwkSet { keys: identity.public_keys() }))
}
