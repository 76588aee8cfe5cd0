//! Answers that never come.

use super::malformed;
use crate::lab::Lab;
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::wire::{Request, WireError};
use serde_json::json;

pub(crate) static RULE: Rule = Rule {
    info: RuleInfo {
        id: "O-14",
        finding: "O-14",
        title: "Whatever is wrong with a request, it is answered",
        severity: Severity::Medium,
        asvs: "16.5.3",
        cwe: 248,
        expected: "A sign-up with a taken address, a weak password, a missing or an unknown field, and every malformed body: an \
                   answer with a status of 400 to 499, never a connection that ends without one.",
        help: "A status is a number of its own type; a failure of a handler ends in an answer, too.",
        weakened_by: "O-14",
        writes: false,
    },
    attack: |lab, found| Box::pin(attack(lab, found)),
};

async fn attack(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let tokens = lab.tokens().await?;
    let me = lab.send(&Request::get("/api/auth/me").bearer(&tokens[0])).await?;
    found.control(me.ok(), || format!("/api/auth/me answers {}", me.brief()))?;
    let taken = lab.account(0).await?.email;
    let post = |path: &str| Request::post(path).limit_expected();
    let mut list = vec![
        post("/api/auth/signup").json(&json!({"email": "somebody@example.com", "password": "short"})),
        post("/api/auth/signup").json(&json!({"email": taken})),
        post("/auth/register").json(&json!({"email": taken, "password": "short"})),
        post("/auth/register").json(&json!({"password": "a long sentence nobody says aloud 7"})),
        post("/auth/login").json(&json!({"email": taken})),
        post("/api/auth/login").json(&json!({"email": taken, "password": "x", "remember": 5})),
        post("/auth/refresh").json(&json!({})),
    ];
    let document = lab.document().await?;
    let malformed = malformed::against(document, false);
    let signed = malformed.into_iter().enumerate().map(|(n, request)| request.bearer(&tokens[n % tokens.len()]));
    // One of four: that none is answered otherwise than with a refusal is what other rules look at.
    list.extend(signed.step_by(4));
    for request in list {
        match lab.try_send(&request).await {
            Ok(answer) => found.check(answer.ok() || (400..500).contains(&answer.status), || {
                format!("{}: {}", request.line(), answer.brief())
            }),
            Err(error @ (WireError::Broken(_) | WireError::Timeout(_))) => {
                found.check(false, || format!("{}: {error}", request.line()));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
