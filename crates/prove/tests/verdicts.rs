//! The rules against a server that behaves, and against the same server with one thing wrong with it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod model;

use prove::{Kind, Options, Report, SignedUp, Status, run};

/// What goes far into accounts, letters, tokens and keys, as the break-ins of peers (`X-…`) do too. The model has none of
/// that: a model of it would be a second server. That each of these passes, and that each can fail, is shown on the
/// product and its weakened twin (`scripts/prove.sh`, `scripts/prove-weakened.sh`); here, that none passes where there is
/// nothing to attack.
const BEYOND: &[&str] = &[
    "A1-H2.neighbour",
    "A1-H2.scanner",
    "A1-H4.letters",
    "A1-H6.any-writing",
    "A1-H7",
    "A1-H8",
    "A1-M6",
    "A1-M7",
    "A1-M8.at-once",
    "A1-M8.connections",
    "A1-M8.slow",
    "A1-M9",
    "A2-1",
    "A2-12",
    "A2-15",
    "A2-6.metadata",
    "A2-9",
    "A2-CHECKLIST.01-tokens-expire",
    "A2-CHECKLIST.07-keys-expire",
    "A2-CHECKLIST.12-sessions-bounded",
    "O-12",
    "O-2",
    "O-8",
];

fn is_beyond(id: &str) -> bool {
    let within = |name: &str| id.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    BEYOND.iter().any(|name| within(name)) || id.starts_with("X-")
}

async fn attack(weak: &'static str, only: &[&str]) -> Report {
    let target = model::start(weak).await;
    let list: Vec<_> = (0..4)
        .map(|number| serde_json::json!({"email": format!("prove-{number}@example.com"), "password": model::PASSWORD}))
        .collect();
    let accounts = serde_json::Value::from(list).to_string();
    let options = Options {
        accounts: Box::new(prove::FromFile::parse(&accounts).unwrap()),
        target: target.into(),
        second_target: None,
        evidence: None,
        only: only.iter().map(|name| (*name).to_owned()).collect(),
        read_only: false,
        pace: None,
        program: None,
        started_at: "2026-11-21T10:00:00Z".to_owned(),
        progress: None,
    };
    run(options).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_behaves_passes_every_rule() {
    let mut report = attack("", &[]).await;
    let (evidence, tried) = report.rules.drain(..).partition::<Vec<_>, _>(|rule| rule.kind == Kind::Evidence);
    assert!(!evidence.is_empty() && evidence.iter().all(|rule| rule.status == Status::Unknown), "{evidence:#?}");
    let (starts, attacks) = tried.into_iter().partition::<Vec<_>, _>(|rule| rule.kind == Kind::Start);
    assert!(!starts.is_empty() && starts.iter().all(|rule| rule.status == Status::NotApplicable), "{starts:#?}");
    report.rules = attacks;
    let (beyond, modelled): (Vec<_>, Vec<_>) = report.rules.drain(..).partition(|rule| is_beyond(rule.id));
    let odd: Vec<_> = modelled.iter().filter(|rule| rule.status != Status::Pass).collect();
    assert!(odd.is_empty(), "{odd:#?}");
    let easy: Vec<_> = beyond.iter().filter(|rule| rule.status == Status::Pass).collect();
    assert!(!beyond.is_empty() && easy.is_empty(), "{easy:#?}");
    report.rules = modelled;
    assert_eq!(report.version.as_deref(), Some("0.0.1"));
    assert_eq!(report.exit_status(true), 0);
    assert!(report.left_behind.iter().all(|email| email.starts_with("prove-")), "throw-away accounts only");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_rule_fails_where_its_protection_is_missing() {
    let mut missed = Vec::new();
    let attacks = prove::rules().into_iter().filter(|rule| rule.kind == Kind::Attack).map(|rule| rule.info);
    for rule in attacks.filter(|rule| !is_beyond(rule.id)) {
        // The model has a switch of its own for the forged address; the product's limiter has one for both.
        let switch = if rule.id == "A1-M2.forged-address" { "A1-M2" } else { rule.weakened_by };
        let report = attack(switch, &[rule.id]).await;
        let result = report.rules.iter().find(|result| result.id == rule.id).unwrap();
        if result.status != Status::Fail {
            missed.push(format!("{} under {switch}: {:?}, {}", rule.id, result.status, result.seen));
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
}

#[tokio::test]
async fn what_cannot_be_tried_is_unknown_and_never_a_pass() {
    // Nothing signs in when every write with a cookie is refused as a forgery: the controls fail, so nothing is proven.
    let report = attack("A1-C4.control", &["A1-C4.cookie-only"]).await;
    assert_eq!(report.rules[0].status, Status::Unknown, "{}", report.rules[0].seen);
    assert_eq!((report.exit_status(false), report.exit_status(true)), (0, 1));
}

#[tokio::test]
async fn a_read_only_run_leaves_out_what_writes() {
    let target = model::start("").await;
    let file = r#"[{"email":"a@example.com","password":"x"},{"email":"b@example.com","password":"y"}]"#;
    let options = Options {
        target: target.into(),
        second_target: None,
        evidence: None,
        accounts: Box::new(prove::FromFile::parse(file).unwrap()),
        only: vec!["A2-6".to_owned(), "A1-H1".to_owned()],
        read_only: true,
        pace: None,
        program: None,
        started_at: String::new(),
        progress: None,
    };
    let report = run(options).await.unwrap();
    let statuses: Vec<_> = report.rules.iter().map(|rule| rule.status).collect();
    // Of A1-H1 one rule needs an account, one an instance, one nothing; of A2-6 one needs an instance, and three write.
    let na = Status::NotApplicable;
    assert_eq!(statuses, [Status::Unknown, na, Status::Pass, na, na, na, na]);
}

#[tokio::test]
async fn rules_that_start_this_program_need_no_target() {
    let starts = prove::rules().into_iter().filter(|rule| rule.kind == Kind::Start);
    let program =
        prove::Program { path: "/nowhere/at/all".into(), environment: Vec::new(), temporary: std::env::temp_dir() };
    for (program, expected) in [(None, Status::NotApplicable), (Some(program), Status::Unknown)] {
        let options = Options {
            target: "http://127.0.0.1:9".into(),
            second_target: None,
            evidence: None,
            accounts: Box::new(SignedUp::new("http://127.0.0.1:9", None)),
            only: starts.clone().map(|rule| rule.info.id.to_owned()).collect(),
            read_only: true,
            pace: None,
            program,
            started_at: String::new(),
            progress: None,
        };
        let report = run(options).await.unwrap();
        let odd: Vec<_> = report.rules.iter().filter(|rule| rule.status != expected).collect();
        assert!(!report.rules.is_empty() && odd.is_empty(), "{odd:#?}");
        let told = report.rules.iter().filter(|rule| rule.seen.contains("not on the target")).count();
        assert_eq!(told, if expected == Status::Unknown { report.rules.len() } else { 0 });
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_an_error() {
    for target in ["http://127.0.0.1:9", "ftp://x", "nonsense", "http://a b"] {
        let options = Options {
            target: target.into(),
            second_target: None,
            evidence: None,
            accounts: Box::new(SignedUp::new(target, None)),
            only: Vec::new(),
            read_only: false,
            pace: None,
            program: None,
            started_at: String::new(),
            progress: None,
        };
        assert!(matches!(run(options).await, Err(prove::Error::Unreachable { .. })), "{target}");
    }
}
