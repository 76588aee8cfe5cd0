//! What attacks are made of: sound, forms, words and chance.

mod multipart;
mod wav;
mod words;

pub(crate) use multipart::{Part, endless, form, media};
pub(crate) use wav::{polyglot, wav};
pub(crate) use words::debug_paths;

use std::hash::{BuildHasher, Hasher, RandomState};

/// A number that differs each time. It keeps names apart and protects nothing.
pub(crate) fn noise() -> u64 {
    RandomState::new().build_hasher().finish()
}
