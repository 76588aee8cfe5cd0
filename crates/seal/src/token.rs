//! Opaque tokens: what proves a session, an API call, a set-up.
//!
//! The text is `<prefix>_<43 characters>`: 32 random bytes in base64url (RFC 4648, section 5) without padding. Only its
//! hash is stored, SHA-256 over a domain, the purpose and the bytes; 256 random bits need no slow hash. The purpose is in
//! the text *and* in the hash: a token of one purpose is neither read as another's nor found in its table, even with its
//! prefix rewritten. Expiry and use-once are the keeper's business.

use crate::primitive::{KEY, same, sha256};
use data_encoding::BASE64URL_NOPAD;
use kernel::{Rng, Secret};
use std::fmt;
use zeroize::Zeroizing;

const DOMAIN: &[u8] = b"mindvibe/seal/token/v1/";
const LETTERS: usize = 43;

/// What a token is for. A new kind of token is a new line here and in [`Purpose::ALL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// A browser's session: `sid_…`.
    Session,
    /// An access token of a client that is no browser: `at_…`.
    Access,
    /// The one-time code that makes the first owner: `setup_…`.
    Setup,
    /// What gets the next access token: `rt_…`.
    Refresh,
    /// A sign-in that waits for its second step: `step_…`.
    Challenge,
    /// A browser that need not show the second factor again: `device_…`.
    Device,
    /// The link that confirms an address: `verify_…`.
    Verify,
    /// The link that sets a new password: `reset_…`.
    Reset,
    /// The link that lifts a lock: `unlock_…`.
    Unlock,
    /// The link that says "this was not me": `notme_…`.
    NotMe,
    /// An invitation to make an account: `invite_…`.
    Invite,
    /// What a sign-in at another provider comes back with: `state_…`.
    State,
    /// What opens a socket: `ticket_…`.
    Ticket,
}

impl Purpose {
    /// Every purpose there is.
    pub const ALL: [Self; 13] = [
        Self::Session,
        Self::Access,
        Self::Setup,
        Self::Refresh,
        Self::Challenge,
        Self::Device,
        Self::Verify,
        Self::Reset,
        Self::Unlock,
        Self::NotMe,
        Self::Invite,
        Self::State,
        Self::Ticket,
    ];

    /// What stands before the underscore.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Session => "sid",
            Self::Access => "at",
            Self::Setup => "setup",
            Self::Refresh => "rt",
            Self::Challenge => "step",
            Self::Device => "device",
            Self::Verify => "verify",
            Self::Reset => "reset",
            Self::Unlock => "unlock",
            Self::NotMe => "notme",
            Self::Invite => "invite",
            Self::State => "state",
            Self::Ticket => "ticket",
        }
    }
}

/// What is stored of a token. Compared in constant time.
#[derive(Clone, Copy)]
pub struct TokenHash([u8; KEY]);

impl TokenHash {
    /// The hash as it was stored.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The hash, to store it or to look it up.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn of(purpose: Purpose, bytes: &[u8; KEY]) -> Self {
        // The prefix is the one part of variable length, and no prefix holds the zero byte that ends it.
        Self(sha256(&[DOMAIN, purpose.prefix().as_bytes(), &[0], bytes]))
    }
}

impl PartialEq for TokenHash {
    fn eq(&self, other: &Self) -> bool {
        same(&self.0, &other.0)
    }
}

impl Eq for TokenHash {}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(..)")
    }
}

/// Makes a new token: the text for its owner, and the hash to store.
pub fn mint(purpose: Purpose, rng: &dyn Rng) -> (Secret<String>, TokenHash) {
    let mut bytes = Zeroizing::new([0; KEY]);
    rng.fill(bytes.as_mut_slice());
    let prefix = purpose.prefix();
    // The room is taken at once, so that no copy of the secret is left behind by growing.
    let mut text = String::with_capacity(prefix.len() + 1 + LETTERS);
    text.push_str(prefix);
    text.push('_');
    BASE64URL_NOPAD.encode_append(bytes.as_slice(), &mut text);
    (Secret::new(text), TokenHash::of(purpose, &bytes))
}

/// Reads a token of one purpose; nothing if it is not written as such a token is. Whether it exists, the store knows.
pub fn parse(purpose: Purpose, text: &str) -> Option<TokenHash> {
    let letters = text.strip_prefix(purpose.prefix())?.strip_prefix('_')?;
    if letters.len() != LETTERS {
        return None;
    }
    let mut bytes = Zeroizing::new([0; KEY]);
    // 43 letters are exactly 32 bytes. The decoder refuses other letters and leftover bits: each token has one text.
    BASE64URL_NOPAD.decode_mut(letters.as_bytes(), bytes.as_mut_slice()).ok()?;
    Some(TokenHash::of(purpose, &bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::SystemRng;
    use proptest::prelude::*;

    #[test]
    fn a_token_is_read_back_by_its_own_purpose_and_by_no_other() {
        for made in Purpose::ALL {
            let (text, hash) = mint(made, &SystemRng);
            let text = text.expose();
            assert_eq!(text.len(), made.prefix().len() + 1 + LETTERS);
            for tried in Purpose::ALL {
                let read = parse(tried, text);
                assert_eq!(read.is_some(), tried == made, "{made:?} read as {tried:?}");
                assert_eq!(read == Some(hash), tried == made);
                // With the prefix rewritten it is a token of the other purpose, and not this one.
                let rewritten = text.replacen(made.prefix(), tried.prefix(), 1);
                let read = parse(tried, &rewritten).expect("well formed");
                assert_eq!(read == hash, tried == made, "{made:?} rewritten as {tried:?}");
            }
        }
    }

    #[test]
    fn prefixes_are_distinct_and_tokens_never_repeat() {
        for (at, one) in Purpose::ALL.iter().enumerate() {
            assert!(Purpose::ALL[..at].iter().all(|other| other.prefix() != one.prefix()));
        }
        let (one, two) = (mint(Purpose::Session, &SystemRng), mint(Purpose::Session, &SystemRng));
        assert_ne!(one.0.expose(), two.0.expose());
        assert_ne!(one.1, two.1);
    }

    #[test]
    fn a_token_has_one_text_only() {
        let (text, _) = mint(Purpose::Access, &SystemRng);
        let text = text.expose();
        for other in [
            format!("{text}="),
            format!("{text}A"),
            text[..text.len() - 1].to_owned(),
            format!(" {text}"),
            text.to_uppercase(),
            text.replacen('_', "-", 1),
            text.replacen("at_", "", 1),
            String::new(),
        ] {
            assert_eq!(parse(Purpose::Access, &other), None, "{other}");
        }
        // 43 letters carry 258 bits; the last two must be zero. "B" ends in a one.
        assert!(parse(Purpose::Access, &format!("at_{}A", "A".repeat(42))).is_some());
        assert_eq!(parse(Purpose::Access, &format!("at_{}B", "A".repeat(42))), None);
    }

    #[test]
    fn the_hash_is_the_published_one_over_domain_purpose_and_bytes() {
        let text = format!("sid_{}A", "A".repeat(42));
        let expected = sha256(&[b"mindvibe/seal/token/v1/sid\0", &[0; 32]]);
        assert_eq!(parse(Purpose::Session, &text), Some(TokenHash::from_bytes(expected)));
        assert_eq!(format!("{:?}", TokenHash::from_bytes(expected)), "TokenHash(..)");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_without_a_panic(text in ".{0,80}") {
            for purpose in Purpose::ALL {
                let _ = parse(purpose, &text);
                let _ = parse(purpose, &format!("{}_{text}", purpose.prefix()));
            }
        }
    }
}
