//! `GET /api/auth/policy`: what the pages have to know before anybody signs in.

use crate::Identity;
use axum::extract::State;
use guard::Json;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// Another place where people can sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Provider {
    /// Its name in addresses.
    #[schema(max_length = 64)]
    pub(crate) id: String,
    /// Its name for people.
    #[schema(max_length = 80)]
    pub(crate) name: String,
}

/// How accounts are made and used here.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Policy {
    /// `open`, `approval`, `invite` or `closed`. Without mail, an open one asks for an invitation all the same.
    #[schema(max_length = 16)]
    registration: &'static str,
    /// Whether this server can write letters: without, whoever runs it hands out links for new passwords.
    mail: bool,
    /// `two-road`, `nist` or `audit`.
    #[schema(max_length = 16)]
    password_mode: &'static str,
    /// Other places where people can sign in.
    #[schema(max_items = 32)]
    providers: Vec<Provider>,
    /// Whether passkeys can be used.
    passkeys: bool,
}

impl Identity {
    /// Other places where people can sign in.
    #[expect(clippy::unused_self, reason = "the slice of federation knows them")]
    pub(crate) fn providers(&self) -> Vec<Provider> {
        Vec::new()
    }
}

/// Tells how accounts are made here, and what a password must be.
#[utoipa::path(get, path = "/api/auth/policy", operation_id = "auth_policy", tag = "identity",
    extensions(("x-auth" = json!("public"))),
    responses((status = 200, body = Policy), (status = 429, body = guard::ProblemBody)))]
pub(crate) async fn handler(State(identity): State<Arc<Identity>>) -> Json<Policy> {
    Json(Policy {
        registration: identity.config.registration.name(),
        mail: identity.has_mail(),
        password_mode: identity.config.password_mode.name(),
        providers: identity.providers(),
        passkeys: true,
    })
}
