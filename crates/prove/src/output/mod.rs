//! The report for people (table) and for programs (JSON, SARIF, `JUnit`).

mod json;
mod junit;
mod markdown;
mod sarif;
mod table;

pub use json::json;
pub use junit::junit;
pub use markdown::weaknesses;
pub use sarif::sarif;
pub use table::table;

use crate::rule::Listed;

/// The list of rules as JSON, for `--list --format json`.
pub fn rules_json(rules: &[Listed]) -> String {
    // Plain strings, numbers and truths always serialise.
    let mut text = serde_json::to_string_pretty(&serde_json::json!({ "rules": rules })).unwrap_or_default();
    text.push('\n');
    text
}

/// The list of rules for people.
pub fn rules_table(rules: &[Listed]) -> String {
    let width = rules.iter().map(|rule| rule.info.id.len()).max().unwrap_or(0);
    let line = |rule: &Listed| {
        let info = &rule.info;
        format!("{:width$}  {:8}  {:8}  {}\n", info.id, rule.kind.name(), info.severity.name(), info.title)
    };
    rules.iter().map(line).collect()
}

#[cfg(test)]
mod sample {
    use crate::{Kind, Report, RuleResult, Status};

    /// A report with one rule of each status; texts that need escaping.
    pub(super) fn report() -> Report {
        let rule = |id, finding, status, seen: &str| RuleResult {
            id,
            kind: if id == "A2-4.start" { Kind::Start } else { Kind::Attack },
            status,
            finding,
            title: "A title",
            severity: "high",
            cwe: 352,
            asvs: "3.5.1",
            owasp: "A01:2025",
            expected: "GET <x> & \"y\": 401.",
            seen: seen.to_owned(),
            requests: 3,
            duration_ms: 1204,
        };
        Report {
            target: "http://127.0.0.1:8080".to_owned(),
            version: Some("0.1.0".to_owned()),
            started_at: "2026-11-21T10:00:00Z".to_owned(),
            rules: vec![
                rule("A1-C1", "A1-C1", Status::Pass, "4 of 4 answers as expected"),
                rule("A1-C4.cookie-only", "A1-C4", Status::Fail, "POST /a & <b>: 200"),
                rule("A1-H2", "A1-H2", Status::NotApplicable, "read-only"),
                rule("A2-4.start", "A2-4", Status::Pass, "tried on this program"),
                rule("A2-6", "A2-6", Status::Unknown, "no accounts"),
            ],
            left_behind: vec!["prove-1@example.com".to_owned()],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_names_every_rule_once() {
        let rules = crate::rules();
        assert_eq!(rules_table(&rules).lines().count(), rules.len());
        let list: serde_json::Value = serde_json::from_str(&rules_json(&rules)).unwrap();
        assert_eq!(list["rules"].as_array().unwrap().len(), rules.len());
        assert_eq!((&list["rules"][0]["id"], &list["rules"][0]["kind"]), (&"A1-C1".into(), &"attack".into()));
        let starts = list["rules"].as_array().unwrap().iter().filter(|rule| rule["kind"] == "start").count();
        assert_eq!(starts, crate::rules::STARTS.len());
        assert_eq!(rules_table(&rules).lines().filter(|line| line.contains("  start     ")).count(), starts);
    }
}
