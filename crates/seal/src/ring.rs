//! The ring of key-encryption keys, made from the operator's `SECRET_KEY` and what it was before.
//!
//! Each text goes through HKDF-SHA-256: Extract under a fixed salt, then Expand to 64 bytes, of which the first 32 are the
//! key's *id* and the last 32 the key. The id is at once what finds the key and what commits to it (the reasoning is in
//! `record.rs`), so a wrapped key opens under one text only.
//!
//! ```text
//! offset  length
//!      0       1  format, 1
//!      1       1  what is wrapped: 1 a data key, 2 a key of the server's own
//!      2       4  version of the data key, big endian; 0 for a key of the server's own
//!      6      32  id of the key-encryption key
//!     38      24  nonce, random
//!     62      32  the key, XChaCha20-Poly1305
//!     94      16  tag
//! ```
//!
//! Associated data: the 38 bytes before the nonce, then the caller's context (whose key it is, or what it is for).
//! HKDF does not stretch: the text must be random, not a phrase. That it is at least 32 bytes is checked here; that it is
//! not a well-known sample is checked where settings are read.

use crate::key::{DataKey, halves};
use crate::primitive::{
    KEY, LONG_NONCE, TAG, XChaCha20Poly1305, cipher, decrypt, encrypt, hkdf_expand, hkdf_extract, same,
};
use crate::record::OpenError;
use kernel::{Rng, Secret};
use zeroize::Zeroizing;

const SALT: &[u8] = b"mindvibe/seal/ring/v1";
const LABEL: &[u8] = b"mindvibe/seal/ring/wrap/v1";
const FORMAT: u8 = 1;
const ID_AT: usize = 1 + 1 + 4;
const NONCE_AT: usize = ID_AT + KEY;
const TEXT_AT: usize = NONCE_AT + LONG_NONCE;
const LENGTH: usize = TEXT_AT + KEY + TAG;

/// Why a ring could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RingError {
    /// A text is shorter than [`KeyEncryptionRing::SHORTEST`].
    #[error("a secret key needs at least 32 bytes")]
    TooShort,
    /// The same text stands twice in the ring.
    #[error("a previous secret key is the same as another one")]
    Repeated,
}

#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Wrapped {
    Data = 1,
    Server = 2,
}

struct KeyEncryptionKey {
    id: [u8; KEY],
    cipher: XChaCha20Poly1305,
}

impl KeyEncryptionKey {
    fn new(text: &Secret<String>) -> Result<Self, RingError> {
        let text = text.expose().as_bytes();
        if text.len() < KeyEncryptionRing::SHORTEST {
            return Err(RingError::TooShort);
        }
        let derived = hkdf_expand::<{ 2 * KEY }>(&hkdf_extract(SALT, text), &[LABEL]);
        let (id, key) = halves(&derived);
        Ok(Self { id, cipher: cipher(&key) })
    }
}

/// The key-encryption keys: the current one wraps, and every one of them unwraps.
pub struct KeyEncryptionRing {
    current: KeyEncryptionKey,
    previous: Vec<KeyEncryptionKey>,
}

impl KeyEncryptionRing {
    /// The shortest text that makes a key, in bytes.
    pub const SHORTEST: usize = 32;

    /// Makes the ring of the current text and of those before it, newest first.
    pub fn new(current: &Secret<String>, previous: &[Secret<String>]) -> Result<Self, RingError> {
        let ring = Self {
            current: KeyEncryptionKey::new(current)?,
            previous: previous.iter().map(KeyEncryptionKey::new).collect::<Result<_, _>>()?,
        };
        let ids: Vec<_> = ring.all().map(|key| key.id).collect();
        if ids.iter().enumerate().any(|(at, id)| ids[..at].contains(id)) {
            return Err(RingError::Repeated);
        }
        Ok(ring)
    }

    /// Wraps a data key under the current key. `context` says whose it is, and has to be said again to unwrap it.
    pub fn wrap(&self, key: &DataKey, context: &[u8], rng: &dyn Rng) -> Vec<u8> {
        self.seal(Wrapped::Data, key.version(), key.root(), context, rng)
    }

    /// Unwraps a data key. [`OpenError::OtherKey`] means that no text in the ring made the key it is wrapped under.
    pub fn unwrap(&self, wrapped: &[u8], context: &[u8]) -> Result<DataKey, OpenError> {
        let (version, root) = self.open(Wrapped::Data, wrapped, context)?;
        Ok(DataKey::from_root(version, root))
    }

    /// Wraps a key of the server's own under the current key. `context` says what it is for.
    pub fn wrap_server_key(&self, key: &Secret<[u8; 32]>, context: &[u8], rng: &dyn Rng) -> Vec<u8> {
        self.seal(Wrapped::Server, 0, key.expose(), context, rng)
    }

    /// Unwraps a key of the server's own; errors as for [`KeyEncryptionRing::unwrap`].
    pub fn unwrap_server_key(&self, wrapped: &[u8], context: &[u8]) -> Result<Secret<[u8; 32]>, OpenError> {
        let (_, key) = self.open(Wrapped::Server, wrapped, context)?;
        Ok(Secret::new(*key))
    }

    /// Whether a wrapped key is under the current key; if not, it is time to wrap it again.
    pub fn is_current(&self, wrapped: &[u8]) -> bool {
        wrapped.len() == LENGTH && same(&wrapped[ID_AT..NONCE_AT], &self.current.id)
    }

    fn all(&self) -> impl Iterator<Item = &KeyEncryptionKey> {
        std::iter::once(&self.current).chain(&self.previous)
    }

