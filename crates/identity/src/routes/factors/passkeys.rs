//! `/api/auth/passkeys`: the caller's passkeys.

use super::raised;
use super::sessions::Nothing;
use crate::Identity;
use crate::client::Client;
use crate::factors::passkeys::PasskeyView;
use crate::factors::step_up::in_person;
use axum::extract::State;
use axum::response::Response;
use guard::{Caller, Confirmed, Json, Path};
use http::StatusCode;
use kernel::{Fault, Kind};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;

/// Somebody's passkeys.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PasskeyList {
    /// The oldest first.
    #[schema(max_items = 100)]
    items: Vec<PasskeyView>,
    /// Always `null`: there are no more.
    #[schema(max_length = 1)]
    next_cursor: Option<String>,
}

/// Lists the caller's passkeys.
#[utoipa::path(get, path = "/api/auth/passkeys", operation_id = "list_passkeys", tag = "identity",
    extensions(("x-auth" = json!("caller"))),
    responses((status = 200, body = PasskeyList), (status = 401, body = guard::ProblemBody)))]
pub(crate) async fn list(State(identity): State<Arc<Identity>>, caller: Caller) -> guard::Result<Json<PasskeyList>> {
    in_person(&caller)?;
    Ok(Json(PasskeyList { items: identity.list_passkeys(caller.user_id).await?, next_cursor: None }))
}

/// A question to a passkey.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Ceremony {
    /// To be sent back with the answer, within five minutes.
    #[schema(value_type = String, format = Uuid, min_length = 36, max_length = 36)]
    pub(super) ceremony_id: Uuid,
    /// The options in the JSON form of Web Authentication.
    #[schema(value_type = Object)]
    pub(super) options: serde_json::Value,
}

/// Begins to add a passkey.
#[utoipa::path(post, path = "/api/auth/passkeys/register/start", operation_id = "begin_passkey", tag = "identity",
    extensions(("x-auth" = json!("caller"))), request_body = Nothing,
    responses(
        (status = 200, body = Ceremony),
        (status = 401, body = guard::ProblemBody, description = "`step_up_required`"),
        (status = 409, body = guard::ProblemBody, description = "`passkeys_unavailable`, `too_many_passkeys`"),
        (status = 422, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn begin(
    State(identity): State<Arc<Identity>>,
    Confirmed(caller): Confirmed,
    _: Json<Nothing>,
) -> guard::Result<Json<Ceremony>> {
    in_person(&caller)?;
    let known = identity.session_by_id(caller.session_id).await?;
    let known = known.ok_or_else(|| Fault::new(Kind::Unauthenticated, "authentication_required", "Sign in first."))?;
    let name = (known.user.email.as_str(), known.user.display_name.as_str());
    let (ceremony_id, options) = identity.begin_passkey(&caller, name).await?;
    Ok(Json(Ceremony { ceremony_id, options }))
}

/// A new passkey.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPasskeyRequest {
    /// As it was begun with.
    #[schema(value_type = String, format = Uuid, min_length = 36, max_length = 36)]
    ceremony_id: Uuid,
    /// What to call it.
    #[schema(min_length = 1, max_length = 64)]
    name: String,
    /// What the browser answered, as `toJSON()` gives it.
    #[schema(value_type = Object)]
    credential: serde_json::Value,
}

/// Adds the passkey that the browser has made. The present session has shown a second factor by that, and goes on under
/// another id.
#[utoipa::path(post, path = "/api/auth/passkeys/register/finish", operation_id = "add_passkey", tag = "identity",
    extensions(("x-auth" = json!("caller"))), request_body = NewPasskeyRequest,
    responses(
        (status = 201, body = PasskeyView),
        (status = 401, body = guard::ProblemBody),
        (status = 409, body = guard::ProblemBody, description = "`passkey_known`"),
        (status = 410, body = guard::ProblemBody, description = "`ceremony_void`"),
        (status = 422, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn finish(
    State(identity): State<Arc<Identity>>,
    caller: Caller,
    client: Client,
    Json(request): Json<NewPasskeyRequest>,
) -> guard::Result<Response> {
    in_person(&caller)?;
    let NewPasskeyRequest { ceremony_id, name, credential } = request;
    let (view, by) = identity.add_passkey(&client, &caller, ceremony_id, &name, credential).await?;
    Ok(raised(&identity, caller.session_id, &by, StatusCode::CREATED, view).await?)
}

/// Another name.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasskeyName {
    /// What to call it.
    #[schema(min_length = 1, max_length = 64)]
    name: String,
}

/// Calls a passkey something else.
#[utoipa::path(patch, path = "/api/auth/passkeys/{id}", operation_id = "rename_passkey", tag = "identity",
    extensions(("x-auth" = json!("caller"))), request_body = PasskeyName,
    params(("id" = String, Path, format = Uuid, min_length = 36, max_length = 36, description = "The passkey")),
    responses(
        (status = 200, body = PasskeyView),
        (status = 401, body = guard::ProblemBody),
        (status = 404, body = guard::ProblemBody),
        (status = 422, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn rename(
    State(identity): State<Arc<Identity>>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Json(request): Json<PasskeyName>,
) -> guard::Result<Json<PasskeyView>> {
    in_person(&caller)?;
    Ok(Json(identity.rename_passkey(caller.user_id, id, &request.name).await?))
}

/// Removes a passkey. Without another second factor the backup codes and trusted devices go with it.
#[utoipa::path(delete, path = "/api/auth/passkeys/{id}", operation_id = "delete_passkey", tag = "identity",
    extensions(("x-auth" = json!("caller"))),
    params(("id" = String, Path, format = Uuid, min_length = 36, max_length = 36, description = "The passkey")),
    responses(
        (status = 204),
        (status = 401, body = guard::ProblemBody, description = "`step_up_required`"),
        (status = 404, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn delete(
    State(identity): State<Arc<Identity>>,
    Confirmed(caller): Confirmed,
    client: Client,
    Path(id): Path<Uuid>,
) -> guard::Result<StatusCode> {
    in_person(&caller)?;
    identity.remove_passkey(&client, caller.user_id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
