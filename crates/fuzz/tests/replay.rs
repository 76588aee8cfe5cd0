//! What the fuzzer found of interest, and what once broke something, again.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::path::Path;

fn replay(name: &str) {
    let target = fuzz::target(name).unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    let mut files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 8, "{name}: {} files in {}", files.len(), folder.display());
    for file in files {
        let bytes = fs::read(&file).unwrap();
        assert!(bytes.len() <= 64 * 1024, "{} is too large to be kept", file.display());
        target(&bytes);
        // Cut off anywhere, it must not break anything either.
        for end in [0, 1, bytes.len() / 2, bytes.len().saturating_sub(1)] {
            target(&bytes[..end.min(bytes.len())]);
        }
    }
}

#[test]
fn frames() {
    replay("frames");
}

#[test]
fn headers() {
    replay("headers");
}

#[test]
fn json() {
    replay("json");
}

#[test]
fn tokens() {
    replay("tokens");
}

#[test]
fn uploads() {
    replay("uploads");
}

#[test]
fn every_target_has_its_corpus() {
    let mut folders: Vec<_> = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    folders.sort();
    assert_eq!(folders, fuzz::TARGETS.map(|(name, _)| name));
    assert!(fuzz::target("nothing").is_none());
}
