//! The primitives, each named once: SHA-256 (FIPS 180-4), HMAC (RFC 2104), HKDF (RFC 5869), `ChaCha20-Poly1305` (RFC 8439)
//! and its extended-nonce form (draft-irtf-cfrg-xchacha). Argon2id is in `password.rs`, its one user.

use chacha20poly1305::aead::{AeadCore, AeadInOut, KeyInit, array::typenum::Unsigned};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

pub(crate) use chacha20poly1305::{ChaCha20Poly1305, XChaCha20Poly1305};

/// Length of every key, hash and commitment here, in bytes.
pub(crate) const KEY: usize = 32;
/// Length of the authentication tag of both ciphers, in bytes.
pub(crate) const TAG: usize = 16;
/// Length of the nonce of `XChaCha20-Poly1305`, in bytes: long enough to be drawn at random for every record.
pub(crate) const LONG_NONCE: usize = 24;

/// The tag did not match: another key, nonce or context, or altered bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TagMismatch;

/// SHA-256 over the parts, in order. Unambiguous only if all parts but one have a fixed length.
pub(crate) fn sha256(parts: &[&[u8]]) -> [u8; KEY] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// A key of HMAC-SHA-256, already taken in, which is a third of the work of a short message.
#[derive(Clone)]
pub(crate) struct MacKey(Hmac<Sha256>);

impl MacKey {
    pub(crate) fn new(key: &[u8]) -> Self {
        // HMAC takes keys of every length (RFC 2104, section 3), so this cannot fail.
        Self(<Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("HMAC takes keys of every length"))
    }

    /// The code of the parts, in order.
    pub(crate) fn mac(&self, parts: &[&[u8]]) -> [u8; KEY] {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

/// HKDF's first half: makes one uniform key out of text that has entropy somewhere.
pub(crate) fn hkdf_extract(salt: &[u8], material: &[u8]) -> Zeroizing<[u8; KEY]> {
    let (key, _) = Hkdf::<Sha256>::extract(Some(salt), material);
    Zeroizing::new(key.into())
}

/// HKDF's second half: `N` bytes of output from a uniform key, for the purpose that the parts of `info` spell out.
pub(crate) fn hkdf_expand<const N: usize>(key: &[u8; KEY], info: &[&[u8]]) -> Zeroizing<[u8; N]> {
    const { assert!(N <= 255 * KEY, "HKDF gives at most 255 blocks") };
    let mut out = Zeroizing::new([0; N]);
    // A key of the hash's length and an output below 255 blocks are all that HKDF asks for.
    let hkdf = Hkdf::<Sha256>::from_prk(key).expect("the key is as long as the hash");
    hkdf.expand_multi_info(info, out.as_mut_slice()).expect("the length was checked when compiling");
    out
}

/// Compares without telling by its duration where the first difference is.
pub(crate) fn same(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}

/// Makes a cipher of a key.
pub(crate) fn cipher<C: KeyInit>(key: &[u8; KEY]) -> C {
    // Both ciphers in use take 32 bytes, and the length of `key` is part of its type.
    C::new_from_slice(key).expect("the key has the cipher's length")
}

/// Encrypts `text` where it lies; gives the tag.
pub(crate) fn encrypt<C: AeadInOut>(cipher: &C, nonce: &[u8], aad: &[u8], text: &mut [u8]) -> [u8; TAG] {
    let nonce = nonce.try_into().expect("callers pass arrays of the cipher's nonce length");
    // The one cause of failure is a text over 256 GiB (RFC 8439, section 2.8), which no buffer of ours can hold.
    let tag = cipher.encrypt_inout_detached(nonce, aad, text.into()).expect("the text is below 256 GiB");
    let mut out = [0; TAG];
    out.copy_from_slice(&tag);
    out
}

/// Decrypts `text` where it lies, after the tag was found right; leaves no plaintext behind otherwise.
pub(crate) fn decrypt<C: AeadInOut>(
    cipher: &C,
    nonce: &[u8],
    aad: &[u8],
    text: &mut [u8],
    tag: &[u8],
) -> Result<(), TagMismatch> {
    const {
        assert!(<C as AeadCore>::TagSize::USIZE == TAG, "both ciphers have a tag of 16 bytes");
    };
    let nonce = nonce.try_into().expect("callers pass arrays of the cipher's nonce length");
    let tag = tag.try_into().map_err(|_| TagMismatch)?;
    cipher.decrypt_inout_detached(nonce, aad, text.into(), tag).map_err(|_| TagMismatch)
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::HEXLOWER_PERMISSIVE as HEX;

    const LADIES: &[u8] =
        b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, \
sunscreen would be it.";

    fn hex(text: &str) -> Vec<u8> {
        HEX.decode(text.as_bytes()).expect("a vector is hexadecimal")
    }

    #[test]
    fn sha256_of_fips_180() {
        let expected = hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(sha256(&[b"a", b"bc"]).as_slice(), expected);
    }

    #[test]
    fn hmac_of_rfc_4231() {
        let one = hex("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
        assert_eq!(MacKey::new(&[0x0b; 20]).mac(&[b"Hi ", b"There"]).as_slice(), one);
        let two = hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        assert_eq!(MacKey::new(b"Jefe").mac(&[b"what do ya want for nothing?"]).as_slice(), two);
        let six = hex("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
        let text = b"Test Using Larger Than Block-Size Key - Hash Key First";
        assert_eq!(MacKey::new(&[0xaa; 131]).mac(&[text]).as_slice(), six);
    }

    #[test]
    fn hkdf_of_rfc_5869_case_1() {
        let key = hkdf_extract(&hex("000102030405060708090a0b0c"), &[0x0b; 22]);
        assert_eq!(key.as_slice(), hex("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5"));
        let info = hex("f0f1f2f3f4f5f6f7f8f9");
        let out = hkdf_expand::<42>(&key, &[&info[..3], &info[3..]]);
        let expected = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865";
        assert_eq!(out.as_slice(), hex(expected));
    }

    fn aead_vector<C: AeadInOut + KeyInit>(nonce: &str, text: &str, tag: &str) {
        let key: [u8; KEY] = std::array::from_fn(|i| 0x80 + u8::try_from(i).expect("below 32"));
        let (cipher, nonce, aad) = (cipher::<C>(&key), hex(nonce), hex("50515253c0c1c2c3c4c5c6c7"));
        let mut buffer = LADIES.to_vec();
        let got = encrypt(&cipher, &nonce, &aad, &mut buffer);
        assert_eq!(HEX.encode(&buffer), text);
        assert_eq!(HEX.encode(&got), tag);
        decrypt(&cipher, &nonce, &aad, &mut buffer, &got).expect("the tag is right");
        assert_eq!(buffer, LADIES);
    }

    #[test]
    fn xchacha20_poly1305_of_the_draft() {
        aead_vector::<XChaCha20Poly1305>(
            "404142434445464748494a4b4c4d4e4f5051525354555657",
            "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c\
54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff921f9664c97637da9768812f615c68b1\
3b52e",
            "c0875924c1c7987947deafd8780acf49",
        );
    }

    #[test]
    fn chacha20_poly1305_of_rfc_8439() {
        aead_vector::<ChaCha20Poly1305>(
            "070000004041424344454647",
            "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b1a71de0a9e\
060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc3ff4def08e4b7a9de576d26586cec64b\
6116",
            "1ae10b594f09e26a7e902ecbd0600691",
        );
    }
}
