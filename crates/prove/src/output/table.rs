use crate::report::{Report, Status};
use std::fmt::Write as _;

/// For people: a line a rule, what was seen where it is not a pass, and the sum.
pub fn table(report: &Report) -> String {
    let width = report.rules.iter().map(|rule| rule.id.len()).max().unwrap_or(0);
    let mut text = format!("{}  {}\n\n", report.target, report.started_at);
    for rule in &report.rules {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{:7}  {:width$}  {}", word(rule.status), rule.id, rule.heading());
        if rule.status == Status::Fail {
            let _ = writeln!(text, "         CWE-{}, ASVS {}, OWASP {}", rule.cwe, rule.asvs, rule.owasp);
            let _ = writeln!(text, "         expected: {}", rule.expected);
        }
        if rule.status != Status::Pass {
            let _ = writeln!(text, "         seen: {}", rule.seen);
        }
    }
    let count = |status| report.count(status);
    let requests: usize = report.rules.iter().map(|rule| rule.requests).sum();
    let _ = writeln!(
        text,
        "\n{} passed, {} failed, {} unknown, {} not applicable; {requests} requests",
        count(Status::Pass),
        count(Status::Fail),
        count(Status::Unknown),
        count(Status::NotApplicable),
    );
    if !report.left_behind.is_empty() {
        let _ = writeln!(text, "Accounts left behind: {}", report.left_behind.join(", "));
    }
    text
}

const fn word(status: Status) -> &'static str {
    match status {
        Status::Pass => "pass",
        Status::Fail => "FAIL",
        Status::NotApplicable => "n/a",
        Status::Unknown => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::report;

    #[test]
    fn it_reads_like_this() {
        let expected = "\
http://127.0.0.1:8080  2026-11-21T10:00:00Z

pass     A1-C1              A title
FAIL     A1-C4.cookie-only  A title
         CWE-352, ASVS 3.5.1, OWASP A01:2025
         expected: GET <x> & \"y\": 401.
         seen: POST /a & <b>: 200
n/a      A1-H2              A title
         seen: read-only
pass     A2-4.start         A title (start: this program, not the target)
unknown  A2-6               A title
         seen: no accounts

2 passed, 1 failed, 1 unknown, 1 not applicable; 15 requests
Accounts left behind: prove-1@example.com
";
        assert_eq!(super::table(&report()), expected);
    }

    #[test]
    fn the_exit_status_follows_the_verdicts() {
        let mut report = report();
        assert_eq!((report.exit_status(false), report.exit_status(true)), (1, 1));
        report.rules.remove(1);
        assert_eq!((report.exit_status(false), report.exit_status(true)), (0, 1));
        report.rules.pop();
        assert_eq!((report.exit_status(false), report.exit_status(true)), (0, 0));
    }
}
