//! Passwords: Argon2id (RFC 9106), version 19, with a pepper, stored as PHC strings.
//!
//! * The text is prepared as RFC 8265 (`OpaqueString`) says, *for hashing only*: spaces of other scripts become the ASCII
//!   space, then Unicode NFC, so that one password typed on two keyboards is one password. Nothing is trimmed, folded or
//!   cut off: the whole text counts, and one above [`LONGEST`] bytes is an error.
//! * The pepper enters as Argon2's secret parameter. Its id is stored with the hash, so that it can be changed: old
//!   hashes still verify while their pepper is among the previous ones, and ask to be made anew.
//! * What other programs stored (bcrypt, PBKDF2, scrypt, Argon2 of every kind; `foreign.rs`) is verified and never made: a
//!   match asks for a hash of ours.
//! * A person who does not exist costs what one who does: verify against [`Hasher::dummy`].
//!
//! Whether a password is good enough is decided where accounts are made, not here. [`Hasher`] computes where it is called;
//! in the server that is a thread of [`Pool`], never one of the runtime's.

pub use crate::pool::Pool;

use crate::foreign;
use crate::phc::{PEPPER_ID, SALT, Stored, salt};
use crate::primitive::{hkdf_expand, same};
use argon2::{Algorithm, Argon2, Version};
use kernel::{Fault, Rng, Secret};
use std::time::Duration;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

/// The longest password, in bytes of UTF-8.
pub const LONGEST: usize = 1024;

const TAG: usize = 32;
const PEPPER_ID_LABEL: &[u8] = b"mindvibe/seal/pepper/id/v1";
/// What a stored hash may ask for; above, it is damaged or hostile. Memory in KiB (1 GiB), passes, lanes.
pub(crate) const MOST: (u32, u32, u32) = (1024 * 1024, 64, 16);

/// Why a password was not hashed or not verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Longer than [`LONGEST`] bytes: the caller's to mend.
    #[error("a password has at most {LONGEST} bytes")]
    TooLong,
    /// All hashing threads are taken, and stayed so for as long as one may wait.
    #[error("too many passwords are being checked right now")]
    Busy,
    /// The parameters are below the floor or beyond what is sensible.
    #[error("password hashing needs at least {} KiB of memory, {} passes and {} lane", Params::FLOOR.0, Params::FLOOR.1, Params::FLOOR.2)]
    Parameters,
    /// What is stored is not a password hash of a kind that is read here.
    #[error("a stored password hash cannot be read")]
    Malformed,
    /// What is stored was made with a pepper that is neither the current one nor a previous one.
    #[error("a stored password hash was made with a pepper that is not configured")]
    UnknownPepper,
    /// There was no memory for it, or its thread ended.
    #[error("a password hash could not be computed")]
    Failed,
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match error {
            Error::TooLong => Self::field("password", "too_long", format!("at most {LONGEST} bytes")),
            Error::Busy => Self::unavailable(
                "busy",
                "Too many people are signing in right now. Please try again.",
                Duration::from_secs(2),
            ),
            error => Self::internal(error),
        }
    }
}

/// What a hash costs. The default is 64 MiB, three passes, one lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Params {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl Params {
    /// The least that is accepted: memory in KiB, passes, lanes.
    pub const FLOOR: (u32, u32, u32) = (19_456, 2, 1);

    /// Parameters of at least [`Params::FLOOR`], or [`Error::Parameters`].
    pub fn new(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, Error> {
        let given = [memory_kib, passes, lanes];
        let (floor, most) = (<[u32; 3]>::from(Self::FLOOR), <[u32; 3]>::from(MOST));
        if (0..3).any(|at| given[at] < floor[at] || given[at] > most[at]) {
            return Err(Error::Parameters);
        }
        Ok(Self { memory_kib, passes, lanes })
    }

    /// Memory that one hash takes while it is computed, in KiB.
    pub const fn memory_kib(&self) -> u32 {
        self.memory_kib
    }
}

impl Default for Params {
    fn default() -> Self {
        Self { memory_kib: 65_536, passes: 3, lanes: 1 }
    }
}

/// A secret of the server's that enters every hash, so that a stolen table of hashes alone cannot be searched.
pub struct Pepper {
    id: [u8; PEPPER_ID],
    secret: Secret<[u8; 32]>,
}

impl Pepper {
    /// Takes a random secret. Its id is derived from it.
    pub fn new(secret: Secret<[u8; 32]>) -> Self {
        Self { id: *hkdf_expand(secret.expose(), &[PEPPER_ID_LABEL]), secret }
    }
}

/// What verifying found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the password is the one that was hashed.
    pub matches: bool,
    /// Whether to hash it anew now that it is known: it matches, but the parameters or the pepper are not the current ones.
    pub rehash: bool,
}

/// Hashes and verifies passwords, each call taking the memory and time that [`Params`] say.
pub struct Hasher {
    params: Params,
    pepper: Option<Pepper>,
    previous: Vec<Pepper>,
    dummy: String,
}

