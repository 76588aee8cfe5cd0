//! The shape of the house, read from `cargo metadata`: which crate may use which, and that the map knows them all.
//!
//! `server -> slices -> guard -> relay -> kernel`; slices also use `store`, `seal`, `models`, `speech`, `care` and
//! `mail`; `store -> seal -> kernel`. What a test may use differs in one point: `store` with its feature `testing`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

const SLICES: [&str; 8] = ["identity", "companion", "journal", "journeys", "rooms", "recordings", "account", "monitor"];
const SLICE_MAY_USE: &[&str] = &["kernel", "seal", "store", "relay", "guard", "models", "speech", "care", "mail"];

/// What the crate `name` may use of our own crates; `None` for a crate that the plan does not know.
fn allowed(name: &str) -> Option<&'static [&'static str]> {
    match name {
        "kernel" | "prove" => Some(&[]),
        // Not shipped: it reaches for whatever parses bytes of strangers.
        "fuzz" => Some(&["kernel", "seal", "guard", "speech", "identity"]),
        "seal" | "relay" | "tls" | "models" | "speech" | "care" => Some(&["kernel"]),
        "store" => Some(&["kernel", "seal"]),
        "mail" => Some(&["kernel", "store"]),
        "guard" => Some(&["kernel", "seal", "relay"]),
        slice if SLICES.contains(&slice) => Some(SLICE_MAY_USE),
        _ => None,
    }
}

struct Edge {
    from: String,
    to: String,
    /// Only the crate's tests use it.
    for_tests: bool,
}

/// The names of our crates, and every dependency any of them declares.
fn house() -> (BTreeSet<String>, Vec<Edge>) {
    // Cargo's own answer, read as plain JSON: a crate for its types would change the features that `serde_json` is
    // compiled with, and so compile it and all that uses it a second time for the tests.
    let answer = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--no-deps", "--format-version", "1"])
        .current_dir(root())
        .output()
        .expect("cargo runs this test, so it can be started");
    assert!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
    let metadata: Value = serde_json::from_slice(&answer.stdout).expect("cargo metadata prints JSON");
    let mut ours = BTreeSet::new();
    let mut edges = Vec::new();
    for package in list(&metadata["packages"]) {
        ours.insert(text(&package["name"]));
        for dependency in list(&package["dependencies"]) {
            edges.push(Edge {
                from: text(&package["name"]),
                to: text(&dependency["name"]),
                for_tests: dependency["kind"] == "dev",
            });
        }
    }
    (ours, edges)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list in the answer of cargo metadata")
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text in the answer of cargo metadata").to_owned()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The edges that the plan forbids, as sentences.
fn forbidden(ours: &BTreeSet<String>, edges: &[Edge]) -> Vec<String> {
    let mut found = Vec::new();
    for Edge { from, to, for_tests } in edges {
        if to == "sqlx" && from != "store" {
            found.push(format!("{from} names sqlx, which belongs to store"));
        }
        if !ours.contains(to) || from == "server" {
            continue;
        }
        let fine = match allowed(from) {
            None => false,
            Some(_) if from == "prove" => false,
            Some(_) if *for_tests && to == "store" && from != "kernel" && from != "seal" => true,
            Some(list) => list.contains(&to.as_str()),
        };
        if !fine {
            found.push(format!("{from} uses {to}"));
        }
    }
    found
}

#[test]
fn no_crate_uses_what_it_may_not() {
    let (ours, edges) = house();
    let found = forbidden(&ours, &edges);
    assert!(
        found.is_empty(),
        "forbidden edges (docs/map.md says which way the arrows point):\n  {}",
        found.join("\n  ")
    );
}

#[test]
fn every_crate_has_its_place_in_the_plan() {
    let (ours, _) = house();
    let unknown: Vec<_> = ours.iter().filter(|name| *name != "server" && allowed(name).is_none()).collect();
    assert!(unknown.is_empty(), "crates without a rule in this test: {unknown:?}");
}

#[test]
fn the_map_has_one_line_a_crate_and_no_other() {
    let (ours, _) = house();
    let map = std::fs::read_to_string(root().join("docs/map.md")).expect("docs/map.md is in the repository");
    let mut lines: BTreeMap<String, usize> = BTreeMap::new();
    for line in map.lines() {
        let name = line.strip_prefix("| `").and_then(|rest| rest.split_once("` |"));
        // Another table of the page lists folders, whose names end with a slash.
        if let Some((name, _)) = name.filter(|(name, _)| !name.contains('/')) {
            *lines.entry(name.to_owned()).or_default() += 1;
        }
    }
    let wrong: Vec<_> = ours
        .iter()
        .filter(|name| lines.get(*name) != Some(&1))
        .chain(lines.keys().filter(|name| !ours.contains(*name)))
        .collect();
    assert!(wrong.is_empty(), "docs/map.md needs exactly one line for each of our crates; wrong: {wrong:?}");
}

#[test]
fn a_forbidden_edge_is_noticed() {
    let ours =
        ["kernel", "seal", "store", "guard", "journal", "recordings", "prove", "server"].map(str::to_owned).into();
    let edge = |from: &str, to: &str, for_tests| Edge { from: from.to_owned(), to: to.to_owned(), for_tests };
    let wrong = [
        edge("journal", "recordings", false),
        edge("journal", "recordings", true),
        edge("journal", "sqlx", false),
        edge("kernel", "seal", false),
        edge("seal", "store", false),
        edge("guard", "journal", false),
        edge("guard", "store", false),
        edge("prove", "kernel", false),
        edge("prove", "server", true),
        edge("journal", "server", false),
    ];
    for one in wrong {
        let named = format!("{} -> {}", one.from, one.to);
        assert_eq!(forbidden(&ours, &[one]).len(), 1, "{named}");
    }
    let right = [
        edge("server", "journal", false),
        edge("journal", "guard", false),
        edge("journal", "serde", false),
        edge("guard", "store", true),
        edge("store", "sqlx", false),
    ];
    assert_eq!(forbidden(&ours, &right), Vec::<String>::new());
}
