//! Which speech models are on this machine.
//!
//! `make models` puts them there, with a manifest that says how large each is and what its checksum was when it was
//! made. Here the size is compared; the checksum was checked when the file was written, and hashing 150 MB on every look
//! would cost more than it tells.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use thiserror::Error;

/// The command that fetches what is missing.
pub const HOW: &str = "make models";

/// The models the program knows, the preferred one first: name, file, whether it knows English only.
const KNOWN: [(&str, &str, bool); 2] = [("base", "ggml-base.bin", false), ("tiny.en", "ggml-tiny.en.bin", true)];

/// A model that is there and whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelFile {
    /// Its short name: `base`.
    pub name: &'static str,
    /// Where it lies.
    pub path: PathBuf,
    /// In bytes.
    pub size: u64,
    /// As the manifest has it, in hexadecimal.
    pub sha256: String,
    /// Whether it knows no other language.
    pub english_only: bool,
}

/// A model that is not there, or not whole.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{what} Run `{how}` on the server to fetch it.")]
pub struct Missing {
    /// What is missing, in a sentence without paths.
    pub what: String,
    /// The command that mends it.
    pub how: &'static str,
}

#[derive(Deserialize)]
struct Manifest {
    models: BTreeMap<String, Entry>,
}

#[derive(Deserialize)]
struct Entry {
    size: u64,
    sha256: String,
}

/// The best model in a folder.
///
/// # Errors
/// There is none, or none that is whole.
pub fn find(dir: &Path) -> Result<ModelFile, Missing> {
    let mut first = None;
    for (name, ..) in KNOWN {
        match named(dir, name) {
            Ok(model) => return Ok(model),
            Err(missing) => first = first.or(Some(missing)),
        }
    }
    Err(first.unwrap_or_else(|| missing("No speech model is known.".to_owned())))
}

/// The model of that name.
///
/// # Errors
/// It is not there, not whole, or no such model is known.
pub fn named(dir: &Path, name: &str) -> Result<ModelFile, Missing> {
    let Some((name, file, english_only)) = KNOWN.into_iter().find(|(known, ..)| *known == name) else {
        return Err(missing("No speech model of that name is known.".to_owned()));
    };
    let absent = || missing(format!("The speech model {name} ({file}) is not on this machine."));
    let path = dir.join(file);
    let size = fs::metadata(&path).ok().filter(fs::Metadata::is_file).ok_or_else(absent)?.len();
    let manifest = fs::read(dir.join("manifest.json")).map_err(|_| unlisted(name))?;
    let manifest: Manifest = serde_json::from_slice(&manifest).map_err(|_| unlisted(name))?;
    let entry = manifest.models.get(file).ok_or_else(|| unlisted(name))?;
    if entry.size != size {
        let wanted = entry.size;
        return Err(missing(format!("The speech model {name} is damaged: it has {size} bytes, not {wanted}.")));
    }
    Ok(ModelFile { name, path, size, sha256: entry.sha256.clone(), english_only })
}

fn unlisted(name: &str) -> Missing {
    missing(format!("The speech model {name} is there, but the manifest that vouches for it is not."))
}

fn missing(what: String) -> Missing {
    Missing { what, how: HOW }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(models: &[(&str, &[u8])], manifest: Option<&str>) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (file, bytes) in models {
            fs::write(dir.path().join(file), bytes).unwrap();
        }
        if let Some(manifest) = manifest {
            fs::write(dir.path().join("manifest.json"), manifest).unwrap();
        }
        dir
    }

    #[test]
    fn an_empty_folder_says_what_to_run() {
        let missing = find(folder(&[], None).path()).unwrap_err();
        assert_eq!(
            missing.to_string(),
            "The speech model base (ggml-base.bin) is not on this machine. Run `make models` on the server to fetch it."
        );
    }

    #[test]
    fn the_better_model_is_preferred_and_the_other_will_do() {
        let manifest =
            r#"{"models":{"ggml-base.bin":{"size":3,"sha256":"a"},"ggml-tiny.en.bin":{"size":2,"sha256":"b"}}}"#;
        let both = folder(&[("ggml-base.bin", b"abc"), ("ggml-tiny.en.bin", b"ab")], Some(manifest));
        assert_eq!(find(both.path()).unwrap().name, "base");
        let half = folder(&[("ggml-base.bin", b"ab"), ("ggml-tiny.en.bin", b"ab")], Some(manifest));
        assert_eq!(find(half.path()).unwrap().name, "tiny.en");
        assert!(named(half.path(), "base").unwrap_err().what.contains("has 2 bytes, not 3"));
    }

    #[test]
    fn a_model_nobody_vouches_for_is_not_loaded() {
        for manifest in [None, Some("{"), Some(r#"{"models":{}}"#)] {
            let dir = folder(&[("ggml-base.bin", b"abc")], manifest);
            assert!(find(dir.path()).unwrap_err().what.contains("vouches"), "{manifest:?}");
        }
    }
}
