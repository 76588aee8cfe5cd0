//! A log in which strangers write lines of their own.

use crate::document::NOBODY;
use crate::instance::Bench;
use crate::rule::{Findings, RuleInfo, Severity, StartRule, Stop};
use crate::wire::Request;
use serde_json::{Value, json};

pub(crate) static RULE: StartRule = StartRule {
    info: RuleInfo {
        id: "A1-L4",
        finding: "A1-L4",
        title: "Every line of the log is one JSON object, whatever a stranger writes",
        severity: Severity::Medium,
        asvs: "16.4.1",
        cwe: 117,
        expected: "After requests whose contents hold ends of lines, escape sequences and a made-up line: every line parses and has \
                   ts, level, target and event; a request's line has request_id, method, route, status, latency_ms and ip_prefix, \
                   and no path as sent, query or whole address. The made-up line is none of its own.",
        help: "Write values with a JSON writer that escapes control characters of both sets.",
        weakened_by: "A1-L4",
        writes: false,
    },
    trial: |bench, found| Box::pin(trial(bench, found)),
};

const FORGED: &str = "{\"ts\":\"2000-01-01T00:00:00Z\",\"level\":\"ERROR\",\"event\":\"forged\"}";
const OF_EVERY_LINE: &[&str] = &["ts", "level", "target", "event"];
const OF_A_REQUEST: &[&str] = &["request_id", "method", "route", "status", "latency_ms", "ip_prefix"];

/// What is not printed as it is, except the end of a line.
fn is_active(letter: char) -> bool {
    letter.is_control() && letter != '\n'
}

async fn trial(bench: &Bench, found: &mut Findings) -> Result<(), Stop> {
    let instance = bench.start(&[]).await?;
    let lab = &instance.lab;
    let token = lab.take_token(0).await?;
    let nasty = format!("x\r\n{FORGED}\r\n\u{1b}[2J\u{9b}31m\u{7f}");
    // What a browser reports of a page of ours is written down.
    let page = format!("{}/{nasty}", instance.url);
    let report = json!({"csp-report": {"violated-directive": nasty, "blocked-uri": nasty, "document-uri": page}});
    let sent = Request::post("/api/csp-report").content("application/csp-report", report.to_string().into_bytes());
    let answer = lab.send(&sent).await?;
    found.control(answer.ok(), || format!("a report of a browser answers {}", answer.brief()))?;
    let mood = json!({"score": 1, "note": nasty, "tags": [nasty]});
    lab.send(&Request::post("/api/moods").bearer(&token).json(&mood)).await?;
    lab.send(&Request::get(&format!("/api/moods/{NOBODY}?limit=prove-query")).bearer(&token)).await?;
    lab.send(&Request::get("/prove-path/%0d%0a%1b%5b2J").header("User-Agent", "prove-agent")).await?;
    let said = instance.said().await;
    let lines: Vec<&str> = said.lines().filter(|line| line.starts_with('{')).collect();
    let read: Vec<Option<Value>> = lines.iter().map(|line| serde_json::from_str(line).ok()).collect();
    let event = |name: &str| {
        let named = |line: &&Value| line.get("event").and_then(Value::as_str) == Some(name);
        read.iter().flatten().filter(named).collect::<Vec<_>>()
    };
    let requests = event("request");
    found.control(requests.len() >= 4, || "the log has no lines of requests".to_owned())?;
    for (line, value) in lines.iter().zip(&read) {
        let whole = value.as_ref().is_some_and(|value| OF_EVERY_LINE.iter().all(|name| value.get(name).is_some()));
        found.check(whole, || {
            format!("a line is not as it should be: {:?}", line.chars().take(120).collect::<String>())
        });
    }
    for line in requests {
        let missing = OF_A_REQUEST.iter().find(|name| line.get(**name).is_none());
        found.check(missing.is_none(), || format!("a request's line has no {}", missing.unwrap_or(&"")));
    }
    found.check(event("forged").is_empty(), || "a stranger's line stands in the log".to_owned());
    found.check(!said.chars().any(is_active), || "a control character of a stranger's stands in the log".to_owned());
    for (what, text) in [("a path as sent", "prove-path"), ("a query", "prove-query"), ("an id", NOBODY)] {
        found.check(!said.contains(text), || format!("the log holds {what}"));
    }
    let whole = lines.iter().any(|line| line.contains("\"127.0.0.1\""));
    found.check(!whole, || "the log holds a whole address".to_owned());
    Ok(())
}
