//! The headers that tell a browser what not to do.

use super::a1_h3::visit;
use crate::lab::Lab;
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::wire::Response;

pub(crate) static RULE: Rule = Rule {
    info: RuleInfo {
        id: "A2-10.headers",
        finding: "A2-10",
        title: "Every answer carries the whole set of headers",
        severity: Severity::Medium,
        asvs: "3.4.1",
        cwe: 693,
        expected: "Successes, refusals, unknown paths and the page: HSTS of two years, nosniff, DENY, same-origin policies, \
                   Permissions-Policy, no-store on what is personal; no Server and no X-Powered-By.",
        help: "Write them in the outermost step, so that no answer can leave without them.",
        weakened_by: "A2-10",
        writes: false,
    },
    attack: |lab, found| Box::pin(attack(lab, found)),
};

const SET: &[(&str, &str)] = &[
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-embedder-policy", "require-corp"),
    ("cross-origin-resource-policy", "same-origin"),
    ("origin-agent-cluster", "?1"),
    ("x-permitted-cross-domain-policies", "none"),
    ("x-dns-prefetch-control", "off"),
    ("x-xss-protection", "0"),
];

fn missing(answer: &Response) -> Vec<String> {
    let mut list = Vec::new();
    for (name, value) in SET {
        if answer.all(name).collect::<Vec<_>>() != [*value] {
            list.push(format!("{name}: {value}"));
        }
    }
    let transport = answer.header("strict-transport-security").unwrap_or("");
    let age = transport.split(';').find_map(|part| part.trim().strip_prefix("max-age=")?.parse::<u64>().ok());
    if age.is_none_or(|age| age < 63_072_000) || !transport.contains("includeSubDomains") {
        list.push("strict-transport-security of two years".to_owned());
    }
    let permissions = answer.header("permissions-policy").unwrap_or("");
    for feature in ["camera=()", "geolocation=()", "payment=()", "usb=()"] {
        if !permissions.contains(feature) {
            list.push(format!("permissions-policy: {feature}"));
        }
    }
    for name in ["server", "x-powered-by", "x-aspnet-version"] {
        if answer.header(name).is_some() {
            list.push(format!("no {name}"));
        }
    }
    list
}

async fn attack(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let mut list = visit(lab).await?;
    found.control(list.iter().any(|(_, answer)| answer.ok()), || "no answer was a success".to_owned())?;
    for (name, answer) in &list {
        let kept = answer.header("cache-control").unwrap_or("");
        let personal = !name.contains("/health");
        found.check(!personal || kept.contains("no-store"), || format!("{name}: Cache-Control: {kept}"));
    }
    if let Ok(page) = lab.page().await {
        list.push(("the page".to_owned(), page));
    }
    for (name, answer) in &list {
        let lacks = missing(answer);
        found.check(lacks.is_empty(), || format!("{name} lacks {}", lacks.join(", ")));
    }
    Ok(())
}
