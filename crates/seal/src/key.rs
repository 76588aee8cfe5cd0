//! The data key: one for each person, from which everything of theirs is sealed.
//!
//! Thirty-two random bytes, the *root*, from which HKDF-Expand (SHA-256) derives what is used, each under its own label:
//! the key and commitment of records once, when the key is loaded (see `record.rs`), and a key for each file (see
//! [`crate::chunks`]). The root itself encrypts nothing. Making, keeping and destroying keys is `store`'s work.

use crate::aad::Aad;
use crate::primitive::{KEY, XChaCha20Poly1305, cipher, hkdf_expand};
use kernel::{Rng, Secret};
use zeroize::Zeroizing;

const RECORD_LABEL: &[u8] = b"mindvibe/seal/record/v1";
const FILE_LABEL: &[u8] = b"mindvibe/seal/file/v1";

/// A person's data key. Has no `Debug` and cannot be copied; wiped when dropped.
pub struct DataKey {
    version: u32,
    root: Zeroizing<[u8; KEY]>,
    pub(crate) record_cipher: XChaCha20Poly1305,
    pub(crate) record_commitment: [u8; KEY],
}

impl DataKey {
    /// Makes a new key. `version` counts the keys that this person has had, from 1.
    pub fn generate(version: u32, rng: &dyn Rng) -> Self {
        let mut root = Zeroizing::new([0; KEY]);
        rng.fill(root.as_mut_slice());
        Self::from_root(version, root)
    }

    /// The key that seals what is the server's own: made of one of its keys, by name, from the key store.
    pub fn of_server(key: &Secret<[u8; KEY]>) -> Self {
        Self::from_root(1, Zeroizing::new(*key.expose()))
    }

    pub(crate) fn from_root(version: u32, root: Zeroizing<[u8; KEY]>) -> Self {
        // The commitment is the first block of the output, one whole HMAC of its own: see `record.rs`.
        let derived = hkdf_expand::<{ 2 * KEY }>(&root, &[RECORD_LABEL]);
        let (commitment, key) = halves(&derived);
        Self { version, record_cipher: cipher(&key), record_commitment: commitment, root }
    }

    /// Which of the person's keys this is, counted from 1.
    pub const fn version(&self) -> u32 {
        self.version
    }

    pub(crate) fn root(&self) -> &[u8; KEY] {
        &self.root
    }

    /// The commitment and the key of one file at one place.
    pub(crate) fn for_file(&self, aad: &Aad, salt: &[u8; KEY]) -> ([u8; KEY], Zeroizing<[u8; KEY]>) {
        let place = aad.encode(self.version);
        let derived = hkdf_expand::<{ 2 * KEY }>(&self.root, &[FILE_LABEL, salt, &place]);
        halves(&derived)
    }
}

/// Splits derived bytes into what may be shown and what may not.
pub(crate) fn halves(derived: &[u8; 2 * KEY]) -> ([u8; KEY], Zeroizing<[u8; KEY]>) {
    let (mut commitment, mut key) = ([0; KEY], Zeroizing::new([0; KEY]));
    commitment.copy_from_slice(&derived[..KEY]);
    key.copy_from_slice(&derived[KEY..]);
    (commitment, key)
}
