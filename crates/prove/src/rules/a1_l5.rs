//! A client that names the server it was built for.

use super::a1_c3_script::shipped;
use crate::lab::Lab;
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};

pub(crate) static RULE: Rule = Rule {
    info: RuleInfo {
        id: "A1-L5.client",
        finding: "A1-L5",
        title: "The shipped client names no server but the one it comes from",
        severity: Severity::Medium,
        asvs: "13.2.4",
        cwe: 547,
        expected: "No script that the page loads holds the address of another server, or of a developer's own machine.",
        help: "Ask by relative addresses; what is built into a client is wrong for everybody else.",
        weakened_by: "A1-L5",
        writes: false,
    },
    attack: |lab, found| Box::pin(attack(lab, found)),
};

/// Names that stand in scripts and are never asked: of XML's vocabularies, and of pages that explain an error.
const NEVER_ASKED: &[&str] = &["www.w3.org", "svelte.dev", "react.dev", "vuejs.org", "tailwindcss.com", "github.com"];

/// The servers that a script names, by an address with a scheme that a browser fetches.
fn servers(text: &str) -> impl Iterator<Item = &str> {
    ["http://", "https://", "ws://", "wss://"].into_iter().flat_map(move |scheme| {
        text.split(scheme).skip(1).map(|rest| {
            let end = rest.find(|letter: char| !(letter.is_ascii_alphanumeric() || ".-:[]".contains(letter)));
            &rest[..end.unwrap_or(rest.len())]
        })
    })
}

async fn attack(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let (list, own) = (shipped(lab).await?, lab.wire.authority());
    for (path, text) in &list {
        // A scheme alone, followed by a variable, names nobody.
        let other = servers(text).find(|name| !name.is_empty() && *name != own && !NEVER_ASKED.contains(name));
        found.check(other.is_none(), || format!("{path} names {}", other.unwrap_or_default()));
    }
    found.control(!list.is_empty(), || "the page names no script that could be fetched".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_found_in_a_script() {
        let text =
            r#"a("https://www.w3.org/2000/svg");fetch("http://localhost:8000/api");new WebSocket(`wss://${host}/x`)"#;
        let mut list: Vec<_> = servers(text).collect();
        list.sort_unstable();
        assert_eq!(list, ["", "localhost:8000", "www.w3.org"]);
    }
}
