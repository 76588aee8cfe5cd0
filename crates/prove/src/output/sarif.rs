use crate::report::{Report, RuleResult, Status};
use crate::rule::{Kind, Listed};
use serde_json::{Value, json};

/// SARIF 2.1.0, for code scanners: the rule's id is the finding's, and a fingerprint keeps one alert a rule and target.
pub fn sarif(report: &Report) -> String {
    let known = crate::rules();
    let ran = |listed: &&Listed| report.rules.iter().any(|rule| rule.id == listed.info.id);
    let described: Vec<Value> = known.iter().filter(ran).map(describe).collect();
    let results: Vec<Value> = report.rules.iter().map(|rule| result(report, rule)).collect();
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "mindvibe prove",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": described,
            }},
            "invocations": [{"executionSuccessful": true, "startTimeUtc": report.started_at}],
            "properties": {"target": report.target, "targetVersion": report.version},
            "results": results,
        }],
    });
    // Plain strings and numbers always serialise.
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

fn describe(listed: &Listed) -> Value {
    let info = &listed.info;
    json!({
        "id": info.id,
        "name": info.title,
        "shortDescription": {"text": info.title},
        "fullDescription": {"text": info.expected},
        "help": {"text": info.help},
        "helpUri": format!("https://cwe.mitre.org/data/definitions/{}.html", info.cwe),
        "defaultConfiguration": {"level": "error"},
        "properties": {
            "tags": ["security", format!("external/cwe/cwe-{}", info.cwe), format!("ASVS-{}", info.asvs), listed.owasp, info.finding],
            "precision": "very-high",
            "security-severity": info.severity.score(),
            "kind": listed.kind.name(),
        },
    })
}

fn result(report: &Report, rule: &RuleResult) -> Value {
    let (kind, level) = match rule.status {
        Status::Pass => ("pass", "none"),
        Status::Fail => ("fail", "error"),
        Status::NotApplicable => ("notApplicable", "none"),
        Status::Unknown => ("open", "none"),
    };
    // What stands there is what was tried.
    let place = match rule.kind {
        Kind::Attack => report.target.as_str(),
        Kind::Start | Kind::Evidence => "mindvibe",
    };
    json!({
        "ruleId": rule.id,
        "kind": kind,
        "level": level,
        "message": {"text": format!("{}: {}", rule.heading(), rule.seen)},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": place}}}],
        "partialFingerprints": {"ruleAndTarget/v1": fingerprint(rule.id, place)},
        "properties": {"kind": rule.kind.name()},
    })
}

/// FNV-1a over rule and target: the same alert on the next run, whatever was seen.
fn fingerprint(id: &str, target: &str) -> String {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    let hash = [id.as_bytes(), b"\n", target.as_bytes()].concat().iter().fold(0xcbf2_9ce4_8422_2325, step);
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::super::sample::report;
    use serde_json::Value;

    #[test]
    fn a_scanner_finds_what_it_needs() {
        let value: Value = serde_json::from_str(&super::sarif(&report())).unwrap();
        assert_eq!(value["version"], "2.1.0");
        let run = &value["runs"][0];
        let rule = &run["tool"]["driver"]["rules"][1];
        assert_eq!(rule["id"], "A1-C4.cookie-only");
        assert_eq!(rule["helpUri"], "https://cwe.mitre.org/data/definitions/352.html");
        assert_eq!(rule["properties"]["tags"][1], "external/cwe/cwe-352");
        assert_eq!(
            (&rule["properties"]["tags"][2], &rule["properties"]["tags"][3]),
            (&"ASVS-3.5.1".into(), &"A01:2025".into())
        );
        let failed = &run["results"][1];
        assert_eq!((&failed["kind"], &failed["level"]), (&"fail".into(), &"error".into()));
        assert_eq!(failed["message"]["text"], "A title: POST /a & <b>: 200");
        let open: Vec<_> = run["results"].as_array().unwrap().iter().map(|result| result["kind"].clone()).collect();
        assert_eq!(open, ["pass", "fail", "notApplicable", "pass", "open"]);
        let start = &run["results"][3];
        assert_eq!(start["properties"]["kind"], "start");
        assert_eq!(start["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "mindvibe");
        let mut other = report();
        other.rules[1].seen = "something else".into();
        let again: Value = serde_json::from_str(&super::sarif(&other)).unwrap();
        assert_eq!(failed["partialFingerprints"], again["runs"][0]["results"][1]["partialFingerprints"]);
        assert_ne!(failed["partialFingerprints"], run["results"][0]["partialFingerprints"]);
    }
}
