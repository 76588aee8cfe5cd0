//! `/api/auth/sessions`: where somebody is signed in, and how that ends.

use crate::client::Client;
use crate::device::Family;
use crate::factors::access_queries as access;
use crate::factors::step_up::in_person;
use crate::model::SessionKind;
use crate::{Identity, cookies};
use axum::extract::State;
use axum::response::AppendHeaders;
use guard::{Caller, Json, Path};
use http::header::SET_COOKIE;
use http::{HeaderName, HeaderValue, StatusCode};
use kernel::{Fault, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;

/// A session as its owner sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionItem {
    /// Its id; not the secret.
    #[schema(value_type = String, format = Uuid, min_length = 36, max_length = 36)]
    id: Uuid,
    /// Whether it is the one that asks.
    current: bool,
    /// `browser` or `token`.
    #[schema(max_length = 16)]
    surface: &'static str,
    /// When it began.
    created_at: Timestamp,
    /// When it was last used, to the minute.
    last_seen_at: Timestamp,
    /// When it ends, however much it is used.
    expires_at: Timestamp,
    /// The program and the system, as they call themselves.
    #[schema(max_length = 64)]
    device: String,
    /// The network, never the whole address.
    #[schema(max_length = 64)]
    network: String,
    /// Where that network is, roughly; `null` unless the operator has supplied a database of places.
    #[schema(max_length = 160)]
    place: Option<String>,
    /// Whether it was used by another program than the one it began on, and not confirmed since.
    suspicious: bool,
}

/// Somebody's sessions.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionList {
    /// The last used first; at most 20 of each surface.
    #[schema(max_items = 100)]
    items: Vec<SessionItem>,
    /// Always `null`: there are no more.
    #[schema(max_length = 1)]
    next_cursor: Option<String>,
}

/// Lists where the caller is signed in.
#[utoipa::path(get, path = "/api/auth/sessions", operation_id = "list_sessions", tag = "identity",
    extensions(("x-auth" = json!("caller"))),
    responses((status = 200, body = SessionList), (status = 401, body = guard::ProblemBody)))]
pub(crate) async fn list(State(identity): State<Arc<Identity>>, caller: Caller) -> guard::Result<Json<SessionList>> {
    in_person(&caller)?;
    let now = identity.ambient.now();
    let rows = access::list(&mut identity.db.lookup().await?, caller.user_id, now).await?;
    let item = |row: access::Listed| SessionItem {
        id: row.id,
        current: row.id == caller.session_id,
        surface: match row.kind {
            SessionKind::Browser => "browser",
            SessionKind::Token => "token",
        },
        created_at: row.created_at,
        last_seen_at: row.last_seen_at,
        expires_at: row.expires_at,
        device: Family::of(&row.user_agent).to_string(),
        place: identity.places.as_ref().and_then(|places| places.of(&row.ip_prefix)),
        network: row.ip_prefix,
        suspicious: row.suspicious_at.is_some(),
    };
    Ok(Json(SessionList { items: rows.into_iter().map(item).collect(), next_cursor: None }))
}

/// Ends one session of the caller's.
#[utoipa::path(delete, path = "/api/auth/sessions/{id}", operation_id = "revoke_session", tag = "identity",
    extensions(("x-auth" = json!("caller"))),
    params(("id" = String, Path, format = Uuid, min_length = 36, max_length = 36, description = "The session")),
    responses(
        (status = 204),
        (status = 401, body = guard::ProblemBody),
        (status = 404, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn revoke(
    State(identity): State<Arc<Identity>>,
    caller: Caller,
    client: Client,
    Path(id): Path<Uuid>,
) -> guard::Result<StatusCode> {
    in_person(&caller)?;
    let mut tx = identity.db.begin().await?;
    if !access::revoke_one(&mut tx, caller.user_id, id, identity.ambient.now()).await? {
        return Err(Fault::not_found().into());
    }
    identity.note(&mut tx, caller.user_id, "session_ended", &client).await?;
    tx.commit().await?;
    identity.ended_session(id);
    Ok(StatusCode::NO_CONTENT)
}

/// Nothing to say.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

/// How many ended.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Revoked {
    /// So many.
    #[schema(minimum = 0)]
    revoked: u64,
}

/// Ends all sessions of the caller's but this one.
#[utoipa::path(post, path = "/api/auth/sessions/revoke-others", operation_id = "revoke_other_sessions", tag = "identity",
    extensions(("x-auth" = json!("caller"))), request_body = Nothing,
    responses(
        (status = 200, body = Revoked),
        (status = 401, body = guard::ProblemBody),
        (status = 422, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn revoke_others(
    State(identity): State<Arc<Identity>>,
    caller: Caller,
    client: Client,
    _: Json<Nothing>,
) -> guard::Result<Json<Revoked>> {
    in_person(&caller)?;
    let mut tx = identity.db.begin().await?;
    let at = identity.ambient.now();
    let revoked = access::revoke_others(&mut tx, caller.user_id, caller.session_id, at).await?;
    if revoked > 0 {
        identity.note(&mut tx, caller.user_id, "sessions_ended", &client).await?;
    }
    tx.commit().await?;
    identity.forget(caller.user_id);
    Ok(Json(Revoked { revoked }))
}

/// Ends all sessions of the caller's, this one too, on both surfaces, and forgets every trusted device.
#[utoipa::path(post, path = "/api/auth/sessions/revoke-all", operation_id = "revoke_all_sessions", tag = "identity",
    extensions(("x-auth" = json!("caller"))), request_body = Nothing,
    responses(
        (status = 204, description = "The cookies are removed."),
        (status = 401, body = guard::ProblemBody),
        (status = 422, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn revoke_all(
    State(identity): State<Arc<Identity>>,
    caller: Caller,
    client: Client,
    _: Json<Nothing>,
) -> guard::Result<(StatusCode, AppendHeaders<[(HeaderName, HeaderValue); 2]>)> {
    in_person(&caller)?;
    let mut tx = identity.db.begin().await?;
    identity.end_everything(&mut tx, caller.user_id).await?;
    identity.note(&mut tx, caller.user_id, "sessions_ended", &client).await?;
    tx.commit().await?;
    identity.forget(caller.user_id);
    Ok((StatusCode::NO_CONTENT, AppendHeaders(cookies::expired().map(|line| (SET_COOKIE, line)))))
}
