//! The client's own code keeps credentials where any script can read them.

use crate::lab::Lab;
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::wire::Request;
use std::collections::BTreeSet;

pub(crate) static RULE: Rule = Rule {
    info: RuleInfo {
        id: "A1-C3.script",
        finding: "A1-C3",
        title: "The shipped client writes nothing into the browser's storage",
        severity: Severity::Critical,
        asvs: "14.3.3",
        cwe: 922,
        expected: "No script that the page loads, directly or not, contains localStorage.setItem or setItem( at all.",
        help: "Ask /api/auth/me who is signed in, instead of keeping it in the browser.",
        weakened_by: "A1-C3.script",
        writes: false,
    },
    attack: |lab, found| Box::pin(attack(lab, found)),
};

const SIGNS: &[&str] = &["localStorage.setItem", "sessionStorage.setItem", ".setItem(", "document.cookie="];
/// More files than the client has.
const MOST: usize = 400;

/// The scripts that a page or a script names, as paths.
fn scripts(text: &str, from: &str) -> BTreeSet<String> {
    let quoted = text.split(['"', '\'', '`']).filter(|part| {
        let name = part.split('?').next().unwrap_or("");
        let script = std::path::Path::new(name).extension().is_some_and(|end| end == "js" || end == "mjs");
        script && name.len() < 200 && name.bytes().all(|byte| byte.is_ascii_graphic())
    });
    quoted.filter_map(|name| resolve(name, from)).collect()
}

/// A path on our own server; `None` for another.
fn resolve(name: &str, from: &str) -> Option<String> {
    if name.contains("://") || name.starts_with("//") {
        return None;
    }
    let directory = from.rsplit_once('/').map_or("", |(directory, _)| directory);
    let whole = if name.starts_with('/') { name.to_owned() } else { format!("{directory}/{name}") };
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    Some(format!("/{}", parts.join("/")))
}

/// Every script that the page loads, directly or not: its path and its text.
pub(super) async fn shipped(lab: &Lab) -> Result<Vec<(String, String)>, Stop> {
    let page = lab.page().await?.text();
    let mut known = scripts(&page, "/");
    let mut waiting: Vec<String> = known.iter().cloned().collect();
    let mut read = Vec::new();
    while let Some(path) = waiting.pop() {
        let answer = lab.send(&Request::get(&path)).await?;
        // A quoted name is not always a file.
        if !answer.ok() {
            continue;
        }
        let text = answer.text();
        for next in scripts(&text, &path) {
            if known.len() < MOST && known.insert(next.clone()) {
                waiting.push(next);
            }
        }
        read.push((path, text));
    }
    Ok(read)
}

async fn attack(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let list = shipped(lab).await?;
    for (path, text) in &list {
        let sign = SIGNS.iter().find(|sign| text.contains(*sign));
        found.check(sign.is_none(), || format!("{path} contains {}", sign.copied().unwrap_or_default()));
    }
    found.control(!list.is_empty(), || "the page names no script that could be fetched".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_followed_from_where_they_stand() {
        let list = scripts(r#"import("./b.js");x='../c.js?v=1';"https://cdn.test/d.js";y="e.css""#, "/assets/a.js");
        assert_eq!(list.into_iter().collect::<Vec<_>>(), ["/assets/b.js", "/c.js?v=1"]);
        let page = scripts(r#"<script type="module" nonce="x" src="/assets/a.js"></script>"#, "/");
        assert_eq!(page.into_iter().collect::<Vec<_>>(), ["/assets/a.js"]);
    }
}
