//! Other origins' scripts may read the answers.

use crate::lab::Lab;
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::wire::Request;

pub(crate) static RULE: Rule = Rule {
    info: RuleInfo {
        id: "A1-M3",
        finding: "A1-M3",
        title: "No other origin may read answers",
        severity: Severity::Medium,
        asvs: "3.4.2",
        cwe: 942,
        expected: "With Origin http://localhost:3000, null, or one that only ends like ours, in requests and preflights: no \
                   Access-Control-Allow-Origin.",
        help: "Same origin only; further origins by an exact list.",
        weakened_by: "A1-M3",
        writes: false,
    },
    attack: |lab, found| Box::pin(attack(lab, found)),
};

async fn attack(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let session = lab.session(0).await?;
    let me = Request::get("/api/auth/me").cookies(&session);
    let answer = lab.send(&me).await?;
    found.control(answer.ok(), || format!("/api/auth/me with a session answers {}", answer.brief()))?;
    let ours = lab.wire.authority();
    let lookalike = format!("https://{}.evil.test", ours.replace(':', "-"));
    for origin in ["http://localhost:3000", "null", "https://evil.test", lookalike.as_str()] {
        let preflight = Request::new("OPTIONS", "/api/moods").header("Access-Control-Request-Method", "POST");
        for request in [me.clone(), preflight] {
            let request = request.header("Origin", origin);
            let answer = lab.send(&request).await?;
            let allowed = answer.header("access-control-allow-origin");
            found.check(allowed.is_none(), || format!("{} from {origin}: may be read", request.line()));
        }
    }
    Ok(())
}
