//! Sealed records: one value of one column of one row, encrypted and bound to its place and its key.
//!
//! ```text
//! offset  length
//!      0       1  format, 1
//!      1       4  version of the data key, big endian
//!      5      32  commitment to the data key
//!     37      24  nonce, random
//!     61       n  the value, XChaCha20-Poly1305
//!   61+n      16  tag
//! ```
//!
//! Associated data, authenticated and not stored: the 37 bytes before the nonce, then table | row | column | user | key
//! version as [`crate::Aad`] encodes them.
//!
//! **Key commitment.** XChaCha20-Poly1305 alone lets somebody who chooses keys craft one ciphertext that opens under two of
//! them, to two different texts. Here the data key's root yields, by HKDF-Expand, 64 bytes: the first block is the
//! commitment, the second the encryption key. The first block is `HMAC-SHA-256(root, label | 1)`; two roots with the same
//! commitment would be a collision of SHA-256 (about 2^128 work), so a record opens under one root only, and with it under
//! one encryption key. Commitment and key are independent outputs, so the one tells nothing of the other. It is compared
//! in constant time before anything is decrypted.
//!
//! Both are derived once for a data key, not for each record: a random nonce of 24 bytes needs no subkey (2^80 records of
//! one key collide with a probability of 2^-33), and an HKDF for each record would cost as much as encrypting 2 KiB does
//! (measured, without SHA instructions; `examples/overhead.rs`). What a fixed commitment gives away is that two records are
//! under the same key, which the row's owner says anyway.
//!
//! The length of the value shows; nothing is padded.

use crate::aad::Aad;
use crate::key::DataKey;
use crate::primitive::{KEY, LONG_NONCE, TAG, decrypt, encrypt, same};
use kernel::{Fault, Rng};
use zeroize::Zeroizing;

const FORMAT: u8 = 1;
const COMMITMENT_AT: usize = 1 + 4;
const NONCE_AT: usize = COMMITMENT_AT + KEY;
const TEXT_AT: usize = NONCE_AT + LONG_NONCE;

/// Why something sealed was not opened. Always our fault, or that of whoever altered the data: never the caller's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Shorter than the format allows, or not this format at all.
    #[error("what is stored is not sealed in a format that is known here")]
    Malformed,
    /// Sealed under another key.
    #[error("what is stored was sealed under another key")]
    OtherKey,
    /// The key is right, but a byte or the place is not: altered, truncated, or moved here from elsewhere.
    #[error("what is stored was altered, or belongs to another place")]
    Altered,
}

impl From<OpenError> for Fault {
    fn from(error: OpenError) -> Self {
        Self::internal(error)
    }
}

impl DataKey {
    /// Seals a value for its place. Adds 77 bytes.
    pub fn seal(&self, aad: &Aad, value: &[u8], rng: &dyn Rng) -> Vec<u8> {
        let mut out = Vec::with_capacity(TEXT_AT + value.len() + TAG);
        out.push(FORMAT);
        out.extend_from_slice(&self.version().to_be_bytes());
        out.extend_from_slice(&self.record_commitment);
        let context = self.context(&out, aad);
        let mut nonce = [0; LONG_NONCE];
        rng.fill(&mut nonce);
        out.extend_from_slice(&nonce);
        out.extend_from_slice(value);
        let tag = encrypt(&self.record_cipher, &nonce, &context, &mut out[TEXT_AT..]);
        out.extend_from_slice(&tag);
        out
    }

    /// Opens what [`DataKey::seal`] made for the same place under the same key; anything else is refused.
    pub fn open(&self, aad: &Aad, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        if sealed.len() < TEXT_AT + TAG || sealed[0] != FORMAT {
            return Err(OpenError::Malformed);
        }
        let (header, nonce, rest) = (&sealed[..NONCE_AT], &sealed[NONCE_AT..TEXT_AT], &sealed[TEXT_AT..sealed.len()]);
        if !same(&header[COMMITMENT_AT..], &self.record_commitment)
            || header[1..COMMITMENT_AT] != self.version().to_be_bytes()
        {
            return Err(OpenError::OtherKey);
        }
        let (text, tag) = rest.split_at(rest.len() - TAG);
        let mut value = Zeroizing::new(text.to_vec());
        decrypt(&self.record_cipher, nonce, &self.context(header, aad), &mut value, tag)
            .map_err(|_| OpenError::Altered)?;
        Ok(value)
    }

    /// The version of the data key that a sealed value names. A hint to find the key by: only opening proves it.
    pub fn version_of(sealed: &[u8]) -> Result<u32, OpenError> {
        match sealed {
            [FORMAT, a, b, c, d, ..] => Ok(u32::from_be_bytes([*a, *b, *c, *d])),
            _ => Err(OpenError::Malformed),
        }
    }

