//! Who may ask: the ways to sign in, and which of them each operation takes.

use super::Place;
use crate::area::{self, Area};
use crate::steps::credential::SESSION_COOKIE;
use crate::steps::csrf::{self, CSRF_HEADER};
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{Components, RefOr};

const SESSION: &str = "session";
const CSRF: &str = "csrf";
const TOKEN: &str = "token";
const API_KEY: &str = "api_key";

/// As [`crate::steps::credential::find`] reads it.
pub(super) const API_KEY_HEADER: &str = "x-api-key";

/// A requirement that asks for no scope.
const NO_SCOPES: [&str; 0] = [];

/// Names the ways to sign in.
pub(super) fn schemes(components: &mut Components) {
    let session = ApiKeyValue::with_description(SESSION_COOKIE, "A browser's session, as signing in sets it.");
    let csrf = ApiKeyValue::with_description(
        CSRF_HEADER,
        "The value of the cookie `__Host-csrf`, which was made for this session. Writes with a session need it.",
    );
    let token = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("An access token (RFC 9068). An API key is taken here, too, where one is taken at all."))
        .build();
    let api_key = ApiKeyValue::with_description(API_KEY_HEADER, "An API key, within the scopes it was given.");
    let all = [
        (SESSION, SecurityScheme::ApiKey(ApiKey::Cookie(session))),
        (CSRF, SecurityScheme::ApiKey(ApiKey::Header(csrf))),
        (TOKEN, SecurityScheme::Http(token)),
        (API_KEY, SecurityScheme::ApiKey(ApiKey::Header(api_key))),
    ];
    for (name, scheme) in all {
        components.security_schemes.entry(name.to_owned()).or_insert(RefOr::T(scheme));
    }
}

/// Says which ways this operation takes; a public one takes none. What a route states itself is kept.
pub(super) fn describe(place: &Place<'_>, operation: &mut Operation, areas: &[Area]) {
    if operation.security.is_some() {
        return;
    }
    if place.public {
        operation.security = Some(Vec::new());
        return;
    }
    let session = SecurityRequirement::new(SESSION, NO_SCOPES);
    let session = if csrf::is_needed(&place.method, place.route) { session.add(CSRF, NO_SCOPES) } else { session };
    let mut ways = vec![session, SecurityRequirement::new(TOKEN, NO_SCOPES)];
    if let Some((area, right)) = area::scope(areas, place.route, &place.method) {
        ways.push(SecurityRequirement::new(API_KEY, [format!("{area}:{right}")]));
    }
    operation.security = Some(ways);
}
