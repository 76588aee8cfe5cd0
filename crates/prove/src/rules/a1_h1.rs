//! Monitoring tells strangers about the inside.

use crate::lab::Lab;
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::wire::Request;

pub(crate) static RULE: Rule = Rule {
    info: RuleInfo {
        id: "A1-H1",
        finding: "A1-H1",
        title: "Health says ok and nothing else; monitoring is closed",
        severity: Severity::High,
        asvs: "13.4.5",
        cwe: 200,
        expected: "GET /health: exactly {\"status\":\"ok\"}. /metrics, /api/monitoring/* and /api/admin/security: 401 or 404 \
                   for strangers, 403 or 404 for members.",
        help: "Figures belong behind an administrator's session or a key made for monitoring.",
        weakened_by: "A1-H1",
        writes: false,
    },
    attack: |lab, found| Box::pin(attack(lab, found)),
};

const CLOSED: &[&str] = &[
    "/metrics",
    "/api/metrics",
    "/api/monitoring/health/detailed",
    "/api/monitoring/metrics",
    "/api/monitoring/security/status",
    "/health/detailed",
    "/api/health/detailed",
    // What was tried and did not hold is the best map an attacker could have.
    "/api/admin/security",
];

async fn attack(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let health = lab.send(&Request::get("/health")).await?;
    found.control(health.ok(), || format!("GET /health answers {}", health.brief()))?;
    found
        .check(health.text() == r#"{"status":"ok"}"#, || format!("GET /health says more: {} bytes", health.body.len()));
    let token = lab.token(0).await?;
    for path in CLOSED {
        let answer = lab.send(&Request::get(path)).await?;
        found.check(matches!(answer.status, 401 | 404), || format!("GET {path} as a stranger: {}", answer.brief()));
        let answer = lab.send(&Request::get(path).bearer(&token)).await?;
        found.check(matches!(answer.status, 403 | 404), || format!("GET {path} as a member: {}", answer.brief()));
    }
    Ok(())
}
