//! What sound is read from: any seekable bytes of known length.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex, PoisonError};

use symphonia::core::io::MediaSource;

/// Reading and seeking in one, so that it fits in a box.
trait Bytes: Read + Seek + Send + Sync {}
impl<T: Read + Seek + Send + Sync> Bytes for T {}

/// The bytes of one recording: a file, a buffer, or a reader that opens sealed chunks as it goes.
pub struct Source {
    inner: Box<dyn Bytes>,
    length: u64,
    position: u64,
    watch: Watch,
    /// What is read in place of what stands there, and where.
    shown: Option<(u64, Vec<u8>)>,
}

/// What is known of a [`Source`] after a demuxer has swallowed it.
#[derive(Clone, Default)]
pub(crate) struct Watch(Arc<Mutex<Seen>>);

#[derive(Default)]
struct Seen {
    furthest: u64,
    length: u64,
    failure: Option<io::Error>,
}

impl Source {
    /// Wraps a reader of `byte_len` bytes.
    pub fn new(reader: impl Read + Seek + Send + Sync + 'static, byte_len: u64) -> Self {
        let watch = Watch::default();
        watch.with(|seen| seen.length = byte_len);
        Self { inner: Box::new(reader), length: byte_len, position: 0, watch, shown: None }
    }

    /// A file on disk, from its start.
    pub fn file(file: File) -> io::Result<Self> {
        let length = file.metadata()?.len();
        Ok(Self::new(file, length))
    }

    /// Bytes in memory.
    pub fn bytes(bytes: Vec<u8>) -> Self {
        let length = bytes.len() as u64;
        Self::new(Cursor::new(bytes), length)
    }

    /// In bytes.
    pub(crate) fn len(&self) -> u64 {
        self.length
    }

    /// Has these bytes read in place of those that stand there.
    pub(crate) fn show(&mut self, at: u64, bytes: Vec<u8>) {
        self.shown = Some((at, bytes));
    }

    /// Writes over what was read from `start` on, where something else is to be shown.
    fn lay_over(&self, start: u64, read: &mut [u8]) {
        let Some((at, bytes)) = &self.shown else { return };
        for (place, byte) in (*at..).zip(bytes) {
            let inside = place.checked_sub(start).and_then(|index| usize::try_from(index).ok());
            if let Some(shown) = inside.and_then(|index| read.get_mut(index)) {
                *shown = *byte;
            }
        }
    }

    pub(crate) fn watch(&self) -> Watch {
        self.watch.clone()
    }
}

impl Watch {
    fn with<T>(&self, look: impl FnOnce(&mut Seen) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The failure of the reader itself, if there was one: demuxers hide it behind errors of their own.
    pub(crate) fn failure(&self) -> Option<io::Error> {
        self.with(|seen| seen.failure.take())
    }

    /// How far reading has come, 0 to 1.
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "a share for a progress bar")]
    pub(crate) fn share(&self) -> f32 {
        self.with(|seen| if seen.length == 0 { 1.0 } else { (seen.furthest as f64 / seen.length as f64) as f32 })
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.inner.read(buffer) {
            Ok(count) => {
                self.lay_over(self.position, &mut buffer[..count]);
                self.position += count as u64;
                let position = self.position;
                self.watch.with(|seen| seen.furthest = seen.furthest.max(position));
                Ok(count)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => {
                let kind = error.kind();
                self.watch.with(|seen| seen.failure = Some(error));
                Err(kind.into())
            }
        }
    }
}

impl Seek for Source {
    // The target is worked out here, so that an offset out of a hostile header is the demuxer's failure, not the reader's.
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
        };
        let target = target.filter(|at| *at <= self.length).ok_or(io::ErrorKind::InvalidInput)?;
        match self.inner.seek(SeekFrom::Start(target)) {
            Ok(position) => {
                self.position = position;
                Ok(position)
            }
            Err(error) => {
                let kind = error.kind();
                self.watch.with(|seen| seen.failure = Some(error));
                Err(kind.into())
            }
        }
    }
}

impl MediaSource for Source {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.length)
    }
}
