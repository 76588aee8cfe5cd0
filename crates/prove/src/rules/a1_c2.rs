//! Without credentials one becomes an anonymous user.

use crate::lab::Lab;
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::wire::Request;

pub(crate) static RULE: Rule = Rule {
    info: RuleInfo {
        id: "A1-C2",
        finding: "A1-C2",
        title: "Nobody is somebody without signing in",
        severity: Severity::Critical,
        asvs: "6.3.2",
        cwe: 306,
        expected: "Every documented route outside the short public list, without credentials and with ones of nobody: 401 \
                   with WWW-Authenticate, no cookie, no user.",
        help: "A route answers callers that it does not know. Its handler must take the caller as an argument.",
        weakened_by: "A1-C2",
        writes: false,
    },
    attack: |lab, found| Box::pin(attack(lab, found)),
};

/// Enough calls in all that a server which gives in after a while does so.
const CALLS: usize = 300;

async fn attack(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let session = lab.session(0).await?;
    let served = lab.send(&Request::get("/api/auth/me").cookies(&session)).await?;
    found.control(served.ok(), || format!("/api/auth/me with a session answers {}", served.brief()))?;

    let routes: Vec<_> = lab.document().await?.closed().collect();
    // A distant server counts strangers by the hour: one round is all that fits.
    let rounds = if lab.wire.many_addresses() { CALLS.div_ceil(routes.len().max(1)) } else { 1 };
    for round in 0..rounds {
        for route in &routes {
            let request = match round % 3 {
                0 => route.request(),
                1 => route.request().bearer("undefined"),
                _ => route.request().bearer("at_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
            };
            let answer = lab.send(&request).await?;
            let refused = answer.status == 401
                && answer.header("set-cookie").is_none()
                && answer.header("www-authenticate").is_some();
            found.check(refused, || format!("{} without a session: {}", request.line(), answer.brief()));
        }
        if !found.wrong.is_empty() {
            break;
        }
    }
    let stranger = lab.send(&Request::get("/openapi.json")).await?;
    found.check(stranger.status == 401, || format!("GET /openapi.json without a session: {}", stranger.brief()));
    let unknown = Request::get("/api/auth/me").header("Cookie", "__Host-sid=dev-anon");
    let answer = lab.send(&unknown).await?;
    found.check(answer.status == 401, || format!("a made-up session cookie: {}", answer.brief()));
    Ok(())
}
