//! Reads a file in order, and knows how much of it is left.

use super::{Result, Trouble};
use crate::source::Source;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};

/// How much is copied at a time.
const PIECE: usize = 32 * 1024;

pub(super) struct Input {
    inner: BufReader<Source>,
    length: u64,
    at: u64,
}

impl Input {
    pub(super) fn new(source: Source) -> Self {
        let length = source.len();
        Self { inner: BufReader::with_capacity(PIECE, source), length, at: 0 }
    }

    /// Where it is.
    pub(super) fn at(&self) -> u64 {
        self.at
    }

    /// How long all of it is.
    pub(super) fn len(&self) -> u64 {
        self.length
    }

    /// How much is left.
    pub(super) fn left(&self) -> u64 {
        self.length.saturating_sub(self.at)
    }

    /// The next so many bytes; corrupt where there are fewer.
    pub(super) fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    /// The same for a length that is known to be bounded.
    pub(super) fn bytes(&mut self, count: usize) -> Result<Vec<u8>> {
        if count as u64 > self.left() {
            return Err(Trouble::Corrupt);
        }
        let mut bytes = vec![0; count];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<()> {
        if bytes.len() as u64 > self.left() {
            return Err(Trouble::Corrupt);
        }
        self.inner.read_exact(bytes)?;
        self.at += bytes.len() as u64;
        Ok(())
    }

    /// Up to so many bytes, fewer only at the end.
    pub(super) fn some(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let mut count = 0;
        while count < bytes.len() {
            match self.inner.read(&mut bytes[count..]) {
                Ok(0) => break,
                Ok(read) => count += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.at += count as u64;
        Ok(count)
    }

    /// Copies so many bytes, or as many as there are: a file that breaks off is worth having up to there.
    pub(super) fn copy(&mut self, count: u64, out: &mut dyn Write) -> Result<()> {
        let mut left = count.min(self.left());
        let mut piece = vec![0; PIECE];
        while left > 0 {
            let now = usize::try_from(left).unwrap_or(usize::MAX).min(PIECE);
            self.fill(&mut piece[..now])?;
            out.write_all(&piece[..now])?;
            left -= now as u64;
        }
        Ok(())
    }

    /// Goes on so many bytes, or to the end.
    pub(super) fn skip(&mut self, count: u64) -> Result<()> {
        self.go(self.at.saturating_add(count))
    }

    /// Goes to a place, or to the end where that is before it.
    pub(super) fn go(&mut self, to: u64) -> Result<()> {
        let to = to.min(self.length);
        match i64::try_from(to).ok().zip(i64::try_from(self.at).ok()) {
            Some((to, at)) => self.inner.seek_relative(to - at)?,
            None => drop(self.inner.seek(SeekFrom::Start(to))?),
        }
        self.at = to;
        Ok(())
    }
}
