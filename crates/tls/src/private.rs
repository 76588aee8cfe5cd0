//! Files that hold keys: readable by their owner only, and there as a whole or not at all.

use crate::Error;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

/// Writes a file that only its owner can read.
///
/// # Errors
/// When the file system refuses.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    write_as(path, bytes, 0o600)
}

/// Writes a file that everybody may read, in the same way.
///
/// # Errors
/// When the file system refuses.
pub fn write_public(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    write_as(path, bytes, 0o644)
}

/// Makes a folder for its owner alone, with those above it; one that is there stays as it is.
///
/// # Errors
/// When the file system refuses.
pub fn folder(path: &Path) -> Result<(), Error> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|error| Error::file(path, &error))
}

/// Under another name first: whoever reads meanwhile sees the old file or the new one.
fn write_as(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Error> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".{}", std::process::id()));
    let draft = Path::new(&draft);
    let written =
        OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(draft).and_then(|mut file: File| {
            file.write_all(bytes)?;
            file.sync_all()
        });
    let moved = written.and_then(|()| std::fs::rename(draft, path));
    if let Err(error) = moved {
        // What is left of it is no key anybody uses.
        let _ = std::fs::remove_file(draft);
        return Err(Error::file(path, &error));
    }
    // A rename lives in the folder, which is written on its own.
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent).and_then(|folder| folder.sync_all()).map_err(|error| Error::file(parent, &error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_key_is_for_its_owner_and_whole() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("a/b");
        super::folder(&inner).unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&inner), 0o700);
        let path = inner.join("key");
        write(&path, b"one").unwrap();
        write(&path, b"two").unwrap();
        assert_eq!((std::fs::read(&path).unwrap(), mode(&path)), (b"two".to_vec(), 0o600));
        assert_eq!(std::fs::read_dir(&inner).unwrap().count(), 1, "no draft is left");
        assert!(write(&inner.join("no/key"), b"x").is_err());
    }
}
