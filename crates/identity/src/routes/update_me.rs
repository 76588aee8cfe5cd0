//! `PATCH /api/auth/me`: how somebody wants to be called, and in which language and zone they live.

use super::me::{self, Me};
use crate::client::Client;
use crate::model::{DisplayName, LocaleTag, TimeZone};
use crate::{Identity, account_queries};
use axum::extract::State;
use axum::response::Response;
use guard::{Caller, Json};
use kernel::Fault;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// What changes; the rest stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProfileRequest {
    /// What to be called.
    #[schema(min_length = 1, max_length = 80)]
    display_name: Option<String>,
    /// The language to be written to in, such as `de`.
    #[schema(max_length = 35)]
    locale: Option<String>,
    /// The zone the days are counted in, such as `Europe/Berlin`.
    #[schema(max_length = 64)]
    time_zone: Option<String>,
}

/// Changes the name, the language or the time zone of whoever is signed in.
#[utoipa::path(patch, path = "/api/auth/me", operation_id = "update_me", tag = "identity",
    extensions(("x-auth" = json!("caller"))), request_body = ProfileRequest,
    responses(
        (status = 200, body = Me),
        (status = 401, body = guard::ProblemBody),
        (status = 422, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn handler(
    State(identity): State<Arc<Identity>>,
    caller: Caller,
    client: Client,
    Json(request): Json<ProfileRequest>,
) -> guard::Result<Response> {
    let mut faults = Vec::new();
    let mut keep = |fault| faults.push(fault);
    let name = request.display_name.as_deref().map(DisplayName::parse).transpose().map_err(&mut keep).ok().flatten();
    let locale = request.locale.as_deref().map(LocaleTag::parse).transpose().map_err(&mut keep).ok().flatten();
    let zone = request.time_zone.as_deref().map(TimeZone::parse).transpose().map_err(&mut keep).ok().flatten();
    if !faults.is_empty() {
        return Err(Fault::invalid(faults).into());
    }
    let (name, at) = (name.map(|name| name.as_str().to_owned()), identity.ambient.now());
    let mut tx = identity.db.begin().await?;
    let (locale, zone) = (locale.map(|locale| locale.0), zone.map(|zone| zone.0));
    account_queries::update_profile(&mut tx, caller.user_id, name, locale, zone, at).await?;
    tx.commit().await?;
    identity.forget(caller.user_id);
    // What was remembered of them when they were recognised is not so any more.
    me::handler(State(identity), Caller { memo: None, ..caller }, client.cookies()).await
}
