//! Monitoring tells strangers about the inside.

use crate::document::NOBODY;
use crate::instance::Bench;
use crate::lab::Lab;
use crate::rule::{Findings, Rule, RuleInfo, Severity, StartRule, Stop};
use crate::wire::Request;
use serde_json::json;

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

pub(crate) static READY: Rule = Rule {
    info: RuleInfo {
        id: "A1-H1.ready",
        finding: "A1-H1",
        title: "Whether it is ready is told on the machine itself",
        severity: Severity::Medium,
        asvs: "13.4.5",
        cwe: 200,
        expected: "GET /ready, sent on by a proxy (X-Forwarded-For, Forwarded, X-Real-IP), or from another machine: 404.",
        help: "Answer loopback and listed networks; a request that names a further hop is neither.",
        weakened_by: "A1-H1.ready",
        writes: false,
    },
    attack: |lab, found| Box::pin(ready(lab, found)),
};

pub(crate) static KEY: StartRule = StartRule {
    info: RuleInfo {
        id: "A1-H1.key",
        finding: "A1-H1",
        title: "Figures are for an administrator's key or session, and name nobody",
        severity: Severity::High,
        asvs: "8.2.1",
        cwe: 862,
        expected: "The owner's session, and a key of theirs for monitoring:read: 200 on /metrics and /api/monitoring/*. A key of \
                   theirs for something else, a member's token, and a member's own key for monitoring:read: 403. No figure \
                   holds an id or an address of mail.",
        help: "Ask for the role of whoever made the key as well as for its scope; label figures with route templates.",
        weakened_by: "A1-H1.key",
        writes: false,
    },
    trial: |bench, found| Box::pin(key(bench, found)),
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

const FIGURES: &[&str] =
    &["/metrics", "/api/monitoring/health/detailed", "/api/monitoring/metrics", "/api/monitoring/security/status"];

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

async fn ready(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let health = lab.send(&Request::get("/health")).await?;
    found.control(health.ok(), || format!("GET /health answers {}", health.brief()))?;
    for (name, value) in
        [("X-Forwarded-For", "192.0.2.1"), ("Forwarded", "for=192.0.2.1;proto=https"), ("X-Real-IP", "192.0.2.1")]
    {
        let answer = lab.send(&Request::get("/ready").header(name, value)).await?;
        found.check(answer.status == 404, || format!("GET /ready with {name}: {}", answer.brief()));
    }
    if !lab.wire.many_addresses() {
        let answer = lab.send(&Request::get("/ready")).await?;
        found.check(answer.status == 404, || format!("GET /ready from another machine: {}", answer.brief()));
    }
    Ok(())
}

async fn key(bench: &Bench, found: &mut Findings) -> Result<(), Stop> {
    let instance = bench.start(&[]).await?;
    let (lab, owner) = (&instance.lab, &instance.owner);
    let session = owner.enrol().await?;
    let (key, other) = (owner.key("monitoring:read").await?, owner.key("journal:read").await?);
    let account = lab.account(0).await?;
    let token = lab.pair(&account).await?.access;
    let wish = json!({"name": "prove", "scopes": ["monitoring:read"], "expires_in_days": 1});
    let own = lab.api_key(&token, &wish).await?.text;
    // Something with an id in its path has been asked for, so that it could be counted.
    lab.send(&Request::get(&format!("/api/moods/{NOBODY}")).bearer(&token)).await?;
    for path in FIGURES {
        for (who, request) in
            [("a key", Request::get(path).bearer(&key)), ("a session", Request::get(path).cookies(&session))]
        {
            let answer = lab.send(&request).await?;
            found.control(answer.ok(), || format!("GET {path} with {who} of the owner answers {}", answer.brief()))?;
            let text = answer.text();
            for (what, told) in [("an id", NOBODY), ("an address of mail", account.email.as_str())] {
                found.check(!text.contains(told), || format!("GET {path} tells {what}"));
            }
        }
        for (who, expected, request) in [
            ("nobody", 401, Request::get(path)),
            ("a key for something else", 403, Request::get(path).bearer(&other)),
            ("a member", 403, Request::get(path).bearer(&token)),
            ("a member's own key for monitoring:read", 403, Request::get(path).bearer(&own)),
        ] {
            let answer = lab.send(&request).await?;
            found.check(answer.status == expected, || format!("GET {path} with {who}: {}", answer.brief()));
        }
    }
    let figures = lab.send(&Request::get("/metrics").bearer(&key)).await?.text();
    for name in ["mindvibe_sessions_live ", "http_responses_total{", "route=\"/api/moods/{id}\""] {
        found.check(figures.contains(name), || format!("/metrics has no {name}"));
    }
    Ok(())
}
