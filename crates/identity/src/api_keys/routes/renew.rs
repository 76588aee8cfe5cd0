//! `POST /auth/api-keys/{id}/renew`: another year for a key.

use super::ApiKey;
use crate::Identity;
use crate::api_keys::chores::noticed_at_first;
use crate::api_keys::{DAY, LIFE_DAYS, queries};
use crate::routes::Nothing;
use axum::extract::State;
use guard::{Confirmed, Json, Path};
use kernel::Fault;
use std::sync::Arc;
use uuid::Uuid;

/// Lets an API key live for another year from now, also one whose time is over.
#[utoipa::path(post, path = "/auth/api-keys/{id}/renew", operation_id = "renew_api_key", tag = "identity",
    extensions(("x-auth" = json!("caller"))),
    params(("id" = String, Path, format = Uuid, min_length = 36, max_length = 36, description = "The key.")),
    request_body = Nothing,
    responses((status = 200, body = ApiKey), (status = 401, body = guard::ProblemBody),
        (status = 404, body = guard::ProblemBody), (status = 422, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn handler(
    State(identity): State<Arc<Identity>>,
    Confirmed(caller): Confirmed,
    Path(id): Path<Uuid>,
    Json(Nothing {}): Json<Nothing>,
) -> guard::Result<Json<ApiKey>> {
    let expires_at = identity.ambient.now().plus(DAY * LIFE_DAYS);
    let mut tx = identity.db.begin().await?;
    if !queries::renew(&mut tx, id, caller.user_id, expires_at, noticed_at_first(LIFE_DAYS)).await? {
        return Err(Fault::not_found().into());
    }
    let row = queries::find(&mut tx, id, caller.user_id).await?.ok_or_else(Fault::not_found)?;
    tx.commit().await?;
    identity.forget_key(id);
    Ok(Json(ApiKey::of(row)))
}
