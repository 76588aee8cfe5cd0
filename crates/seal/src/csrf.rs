//! The anti-forgery value: a signed double submit, bound to one session (audit finding C4).
//!
//! The text is `<random>.<mac>`, both 32 bytes in base64url without padding; the mac is HMAC-SHA-256 under the server's key
//! over a domain, the random bytes and the session's id. A page of another origin can neither read it nor make one, and a
//! value of one session is worth nothing in another. It is not secret towards the page itself, and it never expires by
//! itself: it dies with the session. Comparing the cookie with the header is part of the check.

use crate::primitive::{KEY, MacKey, same};
use data_encoding::BASE64URL_NOPAD;
use kernel::{Rng, Secret};

const DOMAIN: &[u8] = b"mindvibe/seal/csrf/v1";
const LETTERS: usize = 43;

/// The server's key, which makes values and tells its own from others.
#[derive(Clone)]
pub struct Key(MacKey);

impl Key {
    /// Takes the key in.
    pub fn new(key: &Secret<[u8; 32]>) -> Self {
        Self(MacKey::new(key.expose()))
    }
}

/// Makes a value for the session whose id (the text of its cookie) is `session`.
pub fn mint(key: &Key, session: &str, rng: &dyn Rng) -> String {
    let mut random = [0; KEY];
    rng.fill(&mut random);
    let mac = sign(key, session, &random);
    let mut text = String::with_capacity(2 * LETTERS + 1);
    BASE64URL_NOPAD.encode_append(&random, &mut text);
    text.push('.');
    BASE64URL_NOPAD.encode_append(&mac, &mut text);
    text
}

/// Whether the header holds what the cookie holds, and both were made for this session under this key.
pub fn check(key: &Key, session: &str, cookie: &str, header: &str) -> bool {
    if !same(cookie.as_bytes(), header.as_bytes()) {
        return false;
    }
    let Some((random, mac)) = header.split_once('.') else {
        return false;
    };
    let (Some(random), Some(mac)) = (decode(random), decode(mac)) else {
        return false;
    };
    same(&sign(key, session, &random), &mac)
}

fn sign(key: &Key, session: &str, random: &[u8; KEY]) -> [u8; KEY] {
    // All but the session's id has a fixed length, so the parts cannot be read in two ways.
    key.0.mac(&[DOMAIN, random, session.as_bytes()])
}

fn decode(text: &str) -> Option<[u8; KEY]> {
    if text.len() != LETTERS {
        return None;
    }
    let mut bytes = [0; KEY];
    // 43 letters are exactly 32 bytes.
    BASE64URL_NOPAD.decode_mut(text.as_bytes(), &mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::SystemRng;
    use proptest::prelude::*;

    fn key(byte: u8) -> Key {
        Key::new(&Secret::new([byte; 32]))
    }

    #[test]
    fn a_value_holds_for_its_session_and_key_only() {
        let value = mint(&key(1), "sid_one", &SystemRng);
        assert!(check(&key(1), "sid_one", &value, &value));
        assert!(!check(&key(1), "sid_two", &value, &value));
        assert!(!check(&key(1), "", &value, &value));
        assert!(!check(&key(2), "sid_one", &value, &value));
    }

    #[test]
    fn cookie_and_header_must_be_the_same_value() {
        let (one, two) = (mint(&key(1), "sid_one", &SystemRng), mint(&key(1), "sid_one", &SystemRng));
        assert_ne!(one, two);
        assert!(!check(&key(1), "sid_one", &one, &two));
        assert!(!check(&key(1), "sid_one", &one, ""));
        assert!(!check(&key(1), "sid_one", "", ""));
    }

    #[test]
    fn every_altered_letter_is_refused() {
        let value = mint(&key(1), "sid_one", &SystemRng);
        for at in 0..value.len() {
            let mut letters = value.clone().into_bytes();
            letters[at] = if letters[at] == b'x' { b'y' } else { b'x' };
            let altered = String::from_utf8(letters).expect("still ASCII");
            assert!(!check(&key(1), "sid_one", &altered, &altered), "letter {at}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_refused_without_a_panic(text in ".{0,120}") {
            prop_assert!(!check(&key(1), "sid_one", &text, &text));
        }
    }
}
