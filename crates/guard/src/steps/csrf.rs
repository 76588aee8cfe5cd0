//! A write with the session's cookie needs the token that was made for that session (A1-C4).

use crate::caller::Presented;
use crate::context::Context;
use crate::stack::Guard;
use crate::steps::credential::cookie;
use axum::extract::{MatchedPath, Request};
use http::Method;
use kernel::{Fault, Kind};

const CSRF_COOKIE: &str = "__Host-csrf";
pub(crate) const CSRF_HEADER: &str = "x-csrf-token";

/// Writes by which a session begins: whoever still has an old cookie must be able to make them. The check of the origin
/// holds for them as for all others.
const BEFORE_SESSION: &[&str] = &[
    "/api/auth/login",
    "/api/auth/signup",
    "/api/setup",
    // Whoever has a letter's link proves by it who they are, and by nothing else.
    "/api/auth/verify-email",
    "/api/auth/resend-verification",
    "/api/auth/password-reset",
    "/api/auth/password-reset/confirm",
    "/api/auth/unlock",
    "/api/auth/not-me",
    "/api/auth/second-factor",
    "/api/auth/second-factor/options",
    "/api/auth/passkeys/sign-in/start",
    "/api/auth/passkeys/sign-in/finish",
    crate::csp::REPORT_PATH,
];

/// Whether a request of this method to this route needs the token, if it comes with a session.
pub(crate) fn is_needed(method: &Method, route: &str) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) && !BEFORE_SESSION.contains(&route)
}

/// 403 unless header and cookie hold the same token, and it was made for this session.
pub(crate) fn check(guard: &Guard, context: &Context, request: &mut Request) -> Result<(), Fault> {
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    if !is_needed(request.method(), route) || kernel::weaken::is("A1-C4") {
        return Ok(());
    }
    let Some(Presented::Session(sid)) = &context.presented else {
        return Ok(());
    };
    // A protection that refuses everybody is broken too.
    if kernel::weaken::is("A1-C4.control") {
        return Err(Fault::new(Kind::Forbidden, "csrf_refused", "Refused."));
    }
    let sent = request.headers().get(CSRF_HEADER).and_then(|value| value.to_str().ok());
    let kept = cookie(request.headers(), CSRF_COOKIE);
    match (sent, kept) {
        (Some(sent), Some(kept)) if sent == kept && guard.identities.csrf_matches(sid, sent) => Ok(()),
        _ => Err(Fault::new(
            Kind::Forbidden,
            "csrf_refused",
            "The header X-CSRF-Token must hold the value of the cookie __Host-csrf, made for this session.",
        )),
    }
}
