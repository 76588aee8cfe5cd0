//! What no outsider can see of the program, read from its sources: the tests that rules of the kind `evidence` name.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn walk(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, into);
        } else if path.extension().is_some_and(|end| end == "rs") {
            into.push(path);
        }
    }
}

/// Every source of the program that is not a test: its place, and its text without the tests at its end.
fn sources() -> Vec<(String, String)> {
    let (root, mut all) = (root(), Vec::new());
    for entry in fs::read_dir(root.join("crates")).unwrap() {
        let home = entry.unwrap().path().join("src");
        if home.is_dir() {
            walk(&home, &mut all);
        }
    }
    let place = |path: &Path| path.strip_prefix(&root).unwrap().display().to_string();
    let text = |path: &Path| fs::read_to_string(path).unwrap().split("#[cfg(test)]").next().unwrap_or("").to_owned();
    all.iter()
        .map(|path| (place(path), text(path)))
        .filter(|(place, _)| !place.contains("/tests/") && !place.contains("/testing/") && !place.ends_with("tests.rs"))
        .collect()
}

/// A1-L1: what can start no program cannot be made to start the wrong one.
#[test]
fn nothing_but_the_attack_suite_starts_a_program() {
    let sources = sources();
    let names = |text: &str| {
        ["process::Command", "Command::new(", "libc::exec", "posix_spawn"].iter().any(|sign| text.contains(sign))
    };
    let found: Vec<_> = sources.iter().filter(|(_, text)| names(text)).map(|(place, _)| place.as_str()).collect();
    assert!(sources.len() > 200, "the sources were found");
    assert_eq!(found, ["crates/prove/src/instance/process.rs"], "what starts programs");
}

/// A2-11: the type of a statement takes constants, and the one way around that is banned.
#[test]
fn a_statement_is_a_constant_and_the_linter_bans_the_way_around() {
    let lints = fs::read_to_string(root().join("clippy.toml")).unwrap();
    assert!(lints.contains("::AssertSqlSafe\", reason"), "clippy.toml bans the way around");
    let sources = sources();
    let statement = sources.iter().find(|(place, _)| place == "crates/store/src/sql.rs").unwrap();
    assert!(statement.1.contains("pub const fn same(text: &'static str)"), "a statement is made of a constant");
    for (place, text) in &sources {
        for sign in ["AssertSqlSafe(", "Sql::same(&", "Sql::same(format", "Sql::pair(&", "leak()"] {
            assert!(!text.contains(sign), "{place} contains {sign}");
        }
    }
}

/// Every finding of both audits has its row, with rules that exist.
mod findings {
    use super::{fs, root};
    use std::collections::BTreeSet;

    /// The findings of an audit, in its order.
    fn audit_1() -> Vec<String> {
        let of = |letter: &str, count: usize| (1..=count).map(|n| format!("{letter}{n}")).collect::<Vec<_>>();
        [of("C", 5), of("H", 8), of("M", 9), of("L", 6), of("S", 5)].concat()
    }

    fn audit_2() -> Vec<String> {
        (1..=15).map(|number| number.to_string()).collect()
    }

    /// The first cells of the rows of a page's tables, and the whole rows.
    fn rows(page: &str) -> Vec<(String, String)> {
        let text = fs::read_to_string(root().join("docs/security").join(page)).unwrap();
        let rows = text.lines().filter(|line| line.starts_with("| **"));
        rows.map(|row| (row.split("**").nth(1).unwrap().to_owned(), row.to_owned())).collect()
    }

    /// Every name in backquotes that looks like a rule's.
    fn named(text: &str) -> BTreeSet<&str> {
        let marked = text.split('`').skip(1).step_by(2);
        marked
            .filter(|word| {
                ["A1-", "A2-", "X-CVE-", "X-GHSA-", "X-KEYCLOAK-", "O-"].iter().any(|sign| word.starts_with(sign))
            })
            .collect()
    }

    #[test]
    fn each_has_a_row_and_every_rule_in_it_exists() {
        let rules = prove::rules();
        let known = |name: &str| rules.iter().any(|rule| rule.info.id == name || rule.info.finding == name);
        for (page, findings) in [("audit-1.md", audit_1()), ("audit-2.md", audit_2())] {
            let rows = rows(page);
            for finding in findings {
                let row = rows.iter().filter(|(first, _)| *first == finding).collect::<Vec<_>>();
                assert_eq!(row.len(), 1, "{page}: rows of {finding}");
                assert_eq!(row[0].1.matches(" | ").count(), 4, "{page}: the columns of {finding}");
            }
        }
        for page in ["audit-1.md", "audit-2.md", "compliance.md", "peers.md"] {
            let text = fs::read_to_string(root().join("docs/security").join(page)).unwrap();
            let unknown: Vec<_> = named(&text).into_iter().filter(|name| !known(name)).collect();
            assert!(unknown.is_empty(), "{page} names rules that do not exist: {unknown:?}");
        }
    }

    #[test]
    fn every_rule_is_in_one_of_the_pages() {
        let pages = ["audit-1.md", "audit-2.md", "peers.md"].map(|page| root().join("docs/security").join(page));
        let text: String = pages.iter().map(|page| fs::read_to_string(page).unwrap()).collect();
        let (rules, named) = (prove::rules(), named(&text));
        let lost = rules.iter().filter(|rule| !named.contains(rule.info.id) && !named.contains(rule.info.finding));
        let lost: Vec<_> = lost.map(|rule| rule.info.id).collect();
        assert!(lost.is_empty(), "no page of docs/security names {lost:?}");
    }

    #[test]
    fn the_table_of_weaknesses_is_the_one_of_the_rules() {
        let committed = fs::read_to_string(root().join("docs/security/weaknesses.md")).unwrap();
        assert!(committed == prove::output::weaknesses(&prove::rules()), "weaknesses.md is stale: run `make generate`");
    }
}
