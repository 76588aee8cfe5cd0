//! A folder that is gone when nobody needs it any more.

use crate::material::noise;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

pub(crate) struct Folder(PathBuf);

impl Folder {
    /// A new one in `parent`, for its owner only: settings and secrets of the instance lie in it.
    pub(super) fn new(parent: &Path) -> io::Result<Self> {
        let path = parent.join(format!("mindvibe-prove-{:016x}", noise()));
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Nobody is left to tell; what remains is a folder of the system's temporary ones.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_gone_with_all_that_is_in_it() {
        let folder = Folder::new(&std::env::temp_dir()).unwrap();
        let path = folder.path().to_owned();
        std::fs::create_dir(path.join("data")).unwrap();
        std::fs::write(path.join("data/file"), "x").unwrap();
        drop(folder);
        assert!(!path.exists());
    }
}
