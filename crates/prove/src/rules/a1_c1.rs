//! A header names a user, and the server believes it.

use crate::lab::Lab;
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::wire::Request;
use serde_json::Value;

pub(crate) static RULE: Rule = Rule {
    info: RuleInfo {
        id: "A1-C1",
        finding: "A1-C1",
        title: "X-Auth-UID and its family name nobody",
        severity: Severity::Critical,
        asvs: "8.3.1",
        cwe: 290,
        expected: "Every route that needs a session, with X-Auth-UID of a real user and no session: 401, no cookie. With the \
                   session of B and the id of A: still B.",
        help: "Some code reads an identity from a header. Remove it; identity comes from the session's cookie or a token.",
        weakened_by: "A1-C1",
        writes: false,
    },
    attack: |lab, found| Box::pin(attack(lab, found)),
};

/// Headers by which proxies and frameworks pass a user on.
pub(super) const CLAIMS: &[&str] = &[
    "X-Auth-UID",
    "X-Auth-User",
    "X-Auth-Id",
    "X-Auth-Email",
    "X-User",
    "X-User-Id",
    "X-User-Email",
    "X-Forwarded-User",
    "X-Forwarded-Email",
    "X-Remote-User",
    "Remote-User",
    "X-Authenticated-User",
    "X-MS-Client-Principal-Id",
];

async fn attack(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let (victim, other) = (lab.session(0).await?, lab.session(1).await?);
    let me = |answer: &crate::wire::Response| {
        answer.json().pointer("/user/id").and_then(Value::as_str).unwrap_or("").to_owned()
    };
    let answer = lab.send(&Request::get("/api/auth/me").cookies(&other)).await?;
    found
        .control(me(&answer) == other.user_id, || format!("/api/auth/me with a session answers {}", answer.brief()))?;
    found.control(victim.user_id != other.user_id, || "both accounts are the same user".to_owned())?;

    for name in CLAIMS {
        let request = Request::get("/api/auth/me").header(name, &victim.user_id);
        let answer = lab.send(&request).await?;
        let refused = answer.status == 401 && answer.header("set-cookie").is_none();
        found.check(refused, || format!("GET /api/auth/me with {name} alone: {}", answer.brief()));
        let answer = lab.send(&request.cookies(&other)).await?;
        found.check(me(&answer) == other.user_id, || {
            format!("GET /api/auth/me with the session of B and {name} of A: {}", answer.brief())
        });
    }
    for route in lab.document().await?.closed() {
        let mut request = route.request();
        for name in CLAIMS {
            request = request.header(name, &victim.user_id);
        }
        let answer = lab.send(&request).await?;
        let refused = answer.status == 401 && answer.header("set-cookie").is_none();
        found.check(refused, || format!("{} with only a claimed identity: {}", request.line(), answer.brief()));
    }
    Ok(())
}
