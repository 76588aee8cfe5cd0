//! With whom a page may speak, and what becomes of what a browser reports.

use super::a1_h3::{directive, policies};
use crate::lab::Lab;
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::wire::Request;
use serde_json::{Value, json};

pub(crate) static RULE: Rule = Rule {
    info: RuleInfo {
        id: "A1-M9",
        finding: "A1-M9",
        title: "A page speaks with named origins only, and what is blocked is reported",
        severity: Severity::Medium,
        asvs: "3.4.7",
        cwe: 1021,
        expected: "connect-src is 'self', and beside it exact https or wss origins at most. The policy names where to report, \
                   in both ways. Reports of both formats: 204 without a cookie. No report, another type: 400, 415; 17 KiB: \
                   413; one address again and again: 429.",
        help: "Further origins are listed one by one (CSP_CONNECT_SRC_EXTRA); reports are bounded like any other upload.",
        weakened_by: "A1-M9",
        writes: true,
    },
    attack: |lab, found| Box::pin(attack(lab, found)),
};

const REPORT: &str = "/api/csp-report";

/// Whether a source is one origin, encrypted.
pub(super) fn is_exact(source: &str) -> bool {
    let host = source.strip_prefix("https://").or_else(|| source.strip_prefix("wss://"));
    source == "'self'" || host.is_some_and(|host| !host.is_empty() && !host.contains(['*', '/']))
}

/// What the strict one of a page's policies says of connections.
pub(super) fn connections(list: &[String]) -> Option<String> {
    list.iter().find_map(|policy| directive(policy, "connect-src"))
}

fn old() -> Value {
    json!({"csp-report": {"document-uri": "https://prove.invalid/", "violated-directive": "img-src",
        "effective-directive": "img-src", "blocked-uri": "https://prove.invalid/x.png", "disposition": "enforce"}})
}

fn new() -> Value {
    json!([{"type": "csp-violation", "age": 1, "url": "https://prove.invalid/", "user_agent": "prove", "body": {
        "documentURL": "https://prove.invalid/", "effectiveDirective": "img-src", "blockedURL": "inline",
        "disposition": "enforce"}}])
}

async fn attack(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let page = lab.page().await?;
    found.control(page.ok(), || page.brief())?;
    let list = policies(&page);
    let allowed = connections(&list).unwrap_or_default();
    let exact = allowed.split_whitespace().all(is_exact) && allowed.contains("'self'");
    found.check(exact, || format!("the page's connect-src is {allowed:?}"));
    for name in ["report-to", "report-uri"] {
        let named = list.iter().any(|policy| directive(policy, name).is_some_and(|to| !to.is_empty()));
        found.check(named, || format!("no policy of the page has {name}"));
    }
    let endpoint = page.header("reporting-endpoints").unwrap_or("");
    found.check(endpoint.contains(REPORT), || format!("Reporting-Endpoints is {endpoint:?}"));

    let send = |media: &str, body: Vec<u8>| Request::post(REPORT).content(media, body);
    for (media, body) in [("application/csp-report", old()), ("application/reports+json", new())] {
        let answer = lab.send(&send(media, body.to_string().into_bytes())).await?;
        found.check(answer.status == 204, || format!("a report as {media}: {}", answer.brief()));
        found.check(answer.header("set-cookie").is_none(), || "a report is answered with a cookie".to_owned());
    }
    let large = format!("{{\"csp-report\":{{\"document-uri\":\"{}\"}}}}", "x".repeat(17 * 1024));
    for (what, media, body, status) in [
        ("no report", "application/csp-report", b"{}".to_vec(), 400),
        ("no JSON", "application/csp-report", b"csp".to_vec(), 400),
        ("JSON of another type", "application/json", old().to_string().into_bytes(), 415),
        ("17 KiB", "application/csp-report", large.into_bytes(), 413),
    ] {
        let answer = lab.send(&send(media, body)).await?;
        found.check(answer.status == status, || format!("{what}: {}", answer.brief()));
    }
    let from = lab.wire.fresh_address();
    let mut limited = false;
    for _ in 0..20 {
        let again = send("application/csp-report", old().to_string().into_bytes()).from(from).limit_expected();
        limited |= lab.send(&again).await?.status == 429;
    }
    found.check(limited, || "twenty reports in a row of one address are all taken".to_owned());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_origins_are_exact() {
        for good in ["'self'", "https://a.example", "wss://a.example:8443"] {
            assert!(is_exact(good), "{good}");
        }
        for bad in [
            "*",
            "https:",
            "wss:",
            "http://a.example",
            "https://*.example",
            "data:",
            "https://a.example/x",
            "'unsafe-inline'",
        ] {
            assert!(!is_exact(bad), "{bad}");
        }
    }
}
