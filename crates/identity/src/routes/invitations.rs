//! `/api/auth/invitations`: whoever runs this server asks people in.

use crate::Identity;
use crate::account_queries::InvitationRow;
use axum::extract::State;
use guard::{Admin, Json, Path, Query, Role};
use http::StatusCode;
use kernel::{Cursor, Limit, Page, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;

/// Whom, and as what.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InvitationRequest {
    /// The one address that may use it; anybody's when nothing is said. Where there is mail, a letter goes there.
    #[schema(max_length = 254)]
    email: Option<String>,
    /// `member` when nothing is said, or `admin`.
    role: Option<Role>,
}

/// An invitation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Invitation {
    /// Its id; not the secret.
    #[schema(value_type = String, format = Uuid, min_length = 36, max_length = 36)]
    id: Uuid,
    /// The one address that may use it.
    #[schema(max_length = 254)]
    email: Option<String>,
    /// What whoever uses it may do.
    role: Role,
    /// The link to hand over. It is told this once.
    #[schema(max_length = 2048)]
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
    /// When it was made.
    created_at: Timestamp,
    /// When it ends.
    expires_at: Timestamp,
    /// When it was used.
    used_at: Option<Timestamp>,
}

fn view(row: InvitationRow, link: Option<String>) -> Invitation {
    let InvitationRow { id, email, role, created_at, expires_at, used_at } = row;
    Invitation { id, email, role: role.0, link, created_at, expires_at, used_at }
}

/// Invites somebody. The link works once, for seven days.
#[utoipa::path(post, path = "/api/auth/invitations", operation_id = "invite", tag = "identity",
    extensions(("x-auth" = json!("admin"))), request_body = InvitationRequest,
    responses(
        (status = 201, body = Invitation),
        (status = 401, body = guard::ProblemBody),
        (status = 403, body = guard::ProblemBody),
        (status = 422, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn create(
    State(identity): State<Arc<Identity>>,
    Admin(caller): Admin,
    Json(request): Json<InvitationRequest>,
) -> guard::Result<(StatusCode, Json<Invitation>)> {
    let role = request.role.unwrap_or(Role::Member);
    let invited = identity.invite(caller.user_id, caller.role, request.email.as_deref(), role).await?;
    Ok((StatusCode::CREATED, Json(view(invited.row, Some(invited.link)))))
}

/// Which part of a list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Part {
    #[serde(default)]
    pub(super) limit: Limit,
    pub(super) cursor: Option<Cursor>,
}

/// Lists invitations, newest first.
#[utoipa::path(get, path = "/api/auth/invitations", operation_id = "list_invitations", tag = "identity",
    extensions(("x-auth" = json!("admin"))),
    params(("limit" = Option<u8>, Query, minimum = 1, maximum = 100), ("cursor" = Option<String>, Query, max_length = 32)),
    responses(
        (status = 200, body = Page<Invitation>),
        (status = 401, body = guard::ProblemBody),
        (status = 403, body = guard::ProblemBody),
        (status = 422, body = guard::ProblemBody)))]
pub(crate) async fn list(
    State(identity): State<Arc<Identity>>,
    _admin: Admin,
    Query(part): Query<Part>,
) -> guard::Result<Json<Page<Invitation>>> {
    let rows = identity.invitations(part.cursor.unwrap_or(Cursor::NEWEST), part.limit).await?;
    let page = Page::of(rows, part.limit, |row| Cursor { at: row.created_at, id: row.id });
    Ok(Json(page.map(|row| view(row, None))))
}

/// Takes an invitation back.
#[utoipa::path(delete, path = "/api/auth/invitations/{id}", operation_id = "withdraw_invitation", tag = "identity",
    extensions(("x-auth" = json!("admin"))),
    params(("id" = String, Path, format = Uuid, min_length = 36, max_length = 36, description = "The invitation")),
    responses(
        (status = 204, description = "It cannot be used any more."),
        (status = 401, body = guard::ProblemBody),
        (status = 403, body = guard::ProblemBody),
        (status = 404, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn withdraw(
    State(identity): State<Arc<Identity>>,
    _admin: Admin,
    Path(id): Path<Uuid>,
) -> guard::Result<StatusCode> {
    identity.withdraw_invitation(id).await?;
    Ok(StatusCode::NO_CONTENT)
}
