//! Passwords can be tried without end.

use crate::lab::Lab;
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::wire::{Request, Response};
use serde_json::{Value, json};
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

pub(crate) static RULE: Rule = Rule {
    info: RuleInfo {
        id: "A2-5",
        finding: "A2-5",
        title: "The sixth password in a minute has to wait",
        severity: Severity::High,
        asvs: "6.3.1",
        cwe: 307,
        expected: "Six logins in a minute from one address: the sixth is 429 too_many_requests, retryable, with Retry-After and \
                   X-RateLimit-Limit, -Remaining: 0 and -Reset. A neighbour is not locked out.",
        help: "Count by address and by account before the password is looked at.",
        weakened_by: "A2-5",
        writes: true,
    },
    attack: |lab, found| Box::pin(attack(lab, found)),
};

pub(crate) static FORGED: Rule = Rule {
    info: RuleInfo {
        id: "A1-M2.forged-address",
        finding: "A1-M2",
        title: "A forged address does not lift the limit",
        severity: Severity::Medium,
        asvs: "6.3.1",
        cwe: 348,
        expected: "Six logins in a minute from one address, each with another X-Forwarded-For, X-Real-IP, Forwarded and \
                   CF-Connecting-IP: the sixth is 429.",
        help: "The address is the peer's; a header counts only when the peer is a trusted proxy.",
        weakened_by: "A2-5",
        writes: true,
    },
    attack: |lab, found| Box::pin(forged(lab, found)),
};

const ALLOWED: u64 = 5;
/// One try comes back every twelve seconds.
const RETURNS: u64 = 12;

/// A wrong password for an address that nobody has; it counts by where it comes from only.
pub(super) fn guess(from: Option<Ipv4Addr>) -> Request {
    let email = format!("prove-{:016x}@example.com", crate::material::noise());
    let body = json!({"email": email, "password": "a guess"});
    Request::post("/api/auth/login").same_origin().json(&body).from(from).limit_expected()
}

/// Guesses until told to wait; the answer that said so, if it came in time.
async fn until_refused<F>(lab: &Lab, found: &mut Findings, make: F) -> Result<Option<Response>, Stop>
where
    F: Fn(u64) -> Request + Send,
{
    if !lab.wire.many_addresses() {
        // Whatever was spent from our only address has to come back first.
        tokio::time::sleep(Duration::from_secs(61)).await;
    }
    let began = Instant::now();
    for number in 1..=40 {
        let answer = lab.send(&make(number)).await?;
        let allowed = ALLOWED + began.elapsed().as_secs() / RETURNS;
        if answer.status == 429 {
            found.check(number <= allowed + 1, || format!("the limit came with try {number}, not {}", allowed + 1));
            found.control(number > 1, || "the first try was refused already".to_owned())?;
            return Ok(Some(answer));
        }
        found.control(answer.status == 401, || format!("a wrong password answers {}", answer.brief()))?;
        if number > allowed {
            break;
        }
    }
    found.check(false, || "more than five passwords in a minute from one address were looked at".to_owned());
    Ok(None)
}

async fn attack(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let from = lab.wire.fresh_address();
    let Some(answer) = until_refused(lab, found, |_| guess(from)).await? else { return Ok(()) };
    found.check(answer.code() == "too_many_requests", || format!("the refusal is {}", answer.brief()));
    let retryable = answer.json().get("retryable").and_then(Value::as_bool);
    found.check(retryable == Some(true), || "the refusal does not say that it is retryable".to_owned());
    let number = |name: &str| answer.header(name).and_then(|value| value.parse::<u64>().ok());
    let after = number("retry-after");
    found.check(after.is_some_and(|after| (1..=60).contains(&after)), || format!("Retry-After is {after:?}"));
    let (limit, left) = (number("x-ratelimit-limit"), number("x-ratelimit-remaining"));
    found.check(limit.is_some_and(|limit| limit <= 10), || format!("X-RateLimit-Limit is {limit:?}"));
    found.check(left == Some(0), || format!("X-RateLimit-Remaining is {left:?}"));
    found.check(number("x-ratelimit-reset").is_some(), || "there is no X-RateLimit-Reset".to_owned());
    if lab.wire.many_addresses() {
        let neighbour = lab.send(&guess(lab.wire.fresh_address())).await?;
        found.check(neighbour.status == 401, || format!("a neighbour's try: {}", neighbour.brief()));
    }
    Ok(())
}

async fn forged(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let from = lab.wire.fresh_address();
    until_refused(lab, found, |number| {
        let address = format!("203.0.113.{number}");
        guess(from)
            .header("X-Forwarded-For", &address)
            .header("X-Real-IP", &address)
            .header("Forwarded", &format!("for={address}"))
            .header("True-Client-IP", &address)
            .header("CF-Connecting-IP", &address)
    })
    .await?;
    Ok(())
}
