//! Opening a sealed file, from its start or from the middle.

use super::{CHUNK, COMMITMENT_AT, HEADER, MAGIC, SALT_AT, SEALED_CHUNK, header, nonce};
use crate::aad::Aad;
use crate::key::DataKey;
use crate::primitive::{ChaCha20Poly1305, KEY, TAG, cipher, decrypt, same};
use crate::record::OpenError;
use std::io::{self, Read, Seek, SeekFrom};
use zeroize::Zeroizing;

/// Reads and seeks in the plaintext of a sealed file. Holds one opened chunk; a read opens only the chunks it touches.
///
/// Every refusal is an [`io::Error`] of kind `InvalidData` around an [`OpenError`]; other kinds are the disk's.
pub struct Reader<R: Read + Seek> {
    inner: R,
    cipher: ChaCha20Poly1305,
    length: u64,
    chunks: u64,
    position: u64,
    held: Option<u64>,
    chunk: Zeroizing<Vec<u8>>,
}

impl<R: Read + Seek> Reader<R> {
    /// Opens a file for its place: proves the key, the place and the length. The file begins at offset 0 of `inner`.
    pub fn open(mut inner: R, key: &DataKey, aad: &Aad) -> io::Result<Self> {
        let total = inner.seek(SeekFrom::End(0))?;
        let body = total.checked_sub(HEADER as u64).ok_or_else(|| refused(OpenError::Malformed))?;
        inner.seek(SeekFrom::Start(0))?;
        let mut found = [0; HEADER];
        inner.read_exact(&mut found)?;
        if found[..MAGIC.len()] != MAGIC {
            return Err(refused(OpenError::Malformed));
        }
        let mut salt = [0; KEY];
        salt.copy_from_slice(&found[SALT_AT..COMMITMENT_AT]);
        let (expected, file_key) = header(key, aad, &salt);
        if !same(&found, &expected) {
            return Err(refused(OpenError::OtherKey));
        }
        let chunks = body.div_ceil(SEALED_CHUNK as u64);
        let tags = chunks * TAG as u64;
        // The last chunk holds a tag at least, and bytes too unless it is the only one.
        let last = body - chunks.saturating_sub(1) * SEALED_CHUNK as u64;
        let shortest = if chunks == 1 { TAG } else { TAG + 1 };
        if last < shortest as u64 || chunks > u64::from(u32::MAX) + 1 {
            return Err(refused(OpenError::Altered));
        }
        let chunk = Zeroizing::new(Vec::with_capacity(SEALED_CHUNK));
        let length = body - tags;
        let mut reader = Self { inner, cipher: cipher(&file_key), length, chunks, position: 0, held: None, chunk };
        reader.hold(chunks - 1)?;
        Ok(reader)
    }

    /// Bytes of plaintext in the file.
    #[expect(clippy::len_without_is_empty, reason = "the length of a file, in bytes; emptiness is no question here")]
    pub const fn len(&self) -> u64 {
        self.length
    }

    /// Opens the chunk of that number, unless it is the one at hand.
    fn hold(&mut self, index: u64) -> io::Result<()> {
        if self.held == Some(index) {
            return Ok(());
        }
        self.held = None;
        let last = index == self.chunks - 1;
        let plain = if last { self.length - index * CHUNK as u64 } else { CHUNK as u64 };
        // At most `CHUNK`, by the way the number of chunks was reckoned.
        let plain = usize::try_from(plain).map_err(io::Error::other)?;
        let number = u32::try_from(index).map_err(io::Error::other)?;
        self.inner.seek(SeekFrom::Start(HEADER as u64 + index * SEALED_CHUNK as u64))?;
        self.chunk.resize(plain + TAG, 0);
        self.inner.read_exact(&mut self.chunk)?;
        let (text, tag) = self.chunk.split_at_mut(plain);
        decrypt(&self.cipher, &nonce(number, last), &[], text, tag).map_err(|_| refused(OpenError::Altered))?;
        self.chunk.truncate(plain);
        self.held = Some(index);
        Ok(())
    }
}

impl<R: Read + Seek> Read for Reader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.position >= self.length || out.is_empty() {
            return Ok(0);
        }
        self.hold(self.position / CHUNK as u64)?;
        // A remainder by `CHUNK` fits whatever holds `CHUNK`.
        let at = usize::try_from(self.position % CHUNK as u64).map_err(io::Error::other)?;
        let taken = out.len().min(self.chunk.len() - at);
        out[..taken].copy_from_slice(&self.chunk[at..at + taken]);
        self.position += taken as u64;
        Ok(taken)
    }
}

impl<R: Read + Seek> Seek for Reader<R> {
    /// Moves in the plaintext. Beyond the end is allowed, and reads nothing there.
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
        };
        let before = || io::Error::new(io::ErrorKind::InvalidInput, "a position before the start of the file");
        self.position = position.ok_or_else(before)?;
        Ok(self.position)
    }
}

fn refused(error: OpenError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
