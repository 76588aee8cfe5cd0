//! What this crate shows to others is a list that somebody has looked at (audit finding L2): `public-items.txt`.
//!
//! Read from the sources' own text: a line that begins with `pub ` outside of tests. To accept a change, copy what the
//! failing test prints into the list, in a commit that says why.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.file_name().is_some_and(|name| name != "tests.rs") {
            into.push(path);
        }
    }
}

/// `pub async fn hash(&self, …` is `async fn hash`; a field or a variant keeps what stands before its colon.
fn name_of(line: &str) -> Option<&str> {
    let item = line.trim_start().strip_prefix("pub ")?;
    let end = if item.starts_with("use ") { item.find(';') } else { item.find(['(', ':', '{', '<', ';', '=']) };
    Some(item[..end.unwrap_or(item.len())].trim_end())
}

#[test]
fn the_public_items_are_the_committed_list() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    sources(&home.join("src"), &mut files);
    files.sort();
    let mut found = String::new();
    for path in files {
        let text = fs::read_to_string(&path).expect("a source");
        let text = text.split("#[cfg(test)]").next().expect("at least one part");
        let name = path.strip_prefix(home.join("src")).expect("inside").display().to_string();
        for item in text.lines().filter_map(name_of) {
            writeln!(found, "{name}: {item}").expect("a string takes all");
        }
    }
    let listed = fs::read_to_string(home.join("public-items.txt")).expect("the committed list");
    assert!(found == listed, "the public items are now:\n\n{found}");
}
