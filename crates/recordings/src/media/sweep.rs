//! What lies in the media directory and belongs to nobody: uploads that died with their process, and files whose row is gone.

use super::{MediaKey, MediaStore};
use crate::model::RecordingId;
use kernel::Timestamp;
use std::fs;
use std::io;
use std::path::Path;

/// What an old file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Old {
    /// An upload nobody has written to for a while.
    Part,
    /// A recording's file, if there still is such a recording.
    File,
}

impl MediaStore {
    /// The files that nobody has written to since `before`. Names that are not ours are left alone.
    pub(crate) async fn old(&self, before: Timestamp) -> io::Result<Vec<(Old, RecordingId)>> {
        let root = self.root.clone();
        self.disk.run(move || list(&root, before)).await
    }

    /// Removes an unfinished upload.
    pub(crate) async fn remove_part(&self, id: RecordingId) -> io::Result<()> {
        let path = MediaKey::of(id).part_path(&self.root);
        self.disk
            .run(move || match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            })
            .await
    }
}

fn list(root: &Path, before: Timestamp) -> io::Result<Vec<(Old, RecordingId)>> {
    let mut found = Vec::new();
    for folder in fs::read_dir(root)? {
        let folder = folder?;
        if !folder.file_type()?.is_dir() {
            continue;
        }
        for file in fs::read_dir(folder.path())? {
            let file = file?;
            let name = file.file_name();
            let Some(name) = name.to_str() else { continue };
            let stem = name.strip_suffix(".part");
            let Ok(id) = stem.unwrap_or(name).parse::<RecordingId>() else { continue };
            // Something that vanishes while we look is being taken care of.
            let Ok(modified) = file.metadata().and_then(|meta| meta.modified()) else { continue };
            if is_before(modified, before) {
                found.push((if stem.is_some() { Old::Part } else { Old::File }, id));
            }
        }
    }
    Ok(found)
}

fn is_before(at: std::time::SystemTime, before: Timestamp) -> bool {
    let since = at.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).is_ok_and(|micros| micros < before.as_micros())
}
