//! Where sound is kept: sealed files under the media directory, `<xx>/<id of the recording>`, 0600 in folders of 0700.
//!
//! The rest of the slice knows [`MediaStore`] only, so that storage shared by several machines can take its place. What a
//! person called their file is never part of a path.

mod disk;
mod part;
mod stream;
mod sweep;

pub(crate) use disk::Disk;
pub(crate) use part::{Part, Whole};
pub(crate) use stream::pieces;
pub(crate) use sweep::Old;

use crate::model::RecordingId;
use kernel::{Ambient, Rng, UserId};
use seal::{Aad, DataKey, chunks};
use std::fmt;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The plaintext of a sealed file, readable from anywhere.
pub(crate) type Reader = chunks::Reader<File>;

/// An open recording.
pub(crate) struct Sound {
    /// The sound.
    pub(crate) reader: Reader,
    /// Its length in bytes.
    pub(crate) length: u64,
}

/// The name of a recording's file, made of the recording's id and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MediaKey(RecordingId);

impl MediaKey {
    pub(crate) const fn of(id: RecordingId) -> Self {
        Self(id)
    }

    /// Below the media directory. The last byte of an id is random, so folders fill evenly.
    fn path(self, root: &Path) -> PathBuf {
        root.join(self.to_string())
    }

    fn part_path(self, root: &Path) -> PathBuf {
        root.join(format!("{self}.part"))
    }
}

impl fmt::Display for MediaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = self.0.uuid().as_bytes()[15];
        write!(f, "{last:02x}/{}", self.0)
    }
}

/// Under which key and for which place a file is sealed.
#[derive(Clone)]
pub(crate) struct Place {
    data_key: Arc<DataKey>,
    aad: Aad,
    rng: Arc<dyn Rng>,
}

impl Place {
    /// The sound of one person's recording.
    pub(crate) fn of(id: RecordingId, user: UserId, data_key: Arc<DataKey>, ambient: &Ambient) -> Self {
        let aad = Aad { table: "recordings", row: id.uuid(), column: "audio", user: user.uuid() };
        Self { data_key, aad, rng: ambient.rng.clone() }
    }
}

/// The files. Clones share everything.
#[derive(Clone)]
pub(crate) struct MediaStore {
    root: Arc<Path>,
    disk: Disk,
}

impl MediaStore {
    /// Opens the directory, making it if need be.
    pub(crate) fn open(root: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(root)?;
        Ok(Self { root: root.into(), disk: Disk::start()? })
    }

    /// The threads that work on files.
    pub(crate) const fn disk(&self) -> &Disk {
        &self.disk
    }

    /// Begins a file.
    pub(crate) async fn begin(&self, id: RecordingId, place: Place) -> io::Result<Part> {
        Part::begin(self.disk.clone(), self.root.to_path_buf(), MediaKey::of(id), place).await
    }

    /// Ends a file that was begun here; it is not kept yet.
    pub(crate) async fn finish(&self, part: Part) -> io::Result<Whole> {
        part.finish(&self.root).await
    }

    /// Opens a recording. `NotFound` when there is no file, `InvalidData` when it does not open under this key.
    pub(crate) async fn read(&self, id: RecordingId, place: Place) -> io::Result<Sound> {
        let path = MediaKey::of(id).path(&self.root);
        self.disk.run(move || open(&path, &place)).await
    }

    /// Removes a recording's file. Doing it again does nothing.
    pub(crate) async fn remove(&self, id: RecordingId) -> io::Result<()> {
        let path = MediaKey::of(id).path(&self.root);
        self.disk
            .run(move || match fs::remove_file(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                Err(error) => Err(error),
                Ok(()) => path.parent().map_or(Ok(()), sync_folder),
            })
            .await
    }
}

fn open(path: &Path, place: &Place) -> io::Result<Sound> {
    let reader = Reader::open(File::open(path)?, &place.data_key, &place.aad)?;
    let length = reader.len();
    Ok(Sound { reader, length })
}

fn make_folder(folder: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

/// Makes names in a folder durable.
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use std::io::Read;
    use std::os::unix::fs::PermissionsExt;

    fn files(folder: &Path) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
        }
        found
    }

    struct House {
        dir: tempfile::TempDir,
        store: MediaStore,
        id: RecordingId,
        place: Place,
    }

    fn house() -> House {
        let ambient = Ambient::system();
        let dir = tempfile::tempdir().unwrap();
        let store = MediaStore::open(&dir.path().join("media")).unwrap();
        let id: RecordingId = ambient.id();
        let key = Arc::new(DataKey::generate(1, &*ambient.rng));
        let place = Place::of(id, ambient.id(), key, &ambient);
        House { dir, store, id, place }
    }

    #[tokio::test]
    async fn what_is_kept_comes_back_and_is_sealed_on_disk() {
        let House { dir, store, id, place } = house();
        let canary = b"the canary sings at dawn".repeat(10_000);
        let mut part = store.begin(id, place.clone()).await.unwrap();
        for piece in canary.chunks(50_001) {
            part.write(vec![Bytes::copy_from_slice(piece)]).await.unwrap();
            for path in files(dir.path()) {
                assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
                assert!(!fs::read(&path).unwrap().windows(10).any(|bytes| bytes == b"the canary"));
            }
        }
        let whole = store.finish(part).await.unwrap();
        assert_eq!(whole.size, canary.len() as u64);
        assert_eq!(whole.digest, <[u8; 32]>::from(Sha256::digest(&canary)));
        whole.keep().await.unwrap().settle();
        let mut back = Vec::new();
        store.read(id, place.clone()).await.unwrap().reader.read_to_end(&mut back).unwrap();
        assert_eq!(back, canary);
        assert_eq!(files(dir.path()), [MediaKey::of(id).path(&store.root)]);
        store.remove(id).await.unwrap();
        store.remove(id).await.unwrap();
        assert!(files(dir.path()).is_empty());
        assert_eq!(store.read(id, place).await.err().unwrap().kind(), io::ErrorKind::NotFound);
    }

    #[tokio::test]
    async fn whatever_is_dropped_is_removed() {
        let House { dir, store, id, place } = house();
        let mut part = store.begin(id, place.clone()).await.unwrap();
        part.write(vec![Bytes::from(vec![1; 100_000])]).await.unwrap();
        part.discard().await;
        assert!(files(dir.path()).is_empty());
        let part = store.begin(id, place.clone()).await.unwrap();
        store.finish(part).await.unwrap().discard().await;
        assert!(files(dir.path()).is_empty());
        let part = store.begin(id, place.clone()).await.unwrap();
        store.finish(part).await.unwrap().keep().await.unwrap().discard().await;
        assert!(files(dir.path()).is_empty());
        // A client that leaves in the middle of a write.
        let mut part = store.begin(id, place).await.unwrap();
        let write = part.write(vec![Bytes::from(vec![1; 10_000_000])]);
        assert!(tokio::time::timeout(std::time::Duration::from_micros(1), write).await.is_err());
        drop(part);
        for _ in 0..200 {
            if files(dir.path()).is_empty() {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("{:?}", files(dir.path()));
    }

    use sha2::{Digest, Sha256};
}
