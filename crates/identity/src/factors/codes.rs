//! Backup codes: ten of them, for when everything else is lost (A1-H7).
//!
//! `SS-XXXXX-XXXXX` in Crockford's base 32: two letters by which the server finds the row, so that a guess costs one hash and
//! not ten, and fifty random bits that are stored as Argon2id with a pepper. Each works once.

use kernel::{Ambient, Secret};

/// How many there are.
pub(crate) const COUNT: usize = 10;
const SELECTOR: usize = 2;
const LETTERS: usize = 10;

/// Crockford's base 32: no I, L, O, U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A code in its two parts.
pub(crate) struct Code {
    /// By what it is found.
    pub(crate) selector: String,
    /// What is proven by it.
    pub(crate) secret: Secret<String>,
}

impl Code {
    /// Ten new ones, no two with the same selector.
    pub(crate) fn set(ambient: &Ambient) -> Vec<Self> {
        let mut codes: Vec<Self> = Vec::with_capacity(COUNT);
        while codes.len() < COUNT {
            let selector = letters::<SELECTOR>(ambient);
            if codes.iter().all(|code| code.selector != selector) {
                codes.push(Self { selector, secret: Secret::new(letters::<LETTERS>(ambient)) });
            }
        }
        codes
    }

    /// As its owner keeps it.
    pub(crate) fn written(&self) -> Secret<String> {
        let (first, second) = self.secret.expose().split_at(LETTERS / 2);
        Secret::new(format!("{}-{first}-{second}", self.selector))
    }

    /// Reads one as people type it: case, hyphens and spaces do not count, nor letters that only look like digits.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        // Bounded before anything is copied.
        if text.len() > 64 {
            return None;
        }
        let mut read = String::with_capacity(SELECTOR + LETTERS);
        for letter in text.chars().filter(|letter| !letter.is_whitespace() && *letter != '-') {
            read.push(match letter.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                letter if letter.is_ascii() && ALPHABET.contains(&(letter as u8)) => letter,
                _ => return None,
            });
        }
        if read.len() != SELECTOR + LETTERS {
            return None;
        }
        let secret = Secret::new(read.split_off(SELECTOR));
        Some(Self { selector: read, secret })
    }
}

fn letters<const N: usize>(ambient: &Ambient) -> String {
    // 256 is a multiple of 32: every letter is equally likely.
    ambient.bytes::<N>().iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_set_is_ten_with_selectors_of_their_own() {
        for _ in 0..100 {
            let codes = Code::set(&Ambient::system());
            assert_eq!(codes.len(), 10);
            for (at, code) in codes.iter().enumerate() {
                let written = code.written();
                assert_eq!(written.expose().len(), 14);
                assert!(codes[..at].iter().all(|other| other.selector != code.selector));
                let read = Code::parse(written.expose()).unwrap();
                assert_eq!((&read.selector, read.secret.expose()), (&code.selector, code.secret.expose()));
            }
        }
    }

    #[test]
    fn it_is_read_as_people_type() {
        let code = Code::parse("0a-1b0de fghjk").unwrap();
        assert_eq!((code.selector.as_str(), code.secret.expose().as_str()), ("0A", "1B0DEFGHJK"));
        let code = Code::parse("oA-lB0dE-fGhJk").unwrap();
        assert_eq!((code.selector.as_str(), code.secret.expose().as_str()), ("0A", "1B0DEFGHJK"));
        for other in ["", "0A-1B0DE-FGHJ", "0A-1B0DE-FGHJKM", "0A-1B0DE-FGHJU", "0A-1B0DE-FGHJÜ", &"0".repeat(1 << 16)]
        {
            assert!(Code::parse(other).is_none());
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,80}") {
            if let Some(code) = Code::parse(&text) {
                prop_assert_eq!(code.selector.len() + code.secret.expose().len(), 12);
            }
        }
    }
}
