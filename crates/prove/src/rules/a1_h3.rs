//! A content security policy that lets injected script run.

use crate::lab::Lab;
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::wire::Response;
use std::collections::BTreeSet;

pub(crate) static RULE: Rule = Rule {
    info: RuleInfo {
        id: "A1-H3",
        finding: "A1-H3",
        title: "The page carries two strict policies with a fresh nonce",
        severity: Severity::High,
        asvs: "3.4.3",
        cwe: 1021,
        expected: "No unsafe- in any policy of any route. The page: default-src 'none' with script-src 'self', and a second \
                   policy with a nonce that differs each time; Trusted Types; no inline style and no inline handler.",
        help: "Give every response its policies in one place, and the page a nonce made for that response.",
        weakened_by: "A1-H3",
        writes: false,
    },
    attack: |lab, found| Box::pin(attack(lab, found)),
};

/// The policies of an answer: several headers, or one with commas, are several policies.
pub(super) fn policies(answer: &Response) -> Vec<String> {
    let lines = answer.all("content-security-policy");
    lines
        .flat_map(|line| line.split(','))
        .map(|policy| policy.trim().to_owned())
        .filter(|policy| !policy.is_empty())
        .collect()
}

/// A directive's values; `None` when the policy does not have it.
pub(super) fn directive(policy: &str, name: &str) -> Option<String> {
    let mut all = policy.split(';').map(str::trim);
    all.find_map(|part| {
        let (key, values) = part.split_once(' ').unwrap_or((part, ""));
        key.eq_ignore_ascii_case(name).then(|| values.trim().to_owned())
    })
}

fn nonce(list: &[String]) -> Option<String> {
    let script = list.iter().filter_map(|policy| directive(policy, "script-src"));
    let all: Vec<String> = script.collect();
    let found = all.iter().find_map(|values| values.split_once("'nonce-")?.1.split('\'').next());
    found.map(ToOwned::to_owned)
}

/// What injected text would need, and the page's own code must do without.
fn inline(html: &str) -> Option<&'static str> {
    let lower = html.to_ascii_lowercase();
    let signs =
        [(" style=", "a style attribute"), ("<style", "a style element"), ("javascript:", "a javascript: link")];
    if let Some((_, what)) = signs.iter().find(|(sign, _)| lower.contains(sign)) {
        return Some(what);
    }
    let handlers = [" onload=", " onclick=", " onerror=", " onsubmit=", " onfocus="];
    handlers.iter().any(|sign| lower.contains(sign)).then_some("an inline handler")
}

async fn attack(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    for (name, answer) in lab.visits().await? {
        let list = policies(answer);
        found.check(!list.is_empty(), || format!("{name}: no policy"));
        found.check(!list.iter().any(|policy| policy.contains("unsafe-")), || format!("{name}: unsafe- in its policy"));
    }
    let (first, second) = (lab.page().await?, lab.page().await?);
    found.control(first.ok(), || first.brief())?;
    let list = policies(&first);
    found.check(list.len() >= 2, || format!("the page has {} policies, not two", list.len()));
    found.check(!list.iter().any(|policy| policy.contains("unsafe-")), || "unsafe- in the page's policy".to_owned());
    let strict = list.iter().find(|policy| directive(policy, "default-src").as_deref() == Some("'none'"));
    let strict = strict.cloned().unwrap_or_default();
    for (name, value) in [
        ("default-src", "'none'"),
        ("script-src", "'self'"),
        ("object-src", "'none'"),
        ("base-uri", "'none'"),
        ("frame-ancestors", "'none'"),
        ("form-action", "'self'"),
        ("require-trusted-types-for", "'script'"),
    ] {
        let given = directive(&strict, name);
        found.check(given.as_deref() == Some(value), || format!("the page's {name} is {given:?}, not {value}"));
    }
    let given: BTreeSet<_> = [nonce(&list), nonce(&policies(&second))].into_iter().flatten().collect();
    found.check(given.len() == 2, || "two loads of the page have no two nonces".to_owned());
    found.check(given.iter().all(|nonce| nonce.len() >= 22), || "the nonce has less than 128 bits".to_owned());
    let html = first.text();
    let used = nonce(&list).is_some_and(|nonce| html.contains(&nonce));
    found.check(used, || "the page does not carry the nonce of its policy".to_owned());
    let bad = inline(&html);
    found.check(bad.is_none(), || format!("the page has {}", bad.unwrap_or_default()));
    let kept = first.header("cache-control").unwrap_or("");
    found.check(kept.contains("no-store"), || format!("the page may be kept: Cache-Control: {kept}"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_taken_apart() {
        let policy = "default-src 'none'; script-src 'nonce-abc' 'strict-dynamic'; upgrade-insecure-requests";
        assert_eq!(directive(policy, "script-src").unwrap(), "'nonce-abc' 'strict-dynamic'");
        assert_eq!(directive(policy, "upgrade-insecure-requests").unwrap(), "");
        assert_eq!(directive(policy, "script"), None);
        assert_eq!(nonce(&["script-src 'self'".to_owned(), policy.to_owned()]).unwrap(), "abc");
        assert_eq!(inline("<p onclick=x>"), Some("an inline handler"));
        assert_eq!(inline("<p class=\"style\">"), None);
    }
}
