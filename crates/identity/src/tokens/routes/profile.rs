//! `GET /auth/profile`: who is signed in, without the session.

use crate::Identity;
use crate::model::User;
use axum::extract::State;
use guard::{Caller, Json};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// Who is signed in.
#[derive(Serialize, ToSchema)]
pub(crate) struct Profile {
    /// Who.
    #[schema(value_type = User)]
    user: Arc<User>,
}

/// Tells whose credential this is.
#[utoipa::path(get, path = "/auth/profile", operation_id = "token_profile", tag = "identity",
    extensions(("x-auth" = json!("caller"))),
    responses((status = 200, body = Profile), (status = 401, body = guard::ProblemBody)))]
pub(crate) async fn handler(State(identity): State<Arc<Identity>>, caller: Caller) -> guard::Result<Json<Profile>> {
    let (user, _) = identity.presence(&caller).await?;
    Ok(Json(Profile { user }))
}