    fn context(&self, header: &[u8], aad: &Aad) -> Vec<u8> {
        let mut context = aad.encode(self.version());
        // The header has a fixed length, so what follows the place cannot be taken for a part of it.
        context.extend_from_slice(header);
        context
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::SystemRng;
    use proptest::prelude::*;
    use uuid::Uuid;

    const PLACE: Aad = Aad { table: "moods", row: Uuid::from_u128(7), column: "note", user: Uuid::from_u128(9) };

    fn key(version: u32) -> DataKey {
        DataKey::generate(version, &SystemRng)
    }

    #[test]
    fn two_seals_of_one_value_differ_and_neither_shows_it() {
        let (key, value) = (key(1), b"the canary sings at dawn".repeat(8));
        let (one, two) = (key.seal(&PLACE, &value, &SystemRng), key.seal(&PLACE, &value, &SystemRng));
        assert_ne!(one, two);
        assert_eq!(one.len(), value.len() + 77);
        assert!(!one.windows(10).any(|bytes| bytes == b"the canary"));
        assert_eq!(DataKey::version_of(&one), Ok(1));
    }

    #[test]
    fn every_flipped_bit_is_refused() {
        let key = key(3);
        let sealed = key.seal(&PLACE, b"what was felt", &SystemRng);
        for bit in 0..sealed.len() * 8 {
            let mut altered = sealed.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            let expected = match bit / 8 {
                0 => OpenError::Malformed,
                1..NONCE_AT => OpenError::OtherKey,
                _ => OpenError::Altered,
            };
            assert_eq!(key.open(&PLACE, &altered).expect_err("one bit differs"), expected, "bit {bit}");
        }
    }

    #[test]
    fn every_shorter_or_longer_record_is_refused() {
        let key = key(1);
        let mut sealed = key.seal(&PLACE, b"what was felt", &SystemRng);
        for length in 0..sealed.len() {
            assert!(key.open(&PLACE, &sealed[..length]).is_err(), "cut at {length}");
        }
        sealed.push(0);
        assert_eq!(key.open(&PLACE, &sealed).expect_err("a byte too many"), OpenError::Altered);
    }

    #[test]
    fn every_other_place_is_refused() {
        let key = key(1);
        let sealed = key.seal(&PLACE, b"mine", &SystemRng);
        let other = Uuid::from_u128(8);
        for place in [
            Aad { table: "reflections", ..PLACE },
            Aad { row: other, ..PLACE },
            Aad { column: "tags", ..PLACE },
            Aad { user: other, ..PLACE },
            Aad { row: PLACE.user, user: PLACE.row, ..PLACE },
            Aad { table: "moodsn", column: "ote", ..PLACE },
        ] {
            assert_eq!(key.open(&place, &sealed).expect_err("another place"), OpenError::Altered, "{place:?}");
        }
    }

    #[test]
    fn another_key_and_another_version_of_the_same_root_are_refused() {
        let first = key(1);
        let sealed = first.seal(&PLACE, b"mine", &SystemRng);
        assert_eq!(key(1).open(&PLACE, &sealed).expect_err("another key"), OpenError::OtherKey);
        let renumbered = DataKey::from_root(2, Zeroizing::new(*first.root()));
        assert_eq!(renumbered.open(&PLACE, &sealed).expect_err("another version"), OpenError::OtherKey);
        // Even with the number rewritten the tag knows.
        let mut rewritten = sealed;
        rewritten[4] = 2;
        assert_eq!(renumbered.open(&PLACE, &rewritten).expect_err("another version"), OpenError::Altered);
    }

    #[test]
    fn the_commitment_is_what_refuses_a_ciphertext_made_for_two_keys() {
        // With the other key's commitment pasted in, the check before decryption passes and the tag, which covers it, fails.
        let (one, two) = (key(1), key(1));
        let mut sealed = one.seal(&PLACE, b"mine", &SystemRng);
        sealed[COMMITMENT_AT..NONCE_AT].copy_from_slice(&two.record_commitment);
        assert_eq!(one.open(&PLACE, &sealed).expect_err("not its commitment"), OpenError::OtherKey);
        assert_eq!(two.open(&PLACE, &sealed).expect_err("not its tag"), OpenError::Altered);
        assert_ne!(one.record_commitment, two.record_commitment);
    }

    proptest! {
        #[test]
        fn what_is_sealed_is_opened(value in proptest::collection::vec(any::<u8>(), 0..5000), version in any::<u32>()) {
            let key = key(version);
            let sealed = key.seal(&PLACE, &value, &SystemRng);
            prop_assert_eq!(&*key.open(&PLACE, &sealed).expect("sealed here"), &value);
        }

        #[test]
        fn any_bytes_are_refused_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(key(1).open(&PLACE, &bytes).is_err());
        }
    }
}