    fn seal(&self, what: Wrapped, version: u32, key: &[u8; KEY], context: &[u8], rng: &dyn Rng) -> Vec<u8> {
        let mut out = Vec::with_capacity(LENGTH);
        out.extend_from_slice(&[FORMAT, what as u8]);
        out.extend_from_slice(&version.to_be_bytes());
        out.extend_from_slice(&self.current.id);
        let aad = [&out, context].concat();
        let mut nonce = [0; LONG_NONCE];
        rng.fill(&mut nonce);
        out.extend_from_slice(&nonce);
        out.extend_from_slice(key);
        let tag = encrypt(&self.current.cipher, &nonce, &aad, &mut out[TEXT_AT..]);
        out.extend_from_slice(&tag);
        out
    }

    fn open(&self, what: Wrapped, wrapped: &[u8], context: &[u8]) -> Result<(u32, Zeroizing<[u8; KEY]>), OpenError> {
        let (LENGTH, Some(&[FORMAT, kind, a, b, c, d])) = (wrapped.len(), wrapped.first_chunk()) else {
            return Err(OpenError::Malformed);
        };
        if kind != what as u8 {
            return Err(OpenError::Malformed);
        }
        let id = &wrapped[ID_AT..NONCE_AT];
        let with = self.all().find(|key| same(&key.id, id)).ok_or(OpenError::OtherKey)?;
        let aad = [&wrapped[..NONCE_AT], context].concat();
        let (mut key, tag) = (Zeroizing::new([0; KEY]), &wrapped[TEXT_AT + KEY..]);
        key.copy_from_slice(&wrapped[TEXT_AT..TEXT_AT + KEY]);
        decrypt(&with.cipher, &wrapped[NONCE_AT..TEXT_AT], &aad, key.as_mut_slice(), tag)
            .map_err(|_| OpenError::Altered)?;
        Ok((u32::from_be_bytes([a, b, c, d]), key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::SystemRng;

    fn text(letter: char) -> Secret<String> {
        Secret::new(letter.to_string().repeat(32))
    }

    fn ring(current: char, previous: &[char]) -> KeyEncryptionRing {
        let previous: Vec<_> = previous.iter().map(|&letter| text(letter)).collect();
        KeyEncryptionRing::new(&text(current), &previous).expect("long enough")
    }

    #[test]
    fn texts_that_are_too_short_or_repeated_are_refused() {
        let short = Secret::new("x".repeat(31));
        assert_eq!(KeyEncryptionRing::new(&short, &[]).err(), Some(RingError::TooShort));
        assert_eq!(KeyEncryptionRing::new(&text('a'), &[short]).err(), Some(RingError::TooShort));
        assert_eq!(KeyEncryptionRing::new(&text('a'), &[text('b'), text('a')]).err(), Some(RingError::Repeated));
    }

    #[test]
    fn a_wrapped_key_survives_a_change_of_the_text_that_names_the_old_one() {
        let key = DataKey::generate(5, &SystemRng);
        let wrapped = ring('a', &[]).wrap(&key, b"user 1", &SystemRng);
        assert_eq!(wrapped.len(), LENGTH);
        for later in [ring('a', &[]), ring('b', &['a']), ring('c', &['b', 'a'])] {
            let opened = later.unwrap(&wrapped, b"user 1").expect("the ring holds the text");
            assert_eq!((opened.version(), opened.root()), (5, key.root()));
        }
        assert!(ring('a', &[]).is_current(&wrapped));
        assert!(!ring('b', &['a']).is_current(&wrapped));
        assert!(!ring('a', &[]).is_current(&wrapped[..10]));
        assert_eq!(ring('b', &['c']).unwrap(&wrapped, b"user 1").err(), Some(OpenError::OtherKey));
    }

    #[test]
    fn another_context_and_another_kind_are_refused() {
        let (ring, key) = (ring('a', &[]), Secret::new([7; 32]));
        let wrapped = ring.wrap_server_key(&key, b"csrf", &SystemRng);
        assert_eq!(ring.unwrap_server_key(&wrapped, b"csrf").expect("wrapped here").expose(), &[7; 32]);
        assert_eq!(ring.unwrap_server_key(&wrapped, b"pepper").err(), Some(OpenError::Altered));
        assert_eq!(ring.unwrap_server_key(&wrapped, b"csr").err(), Some(OpenError::Altered));
        assert_eq!(ring.unwrap(&wrapped, b"csrf").err(), Some(OpenError::Malformed));
        let mut relabelled = wrapped;
        relabelled[1] = Wrapped::Data as u8;
        assert_eq!(ring.unwrap(&relabelled, b"csrf").err(), Some(OpenError::Altered));
    }

    #[test]
    fn every_flipped_bit_and_every_other_length_is_refused() {
        let ring = ring('a', &['b']);
        let wrapped = ring.wrap(&DataKey::generate(1, &SystemRng), b"user 1", &SystemRng);
        for bit in 0..wrapped.len() * 8 {
            let mut altered = wrapped.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            assert!(ring.unwrap(&altered, b"user 1").is_err(), "bit {bit}");
        }
        for length in 0..wrapped.len() {
            assert_eq!(ring.unwrap(&wrapped[..length], b"user 1").err(), Some(OpenError::Malformed));
        }
        assert_eq!(ring.unwrap(&[&wrapped[..], &[0]].concat(), b"user 1").err(), Some(OpenError::Malformed));
    }

    #[test]
    fn the_wrapped_key_is_not_to_be_seen() {
        let key = DataKey::generate(1, &SystemRng);
        let wrapped = ring('a', &[]).wrap(&key, b"user 1", &SystemRng);
        assert!(!wrapped.windows(8).any(|bytes| key.root().windows(8).any(|root| root == bytes)));
    }
}
