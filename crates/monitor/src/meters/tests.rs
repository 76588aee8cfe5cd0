//! What is counted, and that the files in `deploy/prometheus/` ask for nothing that is not exported.

use super::*;
use crate::figures::Jobs;
use crate::machine::Machine;
use crate::ports::Headcount;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

const START: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

fn sample() -> Sample {
    let people = Headcount { users: 7, active_day: 3, active_week: 5, live_sessions: 9 };
    let jobs = Jobs { ready: 1, running: 2, failed: 4 };
    Sample { people, jobs, latency: Duration::from_millis(3), machine: Machine::default() }
}

fn render(meters: &Meters) -> String {
    let breakers = [Breaker { name: "mail".to_owned(), state: "open" }];
    meters.render(&sample(), &Stats::default(), &breakers)
}

/// The names of all series in the text.
fn names(text: &str) -> BTreeSet<String> {
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines.filter_map(|line| line.split(['{', ' ']).next()).map(str::to_owned).collect()
}

fn answer(method: Method, route: Option<&'static str>, status: u16) -> (Method, Option<&'static str>, StatusCode) {
    (method, route, StatusCode::from_u16(status).unwrap())
}

#[test]
fn answers_are_counted_by_template_and_class() {
    let meters = Meters::new(START);
    let made_up = Method::from_bytes(b"XYZZY").unwrap();
    for (method, route, status) in [
        answer(Method::POST, Some("/api/moods"), 201),
        answer(Method::POST, Some("/api/moods"), 422),
        answer(Method::GET, Some("/api/moods/{id}"), 200),
        answer(Method::GET, None, 404),
        answer(made_up, None, 405),
        answer(Method::GET, Some("/api/moods"), 401),
        answer(Method::GET, Some("/api/moods"), 500),
    ] {
        meters.answered(&Answered { method: &method, route, status, took: Duration::from_millis(2) });
    }
    meters.failed("internal");
    let text = render(&meters);
    for line in [
        r#"http_responses_total{method="POST",route="/api/moods",status="2xx"} 1"#,
        r#"http_responses_total{method="POST",route="/api/moods",status="4xx"} 1"#,
        r#"http_responses_total{method="GET",route="/api/moods",status="5xx"} 1"#,
        r#"http_responses_total{method="other",route="none",status="4xx"} 1"#,
        r#"http_request_duration_seconds_bucket{method="GET",route="/api/moods/{id}",le="0.0025"} 1"#,
        r#"http_request_duration_seconds_bucket{method="GET",route="/api/moods/{id}",le="0.001"} 0"#,
        r#"http_refusals_total{status="401"} 1"#,
        r#"http_refusals_total{status="429"} 0"#,
        r#"mindvibe_failures_total{code="internal"} 1"#,
        "mindvibe_sessions_live 9",
        r#"mindvibe_users_active{window="week"} 5"#,
        r#"mindvibe_breaker_open{name="mail"} 1"#,
        "mindvibe_start_time_seconds 1800000000",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\nin\n{text}");
    }
    assert!(!text.contains("XYZZY"));
    let expected = Totals { requests: 7, writes: 1, failures: 1, refused: [1, 0, 0] };
    assert_eq!(meters.totals(), expected);
}

#[test]
fn everything_listed_is_exported_from_the_start_and_nothing_else() {
    let text = render(&Meters::new(START));
    let listed: BTreeSet<&str> = METRICS.iter().map(|(name, ..)| *name).collect();
    assert_eq!(listed.len(), METRICS.len());
    let mut exported = BTreeSet::new();
    for name in names(&text) {
        let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
        exported.insert(if listed.contains(base) { base.to_owned() } else { name });
    }
    assert_eq!(exported.iter().map(String::as_str).collect::<BTreeSet<_>>(), listed);
    for (name, kind, help) in METRICS {
        assert!(text.contains(&format!("# TYPE {name} {kind}\n")), "{name}");
        assert!(text.contains(&format!("# HELP {name} {help}\n")), "{name}");
    }
}

/// Words of an expression that name a series.
fn asked_for(expression: &str) -> impl Iterator<Item = &str> {
    let words = expression.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    words.filter(|word| word.starts_with("mindvibe_") || word.starts_with("http_"))
}

fn deployed(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/prometheus").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every string under the name `expr`, however deep.
fn expressions(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("expr").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|member| expressions(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| expressions(item, found)),
        _ => {}
    }
}

#[test]
fn alerts_and_dashboard_ask_for_what_is_exported() {
    let exported = names(&render(&Meters::new(START)));
    let alerts = deployed("alerts.yml");
    let mut asked: Vec<String> =
        alerts.lines().filter_map(|line| line.trim().strip_prefix("expr: ")).map(str::to_owned).collect();
    let rules = alerts.lines().filter(|line| line.trim().starts_with("- alert: ")).count();
    assert!(rules >= 8 && rules == asked.len(), "each of {rules} rules has its expression on one line");
    assert!(asked.iter().any(|one| one.contains("mindvibe_sessions_live > 10000")));
    let dashboard: Value = serde_json::from_str(&deployed("dashboard.json")).unwrap();
    let before = asked.len();
    expressions(&dashboard, &mut asked);
    assert!(asked.len() - before >= 10, "the dashboard has its panels");
    for expression in &asked {
        let mut some = false;
        for name in asked_for(expression) {
            assert!(exported.contains(name), "{name} of {expression:?} is not exported");
            some = true;
        }
        assert!(some || expression.starts_with("up{"), "{expression:?} asks for nothing of ours");
    }
}

#[test]
fn the_manual_lists_every_figure() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/operations.md");
    let manual = std::fs::read_to_string(path).unwrap();
    for (name, ..) in METRICS {
        assert!(manual.contains(&format!("| `{name}` |")), "docs/operations.md has no row for {name}");
    }
}
