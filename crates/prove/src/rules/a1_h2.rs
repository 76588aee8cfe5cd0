//! Doors that were left for debugging.

use crate::lab::Lab;
use crate::material::debug_paths;
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::wire::Request;

pub(crate) static RULE: Rule = Rule {
    info: RuleInfo {
        id: "A1-H2",
        finding: "A1-H2",
        title: "There is no debugging door",
        severity: Severity::High,
        asvs: "13.4.2",
        cwe: 489,
        expected: "More than 200 well-known paths of debug pages, consoles, dumps and forgotten files: 404.",
        help: "Remove the route from the program; hiding it behind a setting is how it was forgotten the first time.",
        weakened_by: "A1-H2",
        writes: false,
    },
    attack: |lab, found| Box::pin(attack(lab, found)),
};

pub(crate) static TRACE: Rule = Rule {
    info: RuleInfo {
        id: "A1-H2.trace",
        finding: "A1-H2",
        title: "TRACE shows nobody what a browser sent",
        severity: Severity::Medium,
        asvs: "13.4.4",
        cwe: 489,
        expected: "TRACE on a public route, a closed one and a list: 405, without a header of the request in its body.",
        help: "Answer only the methods that a route has.",
        weakened_by: "A1-H2.trace",
        writes: false,
    },
    attack: |lab, found| Box::pin(trace(lab, found)),
};

async fn trace(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let token = lab.token(0).await?;
    let me = lab.send(&Request::get("/api/auth/me").bearer(&token)).await?;
    found.control(me.ok(), || format!("/api/auth/me answers {}", me.brief()))?;
    for path in ["/health", "/api/auth/me", "/api/moods"] {
        let request = Request::new("TRACE", path).bearer(&token).header("X-Echo", "prove-echo");
        let answer = lab.send(&request).await?;
        let silent = !answer.text().contains("prove-echo");
        found.check(answer.status == 405 && silent, || format!("TRACE {path}: {}", answer.brief()));
    }
    Ok(())
}

async fn attack(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let token = lab.token(0).await?;
    let me = lab.send(&Request::get("/api/auth/me").bearer(&token)).await?;
    found.control(me.ok(), || format!("/api/auth/me answers {}", me.brief()))?;
    for path in debug_paths() {
        // As a member: a door that asks for a session first is a door all the same.
        let answer = lab.send(&Request::get(&path).bearer(&token)).await?;
        found.check(answer.status == 404, || format!("GET {path}: {}", answer.brief()));
    }
    for path in ["/api/debug", "/debug", "/api/test/reset-db"] {
        let answer = lab.send(&Request::post(path).bearer(&token).json(&serde_json::json!({}))).await?;
        found.check(answer.status == 404, || format!("POST {path}: {}", answer.brief()));
    }
    Ok(())
}
