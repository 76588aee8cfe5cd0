//! `GET /api/auth/policy`: what the pages have to know before anybody signs in.

use crate::{Identity, PasswordMode, ProviderView, Registration};
use axum::extract::State;
use guard::Json;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// How accounts are made and used here.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Policy {
    /// Without mail, an open one asks for an invitation all the same.
    registration: Registration,
    /// Whether this server can write letters: without, whoever runs it hands out links for new passwords.
    mail: bool,
    /// Which passwords are taken.
    password_mode: PasswordMode,
    /// Other places where people can sign in.
    #[schema(max_items = 32)]
    providers: Vec<ProviderView>,
    /// Whether passkeys can be used: not where this server is reached by a bare address.
    passkeys: bool,
}

/// Tells how accounts are made here, and what a password must be.
#[utoipa::path(get, path = "/api/auth/policy", operation_id = "auth_policy", tag = "identity",
    extensions(("x-auth" = json!("public"))),
    responses((status = 200, body = Policy), (status = 429, body = guard::ProblemBody)))]
pub(crate) async fn handler(State(identity): State<Arc<Identity>>) -> Json<Policy> {
    Json(Policy {
        registration: identity.config.registration,
        mail: identity.has_mail(),
        password_mode: identity.config.password_mode,
        providers: identity.providers(),
        passkeys: identity.relying_party.has_name(),
    })
}
