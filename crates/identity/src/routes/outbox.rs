//! `GET /api/auth/outbox`: letters of a development server that has nobody to send them to.

use super::invitations::Part;
use crate::{Identity, account_queries};
use axum::extract::State;
use guard::{Caller, Json, Query, Role};
use kernel::{Cursor, Fault, Kind, Page, Timestamp};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;

/// A letter.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OutboxLetter {
    /// Its id.
    #[schema(value_type = String, format = Uuid, min_length = 36, max_length = 36)]
    id: Uuid,
    /// To whom.
    #[schema(max_length = 254)]
    to: String,
    /// What about.
    #[schema(max_length = 256)]
    subject: String,
    /// When it was written.
    at: Timestamp,
    /// What it says.
    #[schema(max_length = 20000)]
    text: String,
}

/// Lists the letters that this server has written, newest first. In development without a mail server only; otherwise there
/// is nothing here. For who runs it, who needs no second factor for it: these letters are how a second factor is tried out.
#[utoipa::path(get, path = "/api/auth/outbox", operation_id = "list_outbox", tag = "identity",
    extensions(("x-auth" = json!("caller"))),
    params(("limit" = Option<u8>, Query, minimum = 1, maximum = 100), ("cursor" = Option<String>, Query, max_length = 32)),
    responses(
        (status = 200, body = Page<OutboxLetter>),
        (status = 401, body = guard::ProblemBody),
        (status = 403, body = guard::ProblemBody, description = "`administrators_only`"),
        (status = 404, body = guard::ProblemBody),
        (status = 422, body = guard::ProblemBody)))]
pub(crate) async fn handler(
    State(identity): State<Arc<Identity>>,
    caller: Caller,
    Query(part): Query<Part>,
) -> guard::Result<Json<Page<OutboxLetter>>> {
    if !identity.has_outbox() {
        return Err(Fault::not_found().into());
    }
    if caller.role < Role::Admin {
        return Err(Fault::new(Kind::Forbidden, "administrators_only", "Only administrators may do this.").into());
    }
    let before = part.cursor.unwrap_or(Cursor::NEWEST);
    let rows = account_queries::list_mails(&mut identity.db.lookup().await?, before, part.limit).await?;
    let page = Page::of(rows, part.limit, |row| Cursor { at: row.created_at, id: row.id });
    Ok(Json(page.try_map(|row| {
        let letter = identity.open_letter(row.id, &row.body)?;
        Ok::<_, Fault>(OutboxLetter {
            id: row.id,
            to: letter.to,
            subject: letter.subject,
            at: row.created_at,
            text: letter.text,
        })
    })?))
}
