//! `POST /auth/revoke-user-tokens/{user_id}`: ends everything that somebody is signed in with.

use crate::Identity;
use crate::tokens::queries;
use axum::extract::State;
use guard::{Admin, Confirmed, Json, Path};
use kernel::{Fault, UserId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// Nothing: `{}`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RevokeRequest {}

/// How much was ended.
#[derive(Serialize, ToSchema)]
#[schema(as = AllRevoked)]
pub(crate) struct Revoked {
    /// So many sessions, of both surfaces.
    #[schema(minimum = 0, maximum = 1_000_000)]
    revoked: u64,
}

/// Ends every session of an account, browsers and tokens, on every instance. API keys stay: they are removed one by one.
#[utoipa::path(post, path = "/auth/revoke-user-tokens/{user_id}", operation_id = "revoke_user_tokens", tag = "identity",
    extensions(("x-auth" = json!("admin"))), params(("user_id" = UserId, Path, description = "The account.")),
    request_body = RevokeRequest,
    responses(
        (status = 200, body = Revoked),
        (status = 401, body = guard::ProblemBody, description = "`step_up_required` among others"),
        (status = 403, body = guard::ProblemBody),
        (status = 404, body = guard::ProblemBody),
        (status = 422, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn handler(
    State(identity): State<Arc<Identity>>,
    Admin(admin): Admin,
    _: Confirmed,
    Path(user): Path<UserId>,
    Json(RevokeRequest {}): Json<RevokeRequest>,
) -> guard::Result<Json<Revoked>> {
    let mut tx = identity.db.begin().await?;
    let revoked = queries::end_all(&mut tx, user, identity.ambient.now()).await?.ok_or_else(Fault::not_found)?;
    tx.commit().await?;
    identity.forget(user);
    tracing::info!(
        event = "user_tokens_revoked",
        user_ref = identity.pseudonym("user", user.uuid().as_bytes(), 12),
        by = identity.pseudonym("user", admin.user_id.uuid().as_bytes(), 12),
        revoked
    );
    Ok(Json(Revoked { revoked }))
}
