//! What is told of the last proof: to administrators all of it, to everybody figures and only on purpose, and never
//! more than was found.

use crate::app::{PASSWORD, TestApp};
use crate::client::Client;
use crate::on_both_engines;
use crate::walk::{after, code};
use ::guard::Role;
use kernel::{Ambient, Timestamp};
use prove::{Report, RuleResult, Status};
use serde_json::{Value, json};
use server::proofs;
use std::time::Duration;

on_both_engines!(
    what_was_proven_is_told_as_it_ended,
    an_old_pass_is_none_and_an_old_failure_is_one,
    what_was_left_out_keeps_its_proof,
    statements_are_sound,
);

fn now() -> Timestamp {
    Ambient::system().now()
}

fn ended(id: &str, status: Status, seen: &str) -> RuleResult {
    let rule = prove::rules().into_iter().find(|rule| rule.info.id == id).unwrap_or_else(|| panic!("no rule {id}"));
    let info = rule.info;
    RuleResult {
        id: info.id,
        kind: rule.kind,
        status,
        finding: info.finding,
        title: info.title,
        severity: info.severity.name(),
        cwe: info.cwe,
        asvs: info.asvs,
        owasp: rule.owasp,
        expected: info.expected,
        seen: seen.to_owned(),
        requests: 3,
        duration_ms: 0,
    }
}

fn report(at: Timestamp, rules: Vec<RuleResult>) -> Report {
    Report {
        target: "http://localhost:8080/".to_owned(),
        version: None,
        started_at: at.to_string(),
        rules,
        left_behind: Vec::new(),
    }
}

/// An administrator's browser, with a second factor.
async fn admin(app: &TestApp) -> Client {
    let email = app.person(Role::Admin).await;
    let (nobody, me) = (app.anonymous(), Client::browser(&app.base, &email, PASSWORD).await);
    me.get("/api/admin/security").await.problem(403, "second_factor_required");
    let shown = me.post("/api/auth/2fa/setup", &json!({})).await.expect(200).json();
    let body = json!({"code": code(shown["secret"].as_str().unwrap())});
    let enabled = me.post("/api/auth/2fa/enable", &body).await.expect(200);
    after(&me, &nobody, &enabled)
}

/// A rule of the answer.
fn rule<'a>(answer: &'a Value, id: &str) -> &'a Value {
    let findings = answer["findings"].as_array().unwrap();
    let mut rules = findings.iter().flat_map(|finding| finding["rules"].as_array().unwrap());
    rules.find(|rule| rule["id"] == id).unwrap_or_else(|| panic!("no rule {id}"))
}

fn finding<'a>(answer: &'a Value, id: &str) -> &'a Value {
    answer["findings"].as_array().unwrap().iter().find(|finding| finding["id"] == id).unwrap()
}

