//! A credential in a URL under another name, in another writing, or in the path.

use crate::lab::Lab;
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::wire::Request;

pub(crate) static RULE: Rule = Rule {
    info: RuleInfo {
        id: "A1-H6.any-writing",
        finding: "A1-H6",
        title: "A credential in a URL is known by what it is, not by its name",
        severity: Severity::High,
        asvs: "14.2.1",
        cwe: 598,
        expected: "A valid token under an encoded name, under a name nobody lists, and in the path; an upgrade to a WebSocket \
                   with one: 400 credential_in_url, and it is dead afterwards.",
        help: "Decode names before they are compared, and look at how a value is written.",
        weakened_by: "A1-H6",
        writes: false,
    },
    attack: |lab, found| Box::pin(attack(lab, found)),
};

async fn attack(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    type Target = fn(&str) -> String;
    let places: [(&str, Target, bool); 4] = [
        ("?%74oken=", |token| format!("/api/moods?limit=1&%74oken={token}"), false),
        ("?note=", |token| format!("/api/moods?note={token}"), false),
        ("the path", |token| format!("/api/moods/{token}"), false),
        ("?access_token= of an upgrade", |token| format!("/api/ws?access_token={token}"), true),
    ];
    for (place, target, upgrade) in places {
        let token = lab.take_token(3).await?;
        let me = Request::get("/api/auth/me").bearer(&token);
        let before = lab.send(&me).await?;
        found.control(before.ok(), || format!("/api/auth/me with a token answers {}", before.brief()))?;
        let mut request = Request::get(&target(&token));
        if upgrade {
            request = request
                .header("Upgrade", "websocket")
                .header("Sec-WebSocket-Version", "13")
                .header("Sec-WebSocket-Key", "cHJvdmUtcHJvdmUtcHJvdmU=")
                .header("Sec-WebSocket-Protocol", "mindvibe.v1");
        }
        let answer = lab.send(&request).await?;
        found.check(answer.is(400, "credential_in_url"), || format!("a valid token as {place}: {}", answer.brief()));
        let after = lab.send(&me).await?;
        found.check(after.status == 401, || format!("the token seen as {place} afterwards: {}", after.brief()));
    }
    Ok(())
}
