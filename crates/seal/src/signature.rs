//! Signatures by public key: Ed25519 (RFC 8032) made and checked, ECDSA P-256 and RSA (PKCS #1 v1.5, SHA-256) checked only,
//! because other issuers sign with them.
//!
//! A key is of one kind, and a signature is checked by the kind of its key: what a message says about its own algorithm is
//! never asked.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, Ed25519KeyPair, KeyPair, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use kernel::Secret;

/// The private half of an Ed25519 key. Has no `Debug` and cannot be copied.
pub struct SigningKey(Ed25519KeyPair);

impl SigningKey {
    /// The key of a seed: 32 random bytes.
    ///
    /// # Panics
    /// Never: every 32 bytes are a seed.
    pub fn from_seed(seed: &Secret<[u8; 32]>) -> Self {
        // Every 32 bytes are a seed (RFC 8032, section 5.1.5), so this cannot fail.
        Self(Ed25519KeyPair::from_seed_unchecked(seed.expose()).expect("a seed has 32 bytes"))
    }

    /// The public half.
    pub fn public(&self) -> [u8; 32] {
        let mut out = [0; 32];
        out.copy_from_slice(self.0.public_key().as_ref());
        out
    }

    /// Signs; the same message always gives the same 64 bytes.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        let mut out = [0; 64];
        out.copy_from_slice(self.0.sign(message).as_ref());
        out
    }
}

/// A public key, of whoever signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VerifyingKey {
    /// Ed25519; `EdDSA` in a token, `ed25519` in a signed request.
    Ed25519([u8; 32]),
    /// ECDSA on P-256, the uncompressed point; `ES256` in a token.
    P256([u8; 65]),
    /// RSA of 2048 to 8192 bits; `RS256` in a token.
    Rsa {
        /// The modulus, big endian.
        n: Vec<u8>,
        /// The exponent, big endian.
        e: Vec<u8>,
    },
}

impl VerifyingKey {
    /// Whether the holder of this key signed these bytes.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key).verify(message, signature).is_ok(),
            Self::P256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature).is_ok()
            }
            Self::Rsa { n, e } => {
                let key = RsaPublicKeyComponents { n: without_zeros(n), e: without_zeros(e) };
                key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).is_ok()
            }
        }
    }

    /// Whether this is an Ed25519 point of small order: a signature can be made for it that fits many messages.
    pub fn is_weak(&self) -> bool {
        let Self::Ed25519(key) = self else { return false };
        let mut point = *key;
        // The sign of x; the rest is y, by which the points of small order are known.
        point[31] &= 0x7f;
        SMALL_ORDER.contains(&point)
    }
}

fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}

const fn ending(first: u8, middle: u8, last: u8) -> [u8; 32] {
    let mut out = [middle; 32];
    out[0] = first;
    out[31] = last;
    out
}

/// y of the eight points of small order, and what is the same modulo the prime.
const SMALL_ORDER: [[u8; 32]; 7] = [
    ending(0x00, 0x00, 0x00),
    ending(0x01, 0x00, 0x00),
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf,
        0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20,
        0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ],
    ending(0xec, 0xff, 0x7f),
    ending(0xed, 0xff, 0x7f),
    ending(0xee, 0xff, 0x7f),
];

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::HEXLOWER as HEX;

    fn bytes<const N: usize>(text: &str) -> [u8; N] {
        HEX.decode(text.as_bytes()).unwrap().try_into().unwrap()
    }

    #[test]
    fn ed25519_of_rfc_8032() {
        // Section 7.1, test 2.
        let seed = bytes("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
        let key = SigningKey::from_seed(&Secret::new(seed));
        assert_eq!(key.public(), bytes("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"));
        let signature: [u8; 64] = bytes(
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
             085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        );
        assert_eq!(key.sign(&[0x72]), signature);
        let public = VerifyingKey::Ed25519(key.public());
        assert!(public.verify(&[0x72], &signature) && !public.is_weak());
        assert!(!public.verify(&[0x73], &signature));
        for place in [0, 31, 32, 63] {
            let mut other = signature;
            other[place] ^= 1;
            assert!(!public.verify(&[0x72], &other), "{place}");
        }
        assert!(!public.verify(&[0x72], &signature[..63]));
    }

    #[test]
    fn points_of_small_order_are_known() {
        for point in SMALL_ORDER {
            assert!(VerifyingKey::Ed25519(point).is_weak());
            let mut negative = point;
            negative[31] |= 0x80;
            assert!(VerifyingKey::Ed25519(negative).is_weak());
        }
        // With the neutral element as key, this one signature would fit any message.
        let mut signature = [0; 64];
        signature[0] = 1;
        let neutral = VerifyingKey::Ed25519(ending(1, 0, 0));
        assert!(neutral.is_weak(), "{}", neutral.verify(b"anything", &signature));
    }

    #[test]
    fn es256_of_rfc_7515() {
        // Appendix A.3.
        let decode = |text: &str| data_encoding::BASE64URL_NOPAD.decode(text.as_bytes()).unwrap();
        let message = b"eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let (x, y) = (
            decode("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"),
            decode("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"),
        );
        let point: [u8; 65] = [[4].as_slice(), &x, &y].concat().try_into().unwrap();
        let mut signature =
            decode("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q");
        assert!(VerifyingKey::P256(point).verify(message, &signature));
        signature[5] ^= 1;
        assert!(!VerifyingKey::P256(point).verify(message, &signature));
    }
}
