//! A file that is not a recording yet: sealed from its first byte, gone with whoever holds it unless it is kept.

use super::disk::Disk;
use super::{MediaKey, Place, Sound, sync_folder};
use bytes::Bytes;
use seal::chunks;
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Removes its file when dropped.
struct Scratch(Option<PathBuf>);

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Some(path) = self.0.take()
            && let Err(error) = fs::remove_file(path)
            && error.kind() != io::ErrorKind::NotFound
        {
            // The sweep will try again.
            tracing::warn!(kind = ?error.kind(), "could not remove an unfinished upload");
        }
    }
}

struct Open {
    // Before `scratch`, so that the file is closed when it is removed.
    writer: chunks::Writer<File>,
    digest: Sha256,
    scratch: Scratch,
}

/// A file that one thread writes from its beginning to its end, lent by its [`Part`]. Dropped, what of it is on disk is
/// removed.
pub(crate) struct Sink(Box<Open>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.writer.write_all(bytes)?;
        self.0.digest.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A file being written. Dropped at any moment, whatever of it is on disk is removed.
pub(crate) struct Part {
    disk: Disk,
    key: MediaKey,
    place: Place,
    /// `None` while a piece is being written on another thread, and after a piece failed.
    open: Option<Box<Open>>,
}

/// A file written whole and made durable, still under its temporary name. Dropped, it is removed.
pub(crate) struct Whole {
    disk: Disk,
    root: PathBuf,
    key: MediaKey,
    place: Place,
    scratch: Option<Scratch>,
    /// Its length, in bytes of sound.
    pub(crate) size: u64,
    /// SHA-256 of the sound.
    pub(crate) digest: [u8; 32],
}

/// A file under its lasting name, without a row yet. Dropped, it is removed.
pub(crate) struct Kept {
    disk: Disk,
    scratch: Option<Scratch>,
}

impl Part {
    pub(super) async fn begin(disk: Disk, root: PathBuf, key: MediaKey, place: Place) -> io::Result<Self> {
        let (path, of) = (key.part_path(&root), place.clone());
        let open = disk
            .run(move || {
                if let Some(folder) = path.parent() {
                    super::make_folder(folder)?;
                }
                let file = File::options().write(true).create_new(true).mode(0o600).open(&path)?;
                let scratch = Scratch(Some(path));
                let writer = chunks::Writer::new(file, &of.data_key, &of.aad, &*of.rng)?;
                let digest = Sha256::new();
                Ok(Box::new(Open { writer, digest, scratch }))
            })
            .await?;
        Ok(Self { disk, key, place, open: Some(open) })
    }

    /// Seals and writes some more bytes.
    pub(crate) async fn write(&mut self, pieces: Vec<Bytes>) -> io::Result<()> {
        let mut open = self.open.take().ok_or_else(broken)?;
        let work = move || {
            for piece in &pieces {
                open.digest.update(piece);
                open.writer.write_all(piece)?;
            }
            Ok(open)
        };
        self.open = Some(self.disk.run(work).await?);
        Ok(())
    }

    /// Lends the file to a thread that writes it in one go; nothing can be done with it before it is back.
    pub(crate) fn lend(&mut self) -> io::Result<Sink> {
        self.open.take().map(Sink).ok_or_else(broken)
    }

    /// Takes back what was lent.
    pub(crate) fn take_back(&mut self, sink: Sink) {
        self.open = Some(sink.0);
    }

    /// Writes the end and makes the file durable.
    pub(crate) async fn finish(mut self, root: &Path) -> io::Result<Whole> {
        let open = self.open.take().ok_or_else(broken)?;
        let work = move || {
            let Open { writer, digest, scratch } = *open;
            let size = writer.written();
            writer.finish()?.sync_all()?;
            Ok((scratch, size, digest.finalize().into()))
        };
        let (scratch, size, digest) = self.disk.run(work).await?;
        Ok(Whole {
            disk: self.disk.clone(),
            root: root.to_owned(),
            key: self.key,
            place: self.place.clone(),
            scratch: Some(scratch),
            size,
            digest,
        })
    }

    /// Removes it, and returns when it is gone.
    pub(crate) async fn discard(mut self) {
        if let Some(open) = self.open.take() {
            gone(&self.disk, open).await;
        }
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if let Some(open) = self.open.take() {
            self.disk.discard(open);
        }
    }
}

impl Whole {
    /// Opens it for reading.
    pub(crate) async fn read(&self) -> io::Result<Sound> {
        let (path, place) = (self.key.part_path(&self.root), self.place.clone());
        self.disk.run(move || super::open(&path, &place)).await
    }

    /// Gives it its lasting name, durably.
    pub(crate) async fn keep(mut self) -> io::Result<Kept> {
        let Some(mut scratch) = self.scratch.take() else { return Err(broken()) };
        let (from, to, root) = (self.key.part_path(&self.root), self.key.path(&self.root), self.root.clone());
        let work = move || {
            fs::rename(&from, &to)?;
            scratch.0 = Some(to.clone());
            if let Some(folder) = to.parent() {
                sync_folder(folder)?;
            }
            sync_folder(&root)?;
            Ok(scratch)
        };
        let scratch = Some(self.disk.run(work).await?);
        Ok(Kept { disk: self.disk.clone(), scratch })
    }

    /// Removes it, and returns when it is gone.
    pub(crate) async fn discard(mut self) {
        if let Some(scratch) = self.scratch.take() {
            gone(&self.disk, scratch).await;
        }
    }
}

impl Drop for Whole {
    fn drop(&mut self) {
        if let Some(scratch) = self.scratch.take() {
            self.disk.discard(scratch);
        }
    }
}

impl Kept {
    /// From here on the file is the recording's: call it just before the row is committed. A commit whose outcome is not
    /// known must leave the file; without a row it is found by the sweep.
    pub(crate) fn settle(mut self) {
        if let Some(scratch) = &mut self.scratch {
            scratch.0 = None;
        }
    }

    /// Removes it, and returns when it is gone.
    pub(crate) async fn discard(mut self) {
        if let Some(scratch) = self.scratch.take() {
            gone(&self.disk, scratch).await;
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if let Some(scratch) = self.scratch.take() {
            self.disk.discard(scratch);
        }
    }
}

async fn gone(disk: &Disk, what: impl Send + 'static) {
    let work = move || {
        drop(what);
        Ok(())
    };
    if let Err(error) = disk.run(work).await {
        tracing::warn!(%error, "could not wait for an unfinished upload to be removed");
    }
}

fn broken() -> io::Error {
    io::Error::other("an earlier write to this file failed")
}
