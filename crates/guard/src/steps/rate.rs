//! The budget of callers without a credential; those with one are counted where they are recognised.

use crate::context::Context;
use crate::limiter::Class;
use crate::stack::Guard;
use axum::extract::Request;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use kernel::Fault;

/// Whether a path is part of the API, which is what the anonymous budget is for; pages and health are outside of it.
pub(crate) fn is_api(path: &str) -> bool {
    let rest = path.strip_prefix('/').unwrap_or(path);
    let first = rest.split('/').next().unwrap_or("");
    matches!(first, "api" | "auth" | "v1" | "openapi.json" | "transcriptions" | "translations" | "kiaan" | "saas")
        && path != crate::csp::REPORT_PATH
}

/// 429 for an address that calls too often without a credential.
pub(crate) fn check<'a>(
    _: &'a Guard,
    context: &'a Context,
    request: &'a mut Request,
) -> Option<BoxFuture<'a, Result<(), Fault>>> {
    let counted = context.presented.is_none() && is_api(request.uri().path());
    counted.then(|| count_anonymous(context).boxed())
}

/// Takes one from the anonymous budget of this address; also for a credential that turned out to be nobody's.
pub(crate) async fn count_anonymous(context: &Context) -> Result<(), Fault> {
    let (snapshot, verdict) = context.guard.limiter.take_by(Class::Anonymous, context.ip).await;
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
