//! The HTTP surface of API keys, one action a file.

mod create;
mod delete;
mod list;
mod renew;
mod report;
mod rotate;

use super::format::PREFIX;
use super::queries::KeyRow;
use crate::Identity;
use kernel::Timestamp;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

/// The routes, without their state.
pub(crate) fn table() -> OpenApiRouter<Arc<Identity>> {
    OpenApiRouter::new()
        .routes(routes!(list::handler, create::handler))
        .routes(routes!(delete::handler))
        .routes(routes!(renew::handler))
        .routes(routes!(rotate::handler))
        .routes(routes!(report::handler))
}

/// A key, without its secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct ApiKey {
    /// Its id.
    #[schema(value_type = String, format = Uuid, min_length = 36, max_length = 36)]
    id: Uuid,
    /// What its owner calls it.
    #[schema(min_length = 1, max_length = 80)]
    name: String,
    /// How it begins, to tell it from others.
    #[schema(max_length = 32)]
    prefix: String,
    /// What it may do.
    #[schema(max_items = 20)]
    scopes: Vec<Scope>,
    /// Networks it may be used from; empty: from everywhere.
    #[schema(max_items = 20)]
    addresses: Vec<Network>,
    /// So many requests a minute of its own; `null`: what holds for its owner.
    #[schema(minimum = 1, maximum = 10_000)]
    rate_per_minute: Option<i64>,
    /// Whether every request must be signed.
    require_signature: bool,
    /// Since when.
    created_at: Timestamp,
    /// Until when.
    expires_at: Timestamp,
    /// When it was last used, to the minute.
    last_used_at: Option<Timestamp>,
}

/// `area:read` or `area:write`.
#[derive(Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, max_length = 64)]
pub(crate) struct Scope(String);

/// A network in CIDR notation.
#[derive(Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, max_length = 64)]
pub(crate) struct Network(String);

impl ApiKey {
    fn of(row: KeyRow) -> Self {
        let words = |text: &str| text.split_whitespace().map(ToOwned::to_owned).collect::<Vec<_>>();
        Self {
            id: row.id,
            name: row.name,
            prefix: format!("{PREFIX}{}", row.handle),
            scopes: words(&row.scopes).into_iter().map(Scope).collect(),
            addresses: words(&row.addresses).into_iter().map(Network).collect(),
            rate_per_minute: row.rate_per_minute,
            require_signature: row.require_signature,
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
        }
    }
}

/// A key with its secret, which is shown this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct NewKey {
    #[serde(flatten)]
    shown: ApiKey,
    /// The key itself.
    #[schema(max_length = 128)]
    key: String,
    /// With `signing` of kind `hmac`: the secret to sign with, in base64url.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 64)]
    signing_secret: Option<String>,
}
