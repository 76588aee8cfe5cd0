//! Credentials in URLs end up in histories, logs and referrers.

use crate::lab::Lab;
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::wire::Request;

pub(crate) static RULE: Rule = Rule {
    info: RuleInfo {
        id: "A1-H6.query-token",
        finding: "A1-H6",
        title: "A credential in a URL is refused, and dies",
        severity: Severity::High,
        asvs: "14.2.1",
        cwe: 598,
        expected: "?token=, ?access_token=, ?sid= on any route: 400 credential_in_url; a valid one is dead afterwards.",
        help: "Refuse the request before it is routed, and revoke what was seen.",
        weakened_by: "A1-H6",
        writes: false,
    },
    attack: |lab, found| Box::pin(attack(lab, found)),
};

async fn attack(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    for name in ["token", "access_token", "api_key"] {
        let token = lab.take_token(2).await?;
        let me = Request::get("/api/auth/me").bearer(&token);
        let before = lab.send(&me).await?;
        found.control(before.ok(), || format!("/api/auth/me with a token answers {}", before.brief()))?;
        let answer = lab.send(&Request::get(&format!("/api/moods?limit=1&{name}={token}"))).await?;
        found.check(answer.is(400, "credential_in_url"), || format!("a valid token as ?{name}=: {}", answer.brief()));
        let after = lab.send(&me).await?;
        found.check(after.status == 401, || format!("the token seen as ?{name}= afterwards: {}", after.brief()));
    }
    let (session, _) = lab.sign_in(2).await?;
    let answer = lab.send(&Request::get(&format!("/health?sid={}", session.sid))).await?;
    found.check(answer.is(400, "credential_in_url"), || format!("a valid session as ?sid=: {}", answer.brief()));
    let after = lab.send(&Request::get("/api/auth/me").cookies(&session)).await?;
    found.check(after.status == 401, || format!("the session seen as ?sid= afterwards: {}", after.brief()));
    let answer = lab.send(&Request::get("/api/moods?token=made-up")).await?;
    found.check(answer.is(400, "credential_in_url"), || format!("an invalid token as ?token=: {}", answer.brief()));
    Ok(())
}
