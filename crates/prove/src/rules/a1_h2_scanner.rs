//! Somebody looks for doors all day, and nobody looks up.

use crate::lab::Lab;
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::wire::{Request, Response};
use std::net::Ipv4Addr;

pub(crate) static SCANNER: Rule = Rule {
    info: RuleInfo {
        id: "A1-H2.scanner",
        finding: "A1-H2",
        title: "Who looks for doors is kept out for a while",
        severity: Severity::Medium,
        asvs: "2.4.1",
        cwe: 799,
        expected: "Paths that only scanners ask for, one after another from one address: before the thirteenth, 429 quarantined \
                   with Retry-After. Another address is served.",
        help: "Score what leads nowhere, by whole segments of the path, and let the score fade.",
        weakened_by: "A1-H2.scanner",
        writes: true,
    },
    attack: |lab, found| Box::pin(scanner(lab, found)),
};

pub(crate) static NEIGHBOUR: Rule = Rule {
    info: RuleInfo {
        id: "A1-H2.neighbour",
        finding: "A1-H2",
        title: "A scanner does not lock out who sits beside it",
        severity: Severity::Medium,
        asvs: "6.1.1",
        cwe: 645,
        expected: "From an address that is kept out: whoever is signed in is served, signing in works, and /health answers.",
        help: "Keep out strangers only, and only from what the score is about.",
        weakened_by: "A1-H2.neighbour",
        writes: true,
    },
    attack: |lab, found| Box::pin(neighbour(lab, found)),
};

const PROBES: &[&str] = &[
    "/.git/config",
    "/wp-login.php",
    "/.env",
    "/phpmyadmin/",
    "/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php",
    "/actuator/env",
    "/cgi-bin/test.cgi",
    "/.aws/credentials",
    "/server-status",
    "/xmlrpc.php",
    "/etc/passwd",
    "/backup.sql",
];

fn public(from: Option<Ipv4Addr>) -> Request {
    Request::get("/api/setup").from(from).limit_expected()
}

/// Scans from a new address until it is kept out; the address, and the answer that said so.
async fn scan(lab: &Lab, found: &mut Findings) -> Result<(Option<Ipv4Addr>, Option<Response>), Stop> {
    if !lab.wire.many_addresses() {
        let why = "whoever runs this would be kept out from the only address there is";
        return Err(Stop::NotApplicable(why.to_owned()));
    }
    let from = lab.wire.fresh_address();
    let before = lab.send(&public(from)).await?;
    found.control(before.ok(), || format!("before a scan, GET /api/setup answers {}", before.brief()))?;
    for path in PROBES {
        let answer = lab.send(&Request::get(path).from(from).limit_expected()).await?;
        if answer.status == 429 {
            return Ok((from, Some(answer)));
        }
        found.check(answer.status == 404, || format!("GET {path}: {}", answer.brief()));
    }
    let after = lab.send(&public(from)).await?;
    Ok((from, Some(after).filter(|answer| answer.status == 429)))
}

async fn scanner(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let (_, kept_out) = scan(lab, found).await?;
    found.check(kept_out.is_some(), || format!("{} such paths, and it goes on", PROBES.len()));
    let Some(answer) = kept_out else { return Ok(()) };
    found.check(answer.code() == "quarantined", || format!("a scanner is told {}", answer.brief()));
    let after = answer.header("retry-after").and_then(|after| after.parse::<u64>().ok());
    found.check(after.is_some_and(|after| (1..=3600).contains(&after)), || format!("Retry-After is {after:?}"));
    let elsewhere = lab.send(&public(lab.wire.fresh_address())).await?;
    found.check(elsewhere.ok(), || format!("another address is answered {}", elsewhere.brief()));
    Ok(())
}

async fn neighbour(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let token = lab.token(2).await?;
    let account = lab.account(2).await?;
    let (from, kept_out) = scan(lab, found).await?;
    found.control(kept_out.is_some(), || "a scanner is not kept out at all".to_owned())?;
    // Not where one signs in, which is open to all of them.
    let me = lab.send(&Request::get("/api/moods").bearer(&token).from(from).limit_expected()).await?;
    found.check(me.ok(), || format!("who is signed in beside a scanner: {}", me.brief()));
    let login = Request::post("/api/auth/login").same_origin().json(&account.body()).from(from).limit_expected();
    let login = lab.send(&login).await?;
    found.check(login.ok(), || format!("who signs in beside a scanner: {}", login.brief()));
    let health = lab.send(&Request::get("/health").from(from).limit_expected()).await?;
    found.check(health.ok(), || format!("/health beside a scanner: {}", health.brief()));
    Ok(())
}
