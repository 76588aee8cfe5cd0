//! Sealed files that can be read from anywhere in the middle: recordings on disk, so that a player's range request opens a
//! few chunks and not the whole.
//!
//! ```text
//! header      offset  length
//!                  0       8  "MVSEAL" and the format, 0 1
//!                  8       4  version of the data key, big endian
//!                 12      32  salt of the file, random
//!                 44      32  commitment to the file's key
//! chunk 0..n      76          65,536 bytes, ChaCha20-Poly1305, then the tag of 16 bytes; the last chunk is shorter or as long
//! ```
//!
//! **One key a file.** HKDF-Expand of the data key's root over the salt and the file's place ([`crate::Aad`], with the key's
//! version) gives the commitment, then the key. A file under another key, or put in another file's place, has another
//! commitment and is refused before a chunk is opened; the reasoning is in `record.rs`.
//!
//! **One nonce a chunk**: seven zero bytes, the chunk's number (32 bits, big endian), and 1 for the last chunk or 0 (the
//! STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár, 2015). The key is the file's alone, so numbers
//! cannot repeat under it. A chunk that is moved, repeated or left out has the wrong number; a file that ends early ends in a
//! chunk that does not say so, and one that goes on has such a chunk in the middle. Opening a file opens its last chunk
//! first, so its length is proven before anything is read. An empty file has one empty chunk.
//!
//! Limits: 2^32 chunks, 256 TiB. A file that a killed process left half written has no last chunk and is refused.

mod reader;
mod writer;

pub use reader::Reader;
pub use writer::Writer;

use crate::aad::Aad;
use crate::key::DataKey;
use crate::primitive::{KEY, TAG};
use zeroize::Zeroizing;

/// Bytes of plaintext in every chunk but the last.
pub const CHUNK: usize = 64 * 1024;

const MAGIC: [u8; 8] = *b"MVSEAL\x00\x01";
const SALT_AT: usize = MAGIC.len() + 4;
const COMMITMENT_AT: usize = SALT_AT + KEY;
const HEADER: usize = COMMITMENT_AT + KEY;
const SEALED_CHUNK: usize = CHUNK + TAG;

/// The header of a file, and its key.
fn header(key: &DataKey, aad: &Aad, salt: &[u8; KEY]) -> ([u8; HEADER], Zeroizing<[u8; KEY]>) {
    let (commitment, file_key) = key.for_file(aad, salt);
    let mut header = [0; HEADER];
    header[..MAGIC.len()].copy_from_slice(&MAGIC);
    header[MAGIC.len()..SALT_AT].copy_from_slice(&key.version().to_be_bytes());
    header[SALT_AT..COMMITMENT_AT].copy_from_slice(salt);
    header[COMMITMENT_AT..].copy_from_slice(&commitment);
    (header, file_key)
}

fn nonce(number: u32, last: bool) -> [u8; 12] {
    let mut nonce = [0; 12];
    nonce[7..11].copy_from_slice(&number.to_be_bytes());
    nonce[11] = u8::from(last);
    nonce
}

#[cfg(test)]
mod tests;
