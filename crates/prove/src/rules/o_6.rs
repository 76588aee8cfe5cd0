//! A filter against attacks that takes ordinary words for one.

use crate::lab::Lab;
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::wire::Request;

pub(crate) static RULE: Rule = Rule {
    info: RuleInfo {
        id: "O-6",
        finding: "O-6",
        title: "A word within a word is no attack",
        severity: Severity::Medium,
        asvs: "2.4.1",
        cwe: 185,
        expected: "Paths with /generate, /rate, /regenerate, /strategy, /environment and the like, three times each from one \
                   address: never refused for their letters.",
        help: "Judge whole segments of a path, and only of paths that lead nowhere.",
        weakened_by: "O-6",
        writes: false,
    },
    attack: |lab, found| Box::pin(attack(lab, found)),
};

const WORDS: &[&str] = &[
    "/generate",
    "/api/journeys/generate",
    "/api/reflections/weekly/regenerate",
    "/api/auth/backup-codes/regenerate",
    "/rate",
    "/api/feedback/rating",
    "/strategy",
    "/environment",
    "/digital",
    "/administrators",
];

async fn attack(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let from = lab.wire.fresh_address();
    let health = lab.send(&Request::get("/health").from(from)).await?;
    found.control(health.ok(), || format!("/health answers {}", health.brief()))?;
    for path in WORDS.iter().chain(WORDS).chain(WORDS) {
        let answer = lab.send(&Request::get(path).from(from).limit_expected()).await?;
        let refused = answer.status == 403 || (answer.status == 429 && answer.code() != "too_many_requests");
        found.check(!refused, || format!("GET {path}: {}", answer.brief()));
    }
    Ok(())
}
