//! The budget of callers without a credential; those with one are counted where they are recognised.

use crate::context::Context;
use crate::limiter::{Class, address_key};
use crate::stack::Guard;
use axum::extract::Request;
use kernel::Fault;

/// Whether a path is part of the API, which is what the anonymous budget is for; pages and health are outside of it.
fn is_api(path: &str) -> bool {
    let rest = path.strip_prefix('/').unwrap_or(path);
    let first = rest.split('/').next().unwrap_or("");
    matches!(first, "api" | "auth" | "v1" | "openapi.json" | "transcriptions" | "translations" | "kiaan" | "saas")
        && path != crate::csp::REPORT_PATH
}

/// 429 for an address that calls too often without a credential.
pub(crate) fn check(guard: &Guard, context: &Context, request: &mut Request) -> Result<(), Fault> {
    if context.presented.is_some() || !is_api(request.uri().path()) {
        return Ok(());
    }
    count_anonymous(guard.limiter.as_ref(), context)
}

/// Takes one from the anonymous budget of this address; also for a credential that turned out to be nobody's.
pub(crate) fn count_anonymous(limiter: &crate::Limiter, context: &Context) -> Result<(), Fault> {
    let (snapshot, verdict) = limiter.take(Class::Anonymous, &address_key(context.ip));
    if let Some(snapshot) = snapshot {
        // The first one set is the nearest to the request; a second class never applies to an anonymous call.
        let _ = context.limit.set(snapshot);
    }
    verdict
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_api_is_counted() {
        for path in ["/api/moods", "/auth/login", "/v1/audio/transcriptions", "/openapi.json"] {
            assert!(is_api(path), "{path}");
        }
        for path in
            ["/", "/health", "/ready", "/assets/a.js", "/.well-known/security.txt", "/api/csp-report", "/apiary"]
        {
            assert!(!is_api(path), "{path}");
        }
    }
}
