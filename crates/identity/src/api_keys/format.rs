//! How an API key is written: `sk_live_<8 characters that find it>_<43 that prove it>_<crc32 of all before>`.
//!
//! The checksum is no protection: it lets a scanner for leaked secrets, and this server, tell a key from a text that only
//! looks like one: `sk_live_[0-9A-Za-z]{8}_[0-9A-Za-z]{43}_[0-9a-f]{8}`.

use kernel::{Rng, Secret};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// How every key begins.
pub(crate) const PREFIX: &str = "sk_live_";
const HANDLE: usize = 8;
/// 32 bytes in base62.
const SECRET: usize = 43;
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const DOMAIN: &[u8] = b"mindvibe/identity/api-key/v1\0";

/// A key, taken apart.
pub(crate) struct Parts<'a> {
    /// What finds it.
    pub(crate) handle: &'a str,
    secret: &'a str,
}

impl Parts<'_> {
    /// What is stored of the secret. It is 256 random bits, which need no slow hash.
    pub(crate) fn hash(&self) -> [u8; 32] {
        Sha256::new().chain_update(DOMAIN).chain_update(self.secret).finalize().into()
    }
}

/// Whether two hashes are one, in the same time wherever they differ.
pub(crate) fn same(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}

/// A new key; its handle may be given, for a new secret of an old one.
pub(crate) fn mint(handle: Option<&str>, rng: &dyn Rng) -> (Secret<String>, String, [u8; 32]) {
    let handle = handle.map_or_else(|| random(HANDLE, rng).to_string(), ToOwned::to_owned);
    let secret = random(SECRET, rng);
    let mut text = String::with_capacity(PREFIX.len() + HANDLE + SECRET + 10);
    for part in [PREFIX, &handle, "_", &secret] {
        text.push_str(part);
    }
    let checksum = format!("_{:08x}", crc32(text.as_bytes()));
    let hash = Parts { handle: &handle, secret: &secret }.hash();
    text.push_str(&checksum);
    (Secret::new(text), handle, hash)
}

/// Each digit is drawn evenly: 43 of them are 256 bits.
fn random(digits: usize, rng: &dyn Rng) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(digits));
    while text.len() < digits {
        let mut byte = [0];
        rng.fill(&mut byte);
        // 248 is four times 62: what lies above would make some digits likelier.
        if byte[0] < 248 {
            text.push(char::from(DIGITS[usize::from(byte[0] % 62)]));
        }
    }
    text
}

/// Reads a key; `None` for what is none.
pub(crate) fn parse(text: &str) -> Option<Parts<'_>> {
    let (signed, checksum) = text.rsplit_once('_')?;
    let (handle, secret) = signed.strip_prefix(PREFIX)?.split_once('_')?;
    let shaped = handle.len() == HANDLE && secret.len() == SECRET && checksum.len() == 8;
    let plain = handle.bytes().chain(secret.bytes()).all(|digit| digit.is_ascii_alphanumeric());
    let lower = checksum.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    let whole = shaped && plain && lower && u32::from_str_radix(checksum, 16).ok()? == crc32(signed.as_bytes());
    whole.then_some(Parts { handle, secret })
}

/// CRC-32 as in zlib and PNG (ISO 3309).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 * (crc & 1)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::SystemRng;
    use proptest::prelude::*;

    #[test]
    fn the_checksum_is_the_published_one() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn a_key_is_read_back_and_nothing_that_differs_in_a_letter() {
        let (text, handle, hash) = mint(None, &SystemRng);
        let text = text.expose();
        let parts = parse(text).unwrap();
        assert_eq!((parts.handle, parts.hash()), (handle.as_str(), hash));
        assert_eq!(text.len(), 8 + 8 + 1 + 43 + 1 + 8);
        for place in 0..text.len() {
            let mut other = text.clone().into_bytes();
            other[place] = if other[place] == b'a' { b'b' } else { b'a' };
            assert!(parse(std::str::from_utf8(&other).unwrap()).is_none(), "{place}");
        }
        assert!(parse(&format!("{text} ")).is_none() && parse(&text[..text.len() - 1]).is_none());
        let (again, same_handle, other) = mint(Some(&handle), &SystemRng);
        assert!(same_handle == handle && other != hash && again.expose() != text);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(sk_live_)?.{0,80}") {
            let _ = parse(&text);
        }
    }
}
