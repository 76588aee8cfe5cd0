//! `GET /api/auth/me`: who is signed in.

use crate::client::Cookies;
use crate::known::Known;
use crate::model::{SessionView, User};
use crate::{Identity, cookies};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use guard::{Caller, Credential, Written};
use http::header::SET_COOKIE;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// Who is signed in, and by which session.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Me {
    /// Who.
    #[schema(value_type = User)]
    user: Arc<User>,
    /// By which session.
    session: SessionView,
}

/// Tells who is signed in. A browser that has lost its anti-forgery cookie gets another.
#[utoipa::path(get, path = "/api/auth/me", operation_id = "me", tag = "identity",
    extensions(("x-auth" = json!("caller"))),
    responses((status = 200, body = Me), (status = 401, body = guard::ProblemBody)))]
pub(crate) async fn handler(
    State(identity): State<Arc<Identity>>,
    caller: Caller,
    cookies: Cookies,
) -> guard::Result<Response> {
    let known = Known::of(&caller);
    let (session, body) = if let Some(known) = &known {
        let session = known.seen_by(&caller, identity.ambient.now());
        let write = || Written::of(&Me { user: known.user.clone(), session });
        (session, known.tell(session.confirmed_until, write)?)
    } else {
        let (user, session) = identity.presence(&caller).await?;
        (session, Written::of(&Me { user, session })?)
    };
    let sid = cookies.sid.as_ref().filter(|_| caller.credential == Credential::Session);
    let needs = |sid: &&kernel::Secret<String>| {
        let matches = |csrf: &str| match &known {
            // Recognised by this very cookie.
            Some(known) => known.csrf_matches(csrf, || identity.csrf_matches(sid, csrf)),
            None => identity.csrf_matches(sid, csrf),
        };
        !cookies.csrf.as_deref().is_some_and(matches)
    };
    if let Some(sid) = sid.filter(needs) {
        let left = session.expires_at.since(identity.ambient.now());
        let cookie = cookies::csrf(&identity.csrf_for(sid), left);
        return Ok(([(SET_COOKIE, cookie)], body).into_response());
    }
    Ok(body.into_response())
}
