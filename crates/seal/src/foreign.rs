//! Password hashes that other programs made, for accounts that move here. They are verified; none is ever made.
//!
//! Read are: bcrypt (`$2a$`, `$2b$`, `$2x$`, `$2y$`), Argon2 of every kind and version as PHC strings, PBKDF2 as a PHC string
//! (`$pbkdf2-sha256$i=…`), as passlib writes it (`$pbkdf2-sha256$29000$…`), as Django (`pbkdf2_sha256$…`) and as Werkzeug
//! (`pbkdf2:sha256:600000$…`), scrypt as a PHC string (`$scrypt$ln=16,r=8,p=1$…`) and as Werkzeug (`scrypt:32768:8:1$…`).
//! What they cost is bounded before anything is computed. The password is tried as it was typed, since they hashed it so,
//! and then as it is prepared here.

use crate::password::{Error, LONGEST, MOST, prepare};
use crate::primitive::same;
use argon2::{Algorithm, Argon2, Version};
use data_encoding::{BASE64, BASE64_NOPAD, HEXLOWER};
use kernel::Secret;
use pbkdf2::pbkdf2_hmac;
use sha2::{Sha256, Sha512};
use zeroize::Zeroizing;

/// The highest cost of bcrypt: 2^15 rounds take some two seconds.
const BCRYPT_COST: u32 = 15;
/// The most rounds of PBKDF2.
const ROUNDS: u32 = 2_000_000;
/// The most memory of scrypt, in bytes.
const SCRYPT_MEMORY: u64 = 256 * 1024 * 1024;

/// One stored hash, taken apart.
enum Foreign {
    Bcrypt(String),
    Pbkdf2 { digest: Digest, rounds: u32, salt: Vec<u8>, tag: Vec<u8> },
    Scrypt { params: scrypt::Params, salt: Vec<u8>, tag: Vec<u8> },
    Argon2 { kind: Algorithm, version: Version, params: argon2::Params, salt: Vec<u8>, tag: Vec<u8> },
}

#[derive(Clone, Copy)]
enum Digest {
    Sha256,
    Sha512,
}

/// Whether it is one of these.
pub(crate) fn is_readable(text: &str) -> bool {
    Foreign::read(text).is_some()
}

/// Verifies a password against what another program stored.
pub(crate) fn verify(password: &Secret<String>, text: &str) -> Result<bool, Error> {
    let foreign = Foreign::read(text).ok_or(Error::Malformed)?;
    let typed = password.expose();
    if typed.len() > LONGEST {
        return Err(Error::TooLong);
    }
    if foreign.matches(typed.as_bytes())? {
        return Ok(true);
    }
    let prepared = prepare(typed)?;
    if prepared.as_str() == typed.as_str() {
        return Ok(false);
    }
    foreign.matches(prepared.as_bytes())
}

