use crate::report::Report;
use serde_json::json;

/// `{target, rules: [{id, status, …}]}`, one document on several lines.
pub fn json(report: &Report) -> String {
    // Plain strings and numbers always serialise.
    let document = json!({"target": report.target, "rules": report.rules});
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::super::sample::report;

    #[test]
    fn the_shape_is_the_one_that_others_rely_on() {
        let value: serde_json::Value = serde_json::from_str(&super::json(&report())).unwrap();
        assert_eq!(value.as_object().unwrap().keys().collect::<Vec<_>>(), ["rules", "target"]);
        let expected = serde_json::json!({
            "id": "A1-C4.cookie-only", "kind": "attack", "status": "fail", "finding": "A1-C4", "title": "A title", "severity": "high",
            "cwe": 352, "asvs": "3.5.1", "owasp": "A01:2025", "expected": "GET <x> & \"y\": 401.", "seen": "POST /a & <b>: 200", "requests": 3,
            "duration_ms": 1204,
        });
        assert_eq!(value["rules"][1], expected);
        let statuses: Vec<_> = value["rules"].as_array().unwrap().iter().map(|rule| rule["status"].clone()).collect();
        assert_eq!(statuses, ["pass", "fail", "not_applicable", "pass", "unknown"]);
        assert_eq!(value["rules"][3]["kind"], "start");
    }
}
