//! The text a password's hash is stored as, in the PHC string format of Argon2id:
//! `$argon2id$v=19$m=65536,t=3,p=1$<salt>$<tag>`, both in base64 (RFC 4648, section 4) without padding.
//!
//! The parameters stand in this order, and no others are read: `keyid` and `data`, which few readers know, are not used.
//! The id of the pepper travels at the end of the salt instead, after [`MARK`]; to any other reader it is a salt like
//! another, because Argon2 hashes it with the rest.

use data_encoding::BASE64_NOPAD;

/// Random bytes in a salt.
pub(crate) const SALT: usize = 16;
/// What stands between the random bytes and the pepper's id. A salt without it was made without a pepper.
const MARK: [u8; 4] = *b"pep\x01";
/// Length of a pepper's id, in bytes.
pub(crate) const PEPPER_ID: usize = 4;
const PREFIX: &str = "$argon2id$v=19$";
const PEPPERED: usize = SALT + MARK.len() + PEPPER_ID;

/// What a stored text says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) memory_kib: u32,
    pub(crate) passes: u32,
    pub(crate) lanes: u32,
    pub(crate) salt: Vec<u8>,
    pub(crate) tag: Vec<u8>,
}

/// The salt as Argon2 gets it: the random bytes, and the pepper's id if there is a pepper.
pub(crate) fn salt(random: [u8; SALT], pepper: Option<[u8; PEPPER_ID]>) -> Vec<u8> {
    match pepper {
        Some(id) => [&random[..], &MARK, &id].concat(),
        None => random.to_vec(),
    }
}

impl Stored {
    /// The id of the pepper it was made with.
    pub(crate) fn pepper(&self) -> Option<[u8; PEPPER_ID]> {
        if self.salt.len() != PEPPERED {
            return None;
        }
        self.salt[SALT..].strip_prefix(&MARK)?.try_into().ok()
    }

    pub(crate) fn write(&self) -> String {
        let Self { memory_kib, passes, lanes, salt, tag } = self;
        let (salt, tag) = (BASE64_NOPAD.encode(salt), BASE64_NOPAD.encode(tag));
        format!("{PREFIX}m={memory_kib},t={passes},p={lanes}${salt}${tag}")
    }

    /// Reads a text; nothing if it is not such a text, to the letter.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix(PREFIX)?.split('$');
        let (costs, salt, tag) = (parts.next()?, parts.next()?, parts.next()?);
        let mut costs = costs.split(',');
        let stored = Self {
            memory_kib: number(costs.next()?, "m=")?,
            passes: number(costs.next()?, "t=")?,
            lanes: number(costs.next()?, "p=")?,
            salt: bytes(salt, 8..=64)?,
            tag: bytes(tag, 16..=64)?,
        };
        (parts.next().is_none() && costs.next().is_none()).then_some(stored)
    }
}

fn number(text: &str, name: &str) -> Option<u32> {
    let digits = text.strip_prefix(name)?;
    // One number has one text: no sign, no leading zero.
    let value: u32 = digits.parse().ok()?;
    (value.to_string() == digits).then_some(value)
}

fn bytes(text: &str, lengths: std::ops::RangeInclusive<usize>) -> Option<Vec<u8>> {
    let bytes = BASE64_NOPAD.decode(text.as_bytes()).ok()?;
    lengths.contains(&bytes.len()).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_text_written_is_a_text_read() {
        for pepper in [None, Some([1, 2, 3, 4])] {
            let salt = salt([7; SALT], pepper);
            let stored = Stored { memory_kib: 65_536, passes: 3, lanes: 1, salt, tag: vec![9; 32] };
            let text = stored.write();
            assert!(text.starts_with("$argon2id$v=19$m=65536,t=3,p=1$"), "{text}");
            let read = Stored::read(&text).expect("written here");
            assert_eq!(read.pepper(), pepper);
            assert_eq!(read, stored);
        }
    }

    #[test]
    fn a_longer_salt_of_others_is_no_pepper() {
        let stored = Stored { memory_kib: 8, passes: 1, lanes: 1, salt: vec![7; PEPPERED], tag: vec![9; 32] };
        assert_eq!(stored.pepper(), None);
    }

    #[test]
    fn texts_that_are_nearly_right_are_not_read() {
        let tail = "c29tZXNhbHRzb21lc2FsdA$RdescudvJCsgt3ub+b4dWRWJTmaaJObG";
        assert!(Stored::read(&format!("$argon2id$v=19$m=65536,t=3,p=1${tail}")).is_some());
        for text in [
            format!("$argon2i$v=19$m=65536,t=3,p=1${tail}"),
            format!("$argon2id$v=16$m=65536,t=3,p=1${tail}"),
            format!("$argon2id$m=65536,t=3,p=1${tail}"),
            format!("$argon2id$v=19$t=3,m=65536,p=1${tail}"),
            format!("$argon2id$v=19$m=065536,t=3,p=1${tail}"),
            format!("$argon2id$v=19$m=+65536,t=3,p=1${tail}"),
            format!("$argon2id$v=19$m=99999999999,t=3,p=1${tail}"),
            format!("$argon2id$v=19$m=65536,t=3,p=1,keyid=AAAA${tail}"),
            format!("$argon2id$v=19$m=65536,t=3,p=1${tail}$"),
            format!("$argon2id$v=19$m=65536,t=3,p=1${tail}="),
            "$argon2id$v=19$m=65536,t=3,p=1$c29tZXNhbHQ".to_owned(),
            "$argon2id$v=19$m=65536,t=3,p=1$c2E$RdescudvJCsgt3ub+b4dWRWJTmaaJObG".to_owned(),
            "$2b$12$abcdefghijklmnopqrstuv".to_owned(),
            String::new(),
        ] {
            assert_eq!(Stored::read(&text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_without_a_panic(text in "[$a-z0-9=,+/]{0,90}") {
            let _ = Stored::read(&text);
            if let Some(stored) = Stored::read(&format!("{PREFIX}{text}")) {
                prop_assert_eq!(stored.write(), format!("{PREFIX}{text}"));
            }
        }
    }
}
