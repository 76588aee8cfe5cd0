//! `POST /auth/api-keys/{id}/rotate`: a new secret for a key.

use super::{ApiKey, NewKey};
use crate::Identity;
use crate::api_keys::{OVERLAP, format, queries};
use crate::client::Client;
use crate::routes::Nothing;
use axum::extract::State;
use guard::{Confirmed, Json, Path};
use kernel::Fault;
use std::sync::Arc;
use uuid::Uuid;

/// Gives an API key a new secret. The old one counts for another day, so that nothing stands still while it is replaced;
/// the one before that ends now.
#[utoipa::path(post, path = "/auth/api-keys/{id}/rotate", operation_id = "rotate_api_key", tag = "identity",
    extensions(("x-auth" = json!("caller"))),
    params(("id" = String, Path, format = Uuid, min_length = 36, max_length = 36, description = "The key.")),
    request_body = Nothing,
    responses((status = 200, body = NewKey), (status = 401, body = guard::ProblemBody),
        (status = 404, body = guard::ProblemBody), (status = 422, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn handler(
    State(identity): State<Arc<Identity>>,
    Confirmed(caller): Confirmed,
    client: Client,
    Path(id): Path<Uuid>,
    Json(Nothing {}): Json<Nothing>,
) -> guard::Result<Json<NewKey>> {
    let mut tx = identity.db.begin().await?;
    let row = queries::find(&mut tx, id, caller.user_id).await?.ok_or_else(Fault::not_found)?;
    let (key, _, hash) = format::mint(Some(&row.handle), &*identity.ambient.rng);
    let until = identity.ambient.now().plus(OVERLAP);
    if !queries::rotate(&mut tx, id, caller.user_id, hash, until).await? {
        return Err(Fault::not_found().into());
    }
    identity.note(&mut tx, caller.user_id, "api_key_rotated", &client).await?;
    tx.commit().await?;
    identity.forget_key(id);
    Ok(Json(NewKey { shown: ApiKey::of(row), key: key.expose().clone(), signing_secret: None }))
}
