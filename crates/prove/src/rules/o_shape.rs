//! Filters that see an attack in an ordinary word, and answers that never come.

use super::malformed;
use crate::lab::Lab;
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::wire::{Request, WireError};
use serde_json::json;

pub(crate) static WORDS: Rule = Rule {
    info: RuleInfo {
        id: "O-6",
        finding: "O-6",
        title: "No ordinary word in a path is taken for an attack",
        severity: Severity::Medium,
        asvs: "2.2.1",
        cwe: 1286,
        expected: "Paths with generate, rate, migrate, select, script, union or drop within a word: served, or 404, and never 403 or \
                   429; whoever asked for them is served afterwards.",
        help: "Compare whole segments of a path with a list of scans; never look for letters anywhere in it.",
        weakened_by: "O-6",
        writes: false,
    },
    attack: |lab, found| Box::pin(words(lab, found)),
};

pub(crate) static DROPPED: Rule = Rule {
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
    attack: |lab, found| Box::pin(dropped(lab, found)),
};

const PATHS: &[&str] = &[
    "/api/reflections/weekly/generate",
    "/api/auth/2fa/regenerate-backup-codes/x",
    "/api/feedback/rating",
    "/api/karma/operate",
    "/strategy",
    "/api/moods/gratitude",
    "/api/journal/selection",
    "/api/rooms/reunion",
    "/api/description",
    "/api/journal/dropped-lines",
    "/api/recordings/transcript-draft",
    "/api/insertions/updated",
];

async fn words(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let token = lab.token(0).await?;
    let from = lab.wire.fresh_address();
    let who = || Request::get("/api/auth/me").bearer(&token).from(from);
    let before = lab.send(&who()).await?;
    found.control(before.ok(), || format!("/api/auth/me answers {}", before.brief()))?;
    for path in PATHS {
        let answer = lab.try_send(&Request::get(path).bearer(&token).from(from)).await?;
        let fine = answer.ok() || matches!(answer.status, 404 | 405);
        found.check(fine, || format!("GET {path}: {}", answer.brief()));
    }
    let after = lab.try_send(&who()).await?;
    found.check(after.ok(), || format!("/api/auth/me, after words that mean nothing: {}", after.brief()));
    Ok(())
}

async fn dropped(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
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
