//! Something outside is away, and the server says so: not with a success, not by hanging, not by looking away.

use super::upload::{count, upload};
use crate::instance::Bench;
use crate::material::wav;
use crate::rule::{Findings, RuleInfo, Severity, StartRule, Stop};
use crate::wire::{Request, Response};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use std::time::Duration;

pub(crate) static OUTAGE: StartRule = StartRule {
    info: RuleInfo {
        id: "A1-C5.outage",
        finding: "A1-C5",
        title: "What is away is 503, at once, with what to do instead",
        severity: Severity::High,
        asvs: "16.5.2",
        cwe: 393,
        expected: "An instance whose identity provider refuses connections: a token of that provider is 503 or 504, never 2xx \
                   and never 401, with retryable, fallback and Retry-After; after five calls the answer comes at once. What \
                   does not need the provider is served.",
        help: "One breaker for each thing outside; its refusal is a problem answer like any other.",
        weakened_by: "A1-C5.outage",
        writes: false,
    },
    trial: |bench, found| Box::pin(outage(bench, found)),
};

pub(crate) static SCANNER: StartRule = StartRule {
    info: RuleInfo {
        id: "A2-6.scanner",
        finding: "A2-6",
        title: "Nothing is taken that the virus scanner has not seen",
        severity: Severity::High,
        asvs: "5.4.3",
        cwe: 636,
        expected: "An instance whose CLAMD_ADDRESS refuses connections: an upload is 503 or 504 scanner_unavailable, each time, \
                   and becomes no recording.",
        help: "A scanner that is set up and does not answer is a refusal.",
        weakened_by: "A2-6.scanner",
        writes: false,
    },
    trial: |bench, found| Box::pin(scanner(bench, found)),
};

/// Where nobody listens: the port for discarding (RFC 863) is below those that programs are given.
const NOWHERE: &str = "127.0.0.1:9";

/// What is wrong with an answer that should tell of an outage.
fn wrong(answer: &Response, code: &str) -> Option<String> {
    let body = answer.json();
    if !matches!(answer.status, 503 | 504) || body["code"] != code {
        return Some(answer.brief());
    }
    let after = answer.header("retry-after").and_then(|after| after.parse::<u64>().ok());
    if after.is_none_or(|after| after == 0) {
        return Some(format!("{} without a sensible Retry-After", answer.status));
    }
    let told = body["retryable"] == true && body["fallback"]["action"].is_string();
    (!told).then(|| format!("{} without retryable or fallback", answer.status))
}

async fn outage(bench: &Bench, found: &mut Findings) -> Result<(), Stop> {
    let issuer = format!("http://{NOWHERE}");
    let settings = [
        ("OIDC_PROVIDERS", "away"),
        ("OIDC_AWAY_ISSUER", issuer.as_str()),
        ("OIDC_AWAY_CLIENT_ID", "prove"),
        ("OIDC_AWAY_AUDIENCE", "prove"),
    ];
    let instance = bench.start(&settings).await?;
    let lab = &instance.lab;
    let me = Request::get("/api/auth/me");
    let own = me.clone().bearer(&lab.token(0).await?);
    let before = lab.send(&own).await?;
    found.control(before.ok(), || format!("a token of its own answers {}", before.brief()))?;
    let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let header = part(&json!({"alg": "RS256", "typ": "at+jwt", "kid": "prove"}));
    let claims = part(&json!({"iss": issuer, "aud": "prove", "sub": "prove", "exp": 4_000_000_000_i64}));
    let token = format!("{header}.{claims}.{}", BASE64URL_NOPAD.encode(&[7; 256]));
    for number in 0..8 {
        let answer = lab.send(&me.clone().bearer(&token)).await?;
        let odd = wrong(&answer, "provider_unavailable");
        found.check(odd.is_none(), || format!("call {number}: {}", odd.unwrap_or_default()));
        found.check(number < 5 || answer.took < Duration::from_secs(1), || {
            format!("call {number} still takes {:?}", answer.took)
        });
    }
    let after = lab.send(&own).await?;
    found.check(after.ok(), || format!("a token of its own during the outage: {}", after.brief()));
    Ok(())
}

async fn scanner(bench: &Bench, found: &mut Findings) -> Result<(), Stop> {
    let address = format!("tcp:{NOWHERE}");
    let instance = bench.start(&[("CLAMD_ADDRESS", address.as_str())]).await?;
    let lab = &instance.lab;
    let token = lab.token(0).await?;
    found.control(count(lab, &token).await? == 0, || "a new member has recordings".to_owned())?;
    for number in 0..6 {
        let answer = upload(lab, &token, "prove.wav", &wav()).await?;
        let odd = wrong(&answer, "scanner_unavailable");
        found.check(odd.is_none(), || format!("upload {number}: {}", odd.unwrap_or_default()));
    }
    let left = count(lab, &token).await?;
    found.check(left == 0, || format!("{left} unseen files became recordings"));
    Ok(())
}