impl Foreign {
    fn read(text: &str) -> Option<Self> {
        if text.len() > 512 || !text.is_ascii() {
            return None;
        }
        if let Some(rest) = text.strip_prefix('$') {
            let parts: Vec<&str> = rest.split('$').collect();
            return match *parts.as_slice() {
                ["2a" | "2b" | "2x" | "2y", cost, tail] if tail.len() == 53 => {
                    let cost: u32 = (cost.len() == 2).then(|| cost.parse().ok())??;
                    (4..=BCRYPT_COST).contains(&cost).then(|| Self::Bcrypt(text.to_owned()))
                }
                ["pbkdf2-sha256" | "pbkdf2-sha512", costs, salt, tag] => {
                    let digest = if parts[0].ends_with("256") { Digest::Sha256 } else { Digest::Sha512 };
                    let rounds = match costs.strip_prefix("i=") {
                        Some(costs) => costs.split(',').next()?,
                        None => costs,
                    };
                    Self::pbkdf2(digest, rounds, base64(salt)?, base64(tag)?)
                }
                ["scrypt", costs, salt, tag] => {
                    let [n, r, p] = named(costs, ["ln", "r", "p"])?;
                    Self::scrypt(u8::try_from(n).ok()?, r, p, base64(salt)?, base64(tag)?)
                }
                [kind @ ("argon2d" | "argon2i" | "argon2id"), version, costs, salt, tag] => {
                    let version = match version {
                        "v=19" => Version::V0x13,
                        "v=16" => Version::V0x10,
                        _ => return None,
                    };
                    Self::argon2(kind, version, costs, salt, tag)
                }
                [kind @ ("argon2d" | "argon2i" | "argon2id"), costs, salt, tag] => {
                    Self::argon2(kind, Version::V0x10, costs, salt, tag)
                }
                _ => None,
            };
        }
        let parts: Vec<&str> = text.split('$').collect();
        match *parts.as_slice() {
            ["pbkdf2_sha256", rounds, salt, tag] => {
                Self::pbkdf2(Digest::Sha256, rounds, salt.as_bytes().to_vec(), base64(tag)?)
            }
            [method, salt, tag] => {
                let tag = HEXLOWER.decode(tag.as_bytes()).ok()?;
                let salt = salt.as_bytes().to_vec();
                match *method.split(':').collect::<Vec<_>>().as_slice() {
                    ["pbkdf2", "sha256", rounds] => Self::pbkdf2(Digest::Sha256, rounds, salt, tag),
                    ["pbkdf2", "sha512", rounds] => Self::pbkdf2(Digest::Sha512, rounds, salt, tag),
                    ["scrypt", n, r, p] => {
                        let n = number(n)?;
                        let log = u8::try_from(n.trailing_zeros()).ok().filter(|_| n.is_power_of_two())?;
                        Self::scrypt(log, number(r)?, number(p)?, salt, tag)
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn pbkdf2(digest: Digest, rounds: &str, salt: Vec<u8>, tag: Vec<u8>) -> Option<Self> {
        let rounds = number(rounds)?;
        let fine = (1..=ROUNDS).contains(&rounds) && (16..=64).contains(&tag.len()) && !salt.is_empty();
        fine.then_some(Self::Pbkdf2 { digest, rounds, salt, tag })
    }

    fn scrypt(log_n: u8, r: u32, p: u32, salt: Vec<u8>, tag: Vec<u8>) -> Option<Self> {
        // 128 * N * r bytes of memory, gone through p times.
        let memory = 128u64.checked_shl(u32::from(log_n))?.checked_mul(u64::from(r))?;
        if log_n > 20 || p > 16 || memory > SCRYPT_MEMORY || !(16..=64).contains(&tag.len()) || salt.is_empty() {
            return None;
        }
        Some(Self::Scrypt { params: scrypt::Params::new(log_n, r, p).ok()?, salt, tag })
    }

    fn argon2(kind: &str, version: Version, costs: &str, salt: &str, tag: &str) -> Option<Self> {
        let kind = match kind {
            "argon2d" => Algorithm::Argon2d,
            "argon2i" => Algorithm::Argon2i,
            _ => Algorithm::Argon2id,
        };
        let [memory, passes, lanes] = named(costs, ["m", "t", "p"])?;
        let (salt, tag) = (base64(salt)?, base64(tag)?);
        if memory > MOST.0 || passes > MOST.1 || lanes > MOST.2 || !(8..=64).contains(&salt.len()) {
            return None;
        }
        if !(16..=64).contains(&tag.len()) {
            return None;
        }
        let params = argon2::Params::new(memory, passes, lanes, Some(tag.len())).ok()?;
        Some(Self::Argon2 { kind, version, params, salt, tag })
    }

    fn matches(&self, password: &[u8]) -> Result<bool, Error> {
        let (tag, found) = match self {
            Self::Bcrypt(text) => return bcrypt::verify(password, text).map_err(|_| Error::Malformed),
            Self::Pbkdf2 { digest, rounds, salt, tag } => {
                let mut found = Zeroizing::new(vec![0; tag.len()]);
                match digest {
                    Digest::Sha256 => pbkdf2_hmac::<Sha256>(password, salt, *rounds, &mut found),
                    Digest::Sha512 => pbkdf2_hmac::<Sha512>(password, salt, *rounds, &mut found),
                }
                (tag, found)
            }
            Self::Scrypt { params, salt, tag } => {
                let mut found = Zeroizing::new(vec![0; tag.len()]);
                scrypt::scrypt(password, salt, params, &mut found).map_err(|_| Error::Failed)?;
                (tag, found)
            }
            Self::Argon2 { kind, version, params, salt, tag } => {
                let mut found = Zeroizing::new(vec![0; tag.len()]);
                let argon2 = Argon2::new(*kind, *version, params.clone());
                argon2.hash_password_into(password, salt, &mut found).map_err(|_| Error::Failed)?;
                (tag, found)
            }
        };
        Ok(same(tag, &found))
    }
}

/// Base64, padded or not, with `.` for `+` as passlib writes it.
fn base64(text: &str) -> Option<Vec<u8>> {
    let text = text.replace('.', "+");
    if text.ends_with('=') {
        return BASE64.decode(text.as_bytes()).ok();
    }
    BASE64_NOPAD.decode(text.as_bytes()).ok()
}

fn number(text: &str) -> Option<u32> {
    (!text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit())).then(|| text.parse().ok())?
}

/// `a=1,b=2,c=3` with exactly these names, in this order.
fn named(text: &str, names: [&str; 3]) -> Option<[u32; 3]> {
    let mut parts = text.split(',');
    let mut next = |name: &str| number(parts.next()?.strip_prefix(name)?.strip_prefix('=')?);
    let found = [next(names[0])?, next(names[1])?, next(names[2])?];
    parts.next().is_none().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(password: &str, text: &str) -> Result<bool, Error> {
        verify(&Secret::new(password.to_owned()), text)
    }

    /// Made by other programs: libxcrypt, Python's `hashlib`, the reference implementation of Argon2.
    #[test]
    fn what_others_made_is_verified() {
        for text in [
            "$2b$04$abcdefghijklmnopqrstuuQCzP7jzWZS/E3GL4oF3LWbHm3pfKHH.",
            "$2y$04$abcdefghijklmnopqrstuuQCzP7jzWZS/E3GL4oF3LWbHm3pfKHH.",
            "$2a$04$abcdefghijklmnopqrstuuQCzP7jzWZS/E3GL4oF3LWbHm3pfKHH.",
            "pbkdf2_sha256$1000$somesalt$+NPLERte29h/SemKlz1Kevvf1OQtJRgpl2QXf/36CzY=",
            "$pbkdf2-sha256$i=1000,l=32$c29tZXNhbHQ$+NPLERte29h/SemKlz1Kevvf1OQtJRgpl2QXf/36CzY",
            "$pbkdf2-sha256$1000$c29tZXNhbHQ$.NPLERte29h/SemKlz1Kevvf1OQtJRgpl2QXf/36CzY",
            "$pbkdf2-sha512$1000$c29tZXNhbHQ$dyUxHSdVzQceFLHJA9GV/1MrS5rbiJ873WdF4tQ7bdgsbwJj2CbFVxH/FB70.vwzvyUoBJ05pwh9KvCH4EHIng",
            "pbkdf2:sha256:1000$somesalt$f8d3cb111b5edbd87f49e98a973d4a7afbdfd4e42d2518299764177ffdfa0b36",
            "scrypt:1024:8:1$somesalt$2e3e63196c30d1fe2f70d2c0a3719885c6a51c91d4dd6a1578e140330065b1ac",
            "$scrypt$ln=10,r=8,p=1$c29tZXNhbHQ$Lj5jGWww0f4vcNLAo3GYhcalHJHU3WoVeOFAMwBlsaw",
        ] {
            assert!(is_readable(text), "{text}");
            assert_eq!(check("a password", text), Ok(true), "{text}");
            assert_eq!(check("a passwore", text), Ok(false), "{text}");
        }
        for text in [
            "$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA",
            "$argon2i$m=65536,t=2,p=1$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ",
        ] {
            assert_eq!(check("password", text), Ok(true), "{text}");
            assert_eq!(check("Password", text), Ok(false), "{text}");
        }
    }

    #[test]
    fn a_price_beyond_measure_is_refused_before_anything_is_computed() {
        for text in [
            "$2b$31$abcdefghijklmnopqrstuuQCzP7jzWZS/E3GL4oF3LWbHm3pfKHH.",
            "$2b$4$abcdefghijklmnopqrstuuQCzP7jzWZS/E3GL4oF3LWbHm3pfKHH.",
            "pbkdf2_sha256$4000000000$somesalt$+NPLERte29h/SemKlz1Kevvf1OQtJRgpl2QXf/36CzY=",
            "scrypt:1073741824:8:1$somesalt$2e3e63196c30d1fe2f70d2c0a3719885c6a51c91d4dd6a1578e140330065b1ac",
            "scrypt:1000:8:1$somesalt$2e3e63196c30d1fe2f70d2c0a3719885c6a51c91d4dd6a1578e140330065b1ac",
            "$scrypt$ln=20,r=400,p=1$c29tZXNhbHQ$Lj5jGWww0f4vcNLAo3GYhcalHJHU3WoVeOFAMwBlsaw",
            "$argon2i$v=19$m=4294967295,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA",
            "$1$salt$hash",
            "pbkdf2:md5:1000$somesalt$00",
            "",
        ] {
            assert!(!is_readable(text), "{text}");
            assert_eq!(check("a password", text), Err(Error::Malformed), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_without_a_panic(text in "[$a-z0-9=,:+/.]{0,120}") {
            let _ = is_readable(&text);
            let _ = is_readable(&format!("$2b${text}"));
            let _ = is_readable(&format!("$scrypt${text}"));
            let _ = is_readable(&format!("pbkdf2:sha256:{text}"));
        }
    }
}
