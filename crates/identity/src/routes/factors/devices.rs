//! `/api/auth/devices`: the browsers that need not show the second factor for a while.

use crate::Identity;
use crate::client::Client;
use crate::device::Family;
use crate::factors::access_queries as access;
use crate::factors::step_up::in_person;
use axum::extract::State;
use guard::{Caller, Json, Path};
use http::StatusCode;
use kernel::{Fault, Timestamp};
use seal::{Purpose, token};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;

/// A trusted device.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeviceItem {
    /// Its id; not the secret.
    #[schema(value_type = String, format = Uuid, min_length = 36, max_length = 36)]
    id: Uuid,
    /// Whether it is the one that asks.
    current: bool,
    /// The program and the system, as they called themselves.
    #[schema(max_length = 64)]
    device: String,
    /// The network it was trusted in.
    #[schema(max_length = 64)]
    network: String,
    /// Since when.
    created_at: Timestamp,
    /// When it last stood in for the second factor.
    last_used_at: Timestamp,
    /// Until when.
    expires_at: Timestamp,
}

/// Somebody's trusted devices.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeviceList {
    /// The newest first.
    #[schema(max_items = 100)]
    items: Vec<DeviceItem>,
    /// Always `null`: there are no more.
    #[schema(max_length = 1)]
    next_cursor: Option<String>,
}

/// Lists the caller's trusted devices.
#[utoipa::path(get, path = "/api/auth/devices", operation_id = "list_devices", tag = "identity",
    extensions(("x-auth" = json!("caller"))),
    responses((status = 200, body = DeviceList), (status = 401, body = guard::ProblemBody)))]
pub(crate) async fn list(
    State(identity): State<Arc<Identity>>,
    caller: Caller,
    client: Client,
) -> guard::Result<Json<DeviceList>> {
    in_person(&caller)?;
    let here = client.device.as_ref().and_then(|device| token::parse(Purpose::Device, device.expose()));
    let now = identity.ambient.now();
    let rows = access::list_devices(&mut identity.db.lookup().await?, caller.user_id, now).await?;
    let item = |row: access::Device| DeviceItem {
        id: row.id,
        current: here.is_some_and(|here| here.as_bytes()[..] == row.token_hash[..]),
        device: Family::of(&row.user_agent).to_string(),
        network: row.ip_prefix,
        created_at: row.created_at,
        last_used_at: row.last_used_at,
        expires_at: row.expires_at,
    };
    Ok(Json(DeviceList { items: rows.into_iter().map(item).collect(), next_cursor: None }))
}

/// Trusts a device no longer.
#[utoipa::path(delete, path = "/api/auth/devices/{id}", operation_id = "delete_device", tag = "identity",
    extensions(("x-auth" = json!("caller"))),
    params(("id" = String, Path, format = Uuid, min_length = 36, max_length = 36, description = "The device")),
    responses(
        (status = 204),
        (status = 401, body = guard::ProblemBody),
        (status = 404, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn delete(
    State(identity): State<Arc<Identity>>,
    caller: Caller,
    client: Client,
    Path(id): Path<Uuid>,
) -> guard::Result<StatusCode> {
    in_person(&caller)?;
    let mut tx = identity.db.begin().await?;
    if !access::delete_device(&mut tx, caller.user_id, id).await? {
        return Err(Fault::not_found().into());
    }
    identity.note(&mut tx, caller.user_id, "device_forgotten", &client).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
