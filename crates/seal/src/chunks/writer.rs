//! Sealing a file while it arrives.

use super::{CHUNK, SEALED_CHUNK, header, nonce};
use crate::aad::Aad;
use crate::key::DataKey;
use crate::primitive::{ChaCha20Poly1305, KEY, cipher, encrypt};
use kernel::Rng;
use std::io::{self, Write};
use zeroize::Zeroizing;

/// Seals what is written to it. The file is whole only after [`Writer::finish`]; dropped before, it is one that no
/// [`super::Reader`] opens. Holds back up to one chunk, since only the end tells which chunk is the last.
pub struct Writer<W: Write> {
    inner: W,
    cipher: ChaCha20Poly1305,
    chunk: Zeroizing<Vec<u8>>,
    number: u32,
    written: u64,
    broken: bool,
}

impl<W: Write> Writer<W> {
    /// Begins a file for its place, and writes its header.
    pub fn new(mut inner: W, key: &DataKey, aad: &Aad, rng: &dyn Rng) -> io::Result<Self> {
        let mut salt = [0; KEY];
        rng.fill(&mut salt);
        let (header, file_key) = header(key, aad, &salt);
        inner.write_all(&header)?;
        let chunk = Zeroizing::new(Vec::with_capacity(SEALED_CHUNK));
        Ok(Self { inner, cipher: cipher(&file_key), chunk, number: 0, written: 0, broken: false })
    }

    /// Bytes of plaintext taken so far.
    pub const fn written(&self) -> u64 {
        self.written
    }

    /// Writes the last chunk and gives the sink back. Making it durable (`sync_all`) is the caller's part.
    pub fn finish(mut self) -> io::Result<W> {
        self.seal_chunk(true)?;
        self.inner.flush()?;
        Ok(self.inner)
    }

    fn seal_chunk(&mut self, last: bool) -> io::Result<()> {
        if self.broken {
            return Err(io::Error::other("an earlier write to this sealed file failed"));
        }
        // Until this chunk is written whole, the file is broken: its number must not serve for other bytes.
        self.broken = true;
        let tag = encrypt(&self.cipher, &nonce(self.number, last), &[], &mut self.chunk);
        self.chunk.extend_from_slice(&tag);
        self.inner.write_all(&self.chunk)?;
        self.chunk.clear();
        if !last {
            let too_large = || io::Error::new(io::ErrorKind::FileTooLarge, "a sealed file has at most 2^32 chunks");
            self.number = self.number.checked_add(1).ok_or_else(too_large)?;
        }
        self.broken = false;
        Ok(())
    }
}

impl<W: Write> Write for Writer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        if self.broken || self.chunk.len() == CHUNK {
            self.seal_chunk(false)?;
        }
        let taken = bytes.len().min(CHUNK - self.chunk.len());
        self.chunk.extend_from_slice(&bytes[..taken]);
        self.written += taken as u64;
        Ok(taken)
    }

    /// Flushes what was sealed; the chunk that is held back stays.
    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