async fn what_was_proven_is_told_as_it_ended(app: TestApp) {
    let admin = admin(&app).await;
    let all = prove::rules();
    let told = admin.get("/api/admin/security").await.expect(200).json();
    assert_eq!((&told["counts"]["rules"], &told["counts"]["never"]), (&json!(all.len()), &json!(all.len())));
    assert_eq!((&told["counts"]["passed"], &told["proven_at"]), (&json!(0), &Value::Null));
    assert_eq!(told["command"], format!("mindvibe prove --target {} --record", app.origin()));
    let rules = told["findings"].as_array().unwrap().iter().flat_map(|one| one["rules"].as_array().unwrap());
    let mut ids: Vec<_> = rules.map(|rule| rule["id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    assert_eq!(ids, all.iter().map(|rule| rule.info.id).collect::<Vec<_>>(), "every rule once");
    assert_eq!(finding(&told, "A1-S3")["standing"], "by_tests");

    let at = now();
    let rules = vec![
        ended("A1-C1", Status::Pass, "9 of 9 answers as expected"),
        ended("A1-C4.control", Status::Pass, "fine"),
        ended("A1-C4.cookie-only", Status::Fail, "POST /a: 200\r\nx"),
        ended("A1-L1", Status::Unknown, "there are no results of the program's own tests at hand"),
        ended("A1-H2", Status::NotApplicable, "nothing there"),
    ];
    assert_eq!(proofs::keep(&app.house.db, &report(at, rules), false).await.unwrap(), 5);
    let told = admin.get("/api/admin/security").await.expect(200).json();
    let counts = &told["counts"];
    let parts = ["passed", "failed", "unknown", "not_applicable", "outdated", "never"];
    let parts: Vec<_> = parts.iter().map(|part| counts[part].as_u64().unwrap()).collect();
    assert_eq!(parts[..5], [2, 1, 1, 1, 0]);
    assert_eq!(parts.iter().sum::<u64>(), counts["rules"].as_u64().unwrap(), "the parts are the whole");
    assert_eq!(told["proven_at"], at.to_string());
    let failed = rule(&told, "A1-C4.cookie-only");
    assert_eq!((&failed["standing"], &failed["severity"]), (&json!("failed"), &json!("critical")));
    assert!(!failed["help"].as_str().unwrap().is_empty() && !failed["expected"].as_str().unwrap().is_empty());
    let proof = &failed["proof"];
    assert_eq!((&proof["outcome"], &proof["seen"]), (&json!("fail"), &json!("POST /a: 200  x")));
    assert_eq!(proof["target"], "http://localhost:8080");
    assert_eq!(proof["stale"], Value::Null);
    assert_eq!(rule(&told, "A1-L1")["standing"], "unknown", "and not passed");
    let c4 = finding(&told, "A1-C4");
    assert_eq!((&c4["standing"], &c4["source"]), (&json!("failed"), &json!("audit_1")), "by its worst rule");
    app.end().await;
}

async fn an_old_pass_is_none_and_an_old_failure_is_one(app: TestApp) {
    let admin = admin(&app).await;
    let old = now().minus(Duration::from_hours(24 * 31));
    let rules = || vec![ended("A1-C1", Status::Pass, "then"), ended("A1-C2", Status::Fail, "then")];
    proofs::keep(&app.house.db, &report(old, rules()), false).await.unwrap();
    let told = admin.get("/api/admin/security").await.expect(200).json();
    assert_eq!((&told["counts"]["passed"], &told["counts"]["outdated"]), (&json!(0), &json!(1)));
    assert_eq!(rule(&told, "A1-C1")["proof"]["stale"], "too_old");
    assert_eq!(rule(&told, "A1-C2")["standing"], "failed");

    // A later run counts; one that began before it does not, however late it is kept.
    let at = now();
    proofs::keep(&app.house.db, &report(at, vec![ended("A1-C1", Status::Pass, "now")]), false).await.unwrap();
    proofs::keep(&app.house.db, &report(old, vec![ended("A1-C1", Status::Fail, "before")]), false).await.unwrap();
    let told = admin.get("/api/admin/security").await.expect(200).json();
    assert_eq!(rule(&told, "A1-C1")["standing"], "passed");
    assert_eq!(rule(&told, "A1-C1")["proof"]["seen"], "now");

    // What another version did says nothing about this one, and is not kept.
    let mut other = report(now(), vec![ended("A1-C2", Status::Pass, "elsewhere")]);
    other.version = Some("99.0.0".to_owned());
    let refused = proofs::keep(&app.house.db, &other, false).await.unwrap_err().to_string();
    assert!(refused.contains("99.0.0") && refused.contains("nothing was kept"), "{refused}");
    let told = admin.get("/api/admin/security").await.expect(200).json();
    assert_eq!(rule(&told, "A1-C2")["standing"], "failed");
    app.end().await;
}

async fn what_was_left_out_keeps_its_proof(app: TestApp) {
    let admin = admin(&app).await;
    let writing = prove::rules().into_iter().find(|rule| rule.info.writes && rule.kind == prove::Kind::Attack).unwrap();
    let id = writing.info.id;
    proofs::keep(&app.house.db, &report(now(), vec![ended(id, Status::Pass, "whole")]), false).await.unwrap();
    let skipped = || vec![ended(id, Status::NotApplicable, "a read-only run does not try this")];
    assert_eq!(proofs::keep(&app.house.db, &report(now(), skipped()), true).await.unwrap(), 0);
    let told = admin.get("/api/admin/security").await.expect(200).json();
    assert_eq!(rule(&told, id)["proof"]["seen"], "whole");
    assert_eq!(proofs::keep(&app.house.db, &report(now(), skipped()), false).await.unwrap(), 1);
    let told = admin.get("/api/admin/security").await.expect(200).json();
    assert_eq!(rule(&told, id)["standing"], "not_applicable");
    app.end().await;
}

async fn statements_are_sound(app: TestApp) {
    store::testing::statements(&app.house.db, proofs::STATEMENTS).await;
    store::testing::no_scans(&app.house.db, proofs::STATEMENTS, &["proofs"]).await;
    assert_eq!(store::testing::pairs(proofs::STATEMENTS), 0);
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_administrators_in_person_see_it_and_nobody_writes_it() {
    let app = TestApp::sqlite().await;
    app.anonymous().get("/api/admin/security").await.problem(401, "authentication_required");
    app.member().await.get("/api/admin/security").await.problem(403, "administrators_only");
    let admin = admin(&app).await;
    let scopes = json!(["monitoring:read", "identity:read", "identity:write"]);
    let made = admin.post("/auth/api-keys", &json!({"name": "A program", "scopes": scopes})).await.expect(201).json();
    let program = app.anonymous().with("x-api-key", made["key"].as_str().unwrap());
    program.get("/api/admin/security").await.problem(403, "not_with_an_api_key");
    for method in [reqwest::Method::POST, reqwest::Method::PUT, reqwest::Method::DELETE] {
        let answer = admin.send(method.clone(), "/api/admin/security", None).await;
        assert!(matches!(answer.status, 404 | 405), "{method}: {}", answer.text());
    }
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_gets_figures_and_only_where_the_operator_says_so() {
    let closed: [&[(&str, &str)]; 2] = [&[], &[("SECURITY_PAGE", "off")]];
    for settings in closed {
        let app = TestApp::with(settings).await;
        let nobody = app.anonymous().with("host", app.origin().trim_start_matches("http://"));
        nobody.get("/api/security/summary").await.problem(404, "not_found");
        nobody.get("/security").await.problem(404, "not_found");
        nobody.get("/admin/security").await.expect(200);
        app.end().await;
    }
    let app = TestApp::with(&[("SECURITY_PAGE", "on")]).await;
    let nobody = app.anonymous().with("host", app.origin().trim_start_matches("http://"));
    nobody.get("/security").await.expect(200);
    let at = now();
    let rules = vec![ended("A1-C1", Status::Pass, "CANARY"), ended("A1-C2", Status::Fail, "CANARY")];
    proofs::keep(&app.house.db, &report(at, rules), false).await.unwrap();
    let answer = nobody.get("/api/security/summary").await.expect(200);
    let told = answer.json();
    assert_eq!(told.as_object().unwrap().keys().collect::<Vec<_>>(), ["counts", "proven_at"]);
    assert!(told["counts"].as_object().unwrap().values().all(Value::is_u64), "figures alone: {told}");
    assert_eq!((&told["counts"]["passed"], &told["counts"]["failed"]), (&json!(1), &json!(1)));
    assert_eq!(told["proven_at"], at.to_string());
    assert!(!answer.text().contains("CANARY") && !answer.text().contains("A1-C2"));
    app.end().await;
}
