//! `DELETE /auth/api-keys/{id}`: ends a key.

use crate::Identity;
use crate::api_keys::queries;
use crate::client::Client;
use axum::extract::State;
use guard::{Caller, Path};
use http::StatusCode;
use kernel::Fault;
use std::sync::Arc;
use uuid::Uuid;

/// Ends an API key: it is refused from now on, by every process.
#[utoipa::path(delete, path = "/auth/api-keys/{id}", operation_id = "delete_api_key", tag = "identity",
    extensions(("x-auth" = json!("caller"))),
    params(("id" = String, Path, format = Uuid, min_length = 36, max_length = 36, description = "The key.")),
    responses((status = 204, description = "It is refused from now on."), (status = 401, body = guard::ProblemBody),
        (status = 404, body = guard::ProblemBody), (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn handler(
    State(identity): State<Arc<Identity>>,
    caller: Caller,
    client: Client,
    Path(id): Path<Uuid>,
) -> guard::Result<StatusCode> {
    let mut tx = identity.db.begin().await?;
    if !queries::revoke(&mut tx, id, caller.user_id, identity.ambient.now()).await? {
        return Err(Fault::not_found().into());
    }
    identity.note(&mut tx, caller.user_id, "api_key_deleted", &client).await?;
    tx.commit().await?;
    identity.forget_key(id);
    Ok(StatusCode::NO_CONTENT)
}