impl Hasher {
    /// Hashes with these parameters and this pepper.
    pub fn new(params: Params, pepper: Option<Pepper>) -> Self {
        let salt = salt(*b"no such account.", pepper.as_ref().map(|pepper| pepper.id));
        // A tag that no password is known to have; finding one is a preimage search.
        let dummy = params.stored(salt, vec![0; TAG]).write();
        Self { params, pepper, previous: Vec::new(), dummy }
    }

    /// Also verifies what was made with these peppers, and asks for it to be made anew.
    #[must_use]
    pub fn with_previous(mut self, peppers: Vec<Pepper>) -> Self {
        self.previous = peppers;
        self
    }

    /// What a hash costs here.
    pub const fn params(&self) -> Params {
        self.params
    }

    /// Hashes a password under a fresh salt; gives the PHC string to store.
    pub fn hash(&self, password: &Secret<String>, rng: &dyn Rng) -> Result<String, Error> {
        let mut random = [0; SALT];
        rng.fill(&mut random);
        let salt = salt(random, self.pepper.as_ref().map(|pepper| pepper.id));
        let mut stored = self.params.stored(salt, vec![0; TAG]);
        stored.tag = tag(&stored, self.pepper.as_ref(), password)?.to_vec();
        Ok(stored.write())
    }

    /// Verifies a password against a stored PHC string. Takes equally long whether it matches or not.
    pub fn verify(&self, password: &Secret<String>, phc: &str) -> Result<Verdict, Error> {
        let Some(stored) = Stored::read(phc) else {
            // Made elsewhere: verified once, and asked to be made anew.
            let matches = foreign::verify(password, phc)?;
            return Ok(Verdict { matches, rehash: matches });
        };
        if stored.memory_kib > MOST.0 || stored.passes > MOST.1 || stored.lanes > MOST.2 {
            return Err(Error::Malformed);
        }
        let pepper = self.pepper_of(&stored)?;
        let matches = same(&tag(&stored, pepper, password)?, &stored.tag);
        let as_now = self.params.stored(stored.salt.clone(), stored.tag.clone()) == stored
            && pepper.map(|pepper| pepper.id) == self.pepper.as_ref().map(|pepper| pepper.id)
            && stored.salt.len() >= SALT
            && stored.tag.len() >= TAG;
        Ok(Verdict { matches, rehash: matches && !as_now })
    }

    /// Whether a stored text is one that [`Hasher::verify`] can read: one of ours, or one of bcrypt, PBKDF2, scrypt or Argon2
    /// in the forms that other programs store, at a cost that one may ask of this machine.
    pub fn is_readable(text: &str) -> bool {
        Stored::read(text).is_some() || foreign::is_readable(text)
    }

    /// A PHC string of the current cost that no password matches: what to verify against when there is no such person.
    pub fn dummy(&self) -> &str {
        &self.dummy
    }

    fn pepper_of(&self, stored: &Stored) -> Result<Option<&Pepper>, Error> {
        let Some(id) = stored.pepper() else { return Ok(None) };
        let found = self.pepper.iter().chain(&self.previous).find(|pepper| pepper.id == id);
        found.map(Some).ok_or(Error::UnknownPepper)
    }
}

fn tag(stored: &Stored, pepper: Option<&Pepper>, password: &Secret<String>) -> Result<Zeroizing<Vec<u8>>, Error> {
    let prepared = prepare(password.expose())?;
    let params = argon2::Params::new(stored.memory_kib, stored.passes, stored.lanes, Some(stored.tag.len()))
        .map_err(|_| Error::Malformed)?;
    let secret = pepper.map_or(&[][..], |pepper| pepper.secret.expose());
    argon2id(params, secret, prepared.as_bytes(), &stored.salt, stored.tag.len())
}

impl Params {
    fn stored(self, salt: Vec<u8>, tag: Vec<u8>) -> Stored {
        Stored { memory_kib: self.memory_kib, passes: self.passes, lanes: self.lanes, salt, tag }
    }
}

fn argon2id(
    params: argon2::Params,
    secret: &[u8],
    password: &[u8],
    salt: &[u8],
    length: usize,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let argon2 =
        Argon2::new_with_secret(secret, Algorithm::Argon2id, Version::V0x13, params).map_err(|_| Error::Failed)?;
    let mut tag = Zeroizing::new(vec![0; length]);
    argon2.hash_password_into(password, salt, &mut tag).map_err(|_| Error::Failed)?;
    Ok(tag)
}

/// The text that is hashed (RFC 8265, section 4.2.2): other spaces to the ASCII space, then NFC.
pub(crate) fn prepare(password: &str) -> Result<Zeroizing<String>, Error> {
    if password.len() > LONGEST {
        return Err(Error::TooLong);
    }
    // NFC makes at most three bytes of one (UAX 15); room for them at once, so that growing leaves no copy behind.
    let mut prepared = Zeroizing::new(String::with_capacity(3 * password.len()));
    prepared.extend(password.chars().map(|letter| if is_space(letter) { ' ' } else { letter }).nfc());
    Ok(prepared)
}

/// Whether a letter is a space other than the ASCII one: Unicode's general category Zs.
const fn is_space(letter: char) -> bool {
    matches!(letter, '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}')
}

#[cfg(test)]
mod tests;
