use crate::rule::{Kind, Listed};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// `docs/security/weaknesses.md`: which switch of the weakened twin turns which rules red, and what each rule is about.
pub fn weaknesses(rules: &[Listed]) -> String {
    let mut switches: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for rule in rules.iter().filter(|rule| !rule.info.weakened_by.is_empty()) {
        switches.entry(rule.info.weakened_by).or_default().push(rule.info.id);
    }
    let mut text = format!(
        "# Seeded weaknesses\n\n\
         The program `mindvibe-weakened` is `mindvibe` built with the feature `weaken`. In it, `MINDVIBE_WEAKEN=<switch>`\n\
         breaks one protection. `make test` starts it once for every rule, with the protection behind that rule broken, and\n\
         requires the rule to fail (`scripts/prove-weakened.sh`). The shipped program has no such switch, and does not compile\n\
         with the feature.\n\n\
         `make generate` writes this page from `mindvibe prove --list`; a test compares the two.\n\n\
         ## {} switches\n\n| switch | must turn red |\n| --- | --- |\n",
        switches.len(),
    );
    // Writing to a String cannot fail.
    for (switch, red) in &switches {
        let red: Vec<_> = red.iter().map(|id| format!("`{id}`")).collect();
        let _ = writeln!(text, "| `{switch}` | {} |", red.join(", "));
    }
    let _ = write!(
        text,
        "\n## {} rules\n\n\
         An *attack* needs nothing but HTTP. A *start* rule tries throw-away instances of the program. *Evidence* is the stamped\n\
         result of the tests named: where those fail, the rule does, so it has no switch; neither have the rules that need\n\
         two instances, which `make verify` starts.\n\n\
         | rule | kind | what is tried | weakness | ASVS 5.0 | OWASP | switch or tests |\n\
         | --- | --- | --- | --- | --- | --- | --- |\n",
        rules.len(),
    );
    for rule in rules {
        let info = &rule.info;
        let last = match rule.kind {
            Kind::Evidence => rule.tests.iter().map(|test| format!("`{test}`")).collect::<Vec<_>>().join(", "),
            Kind::Attack | Kind::Start if info.weakened_by.is_empty() => "two instances".to_owned(),
            Kind::Attack | Kind::Start => format!("`{}`", info.weakened_by),
        };
        let (id, kind, title, cwe, asvs) = (info.id, rule.kind.name(), info.title, info.cwe, info.asvs);
        let _ = writeln!(text, "| `{id}` | {kind} | {title} | CWE-{cwe} | {asvs} | {} | {last} |", rule.owasp);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_and_every_switch_has_a_row() {
        let rules = crate::rules();
        let text = weaknesses(&rules);
        for rule in &rules {
            let row = format!("\n| `{}` | {} | ", rule.info.id, rule.kind.name());
            assert_eq!(text.matches(&row).count(), 1, "{}", rule.info.id);
        }
        let (switches, _) = text.split_once(" rules\n").unwrap();
        assert!(switches.lines().filter(|line| line.starts_with("| `")).count() >= 40);
    }
}
