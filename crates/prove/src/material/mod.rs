//! What attacks are made of: sound, forms, words, codes, signatures and chance.

mod date;
pub(crate) mod hello;
mod jwt;
mod multipart;
mod passkey;
mod signed;
mod totp;
mod wav;
mod words;

pub(crate) use date::{day, seconds};
pub(crate) use jwt::{Forger, Jwt, confusions};
pub(crate) use multipart::{Part, endless, form, media};
pub(crate) use passkey::Passkey;
pub(crate) use signed::{Signer, content_digest};
pub(crate) use totp::{code, step_at};
pub(crate) use wav::{polyglot, tagged, wav};
pub(crate) use words::debug_paths;

use std::hash::{BuildHasher, Hasher, RandomState};

/// A number that differs each time. It keeps names apart and protects nothing.
pub(crate) fn noise() -> u64 {
    RandomState::new().build_hasher().finish()
}
