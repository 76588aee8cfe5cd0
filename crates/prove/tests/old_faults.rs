//! The rules against a server with the faults that the audits found: each fault it has must be found.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod predecessor;

use prove::{Kind, Options, SignedUp, Status, run};
use std::collections::BTreeSet;
use std::time::Duration;

/// Which rules must be red: no more, because a rule that is red for another reason proves nothing, and no fewer.
const RED: &[&str] = &[
    "A1-C1",
    "A1-C2",
    "A1-C3",
    "A1-C3.script",
    "A1-C4.cookie-and-bearer",
    "A1-C4.cookie-and-x-auth-uid",
    "A1-C4.cookie-only",
    "A1-C4.cross-site-with-valid-token",
    "A1-C4.foreign-origin",
    "A1-C4.login",
    "A1-C4.token-of-another-session",
    "A1-C5",
    "A1-H1",
    "A1-H2",
    "A1-H3",
    "A1-H4",
    "A1-H4.signup",
    "A1-H6.any-writing",
    "A1-H6.query-token",
    "A1-H8",
    "A1-L5.client",
    "A1-M1",
    "A1-M2.forged-address",
    "A1-M3",
    "A1-M4.cookies",
    "A1-M5",
    "A1-M6",
    "A1-M8",
    "A1-M8.at-once",
    "A1-M8.connections",
    "A1-M8.slow",
    "A1-M9",
    "A2-10.cache-control",
    "A2-10.cross-origin-embedder-policy",
    "A2-10.cross-origin-opener-policy",
    "A2-10.cross-origin-resource-policy",
    "A2-10.headers",
    "A2-10.no-banner",
    "A2-10.origin-agent-cluster",
    "A2-10.permissions-policy",
    "A2-10.referrer-policy",
    "A2-10.strict-transport-security",
    "A2-10.x-content-type-options",
    "A2-10.x-dns-prefetch-control",
    "A2-10.x-frame-options",
    "A2-10.x-permitted-cross-domain-policies",
    "A2-10.x-xss-protection",
    "A2-12",
    "A2-13",
    "A2-2",
    "A2-5",
    "A2-6",
    "A2-6.polyglot",
    "A2-7",
    "A2-9",
    "A2-9.address",
    "A2-CHECKLIST.01-tokens-expire",
    "A2-CHECKLIST.02-session-auth-removed",
    "A2-CHECKLIST.03-origins-enforced",
    "A2-CHECKLIST.04-rate-limit-active",
    "A2-CHECKLIST.05-file-names-validated",
    "A2-CHECKLIST.06-errors-sanitized",
    "A2-CHECKLIST.07-keys-expire",
    "A2-CHECKLIST.09-headers-present",
    "O-14",
    "O-15",
    "O-4",
    "O-6",
    "X-CVE-2026-7507",
    "X-GHSA-7h8m-vrxx-vr4m",
    "X-GHSA-rg35-5v25-mqvp",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_fault_of_the_predecessors_is_found() {
    let target = predecessor::start().await;
    let options = Options {
        accounts: Box::new(SignedUp::new(target.clone(), Some(Duration::ZERO))),
        target: target.into(),
        second_target: None,
        evidence: None,
        only: Vec::new(),
        read_only: false,
        pace: None,
        program: None,
        started_at: "2026-11-22T10:00:00Z".to_owned(),
        progress: None,
    };
    let report = run(options).await.unwrap();
    let red = |status: Status| -> BTreeSet<&str> {
        let found = report.rules.iter().filter(|rule| rule.kind == Kind::Attack && rule.status == status);
        found.map(|rule| rule.id).collect()
    };
    let (found, wanted): (BTreeSet<_>, BTreeSet<_>) = (red(Status::Fail), RED.iter().copied().collect());
    let describe = |ids: Vec<&&str>| -> Vec<String> {
        let rules = ids.iter().filter_map(|id| report.rules.iter().find(|rule| rule.id == **id));
        rules.map(|rule| format!("{}: {:?}, {}", rule.id, rule.status, rule.seen)).collect()
    };
    let missed = describe(wanted.difference(&found).collect());
    let beside = describe(found.difference(&wanted).collect());
    assert!(missed.is_empty() && beside.is_empty(), "not found: {missed:#?}\nred without being listed: {beside:#?}");
}
