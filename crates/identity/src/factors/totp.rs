//! Codes of an authenticator app: RFC 6238 over HMAC-SHA-1, six digits, half a minute each, which is what every app speaks.
//!
//! HMAC does not rest on its hash withstanding collisions (RFC 6151, section 2), so that SHA-1 is sound here and here only.

use data_encoding::BASE32_NOPAD;
use fast_qr::convert::{Builder, svg::SvgBuilder};
use fast_qr::{ECL, QRBuilder};
use hmac::{Hmac, KeyInit, Mac};
use kernel::{Fault, Secret, Timestamp};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sha1::Sha1;
use subtle::ConstantTimeEq;

/// Length of a secret, in bytes: that of the hash (RFC 4226, section 4).
pub(crate) const SECRET: usize = 20;
/// How long a code lasts, in seconds.
const STEP: i64 = 30;
const DIGITS: u32 = 6;
const ISSUER: &str = "MindVibe";

/// The step that an instant lies in.
pub(crate) const fn step_at(now: Timestamp) -> i64 {
    now.as_micros().div_euclid(1_000_000 * STEP)
}

/// The number of one step before it is cut to digits (RFC 4226, section 5.3).
fn number(secret: &[u8], step: i64) -> u32 {
    // HMAC takes keys of every length (RFC 2104, section 3), so this cannot fail.
    let mut mac = <Hmac<Sha1> as KeyInit>::new_from_slice(secret).expect("HMAC takes every key");
    mac.update(&step.to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let at = usize::from(hash[19] & 0xf);
    u32::from_be_bytes([hash[at] & 0x7f, hash[at + 1], hash[at + 2], hash[at + 3]])
}

/// The code of one step.
pub(crate) fn code(secret: &[u8], step: i64) -> String {
    format!("{:0width$}", number(secret, step) % 10u32.pow(DIGITS), width = DIGITS as usize)
}

/// Whether a text can be a code at all; what else it might be is asked elsewhere.
pub(crate) fn is_code(text: &str) -> bool {
    digits(text).is_some()
}

/// People and apps write a code in two groups.
fn digits(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|letter| !letter.is_whitespace()).take(DIGITS as usize + 1).collect();
    (digits.len() == DIGITS as usize && digits.bytes().all(|digit| digit.is_ascii_digit())).then_some(digits)
}

/// The step that `text` is the code of, if it lies within `drift` steps of now and after the last one that was used.
pub(crate) fn matching(secret: &[u8], text: &str, now: Timestamp, drift: i64, last: i64) -> Option<i64> {
    let digits = digits(text)?;
    let mut found = None;
    // All of them, so that the time does not tell how far off a clock is.
    for step in step_at(now) - drift..=step_at(now) + drift {
        if bool::from(code(secret, step).as_bytes().ct_eq(digits.as_bytes()))
            && (step > last || kernel::weaken::is("A1-H7.totp"))
        {
            found = Some(step);
        }
    }
    found
}

/// A secret as people can type it.
pub(crate) fn written(secret: &[u8]) -> Secret<String> {
    Secret::new(BASE32_NOPAD.encode(secret))
}

/// What an app reads: the key URI that all of them understand.
pub(crate) fn uri(secret: &Secret<String>, email: &str) -> Secret<String> {
    let label = utf8_percent_encode(email, NON_ALPHANUMERIC);
    Secret::new(format!(
        "otpauth://totp/{ISSUER}:{label}?secret={}&issuer={ISSUER}&algorithm=SHA1&digits={DIGITS}&period={STEP}",
        secret.expose()
    ))
}

/// The same as a picture. Black on white whatever the page's colours: a camera reads it.
pub(crate) fn picture(uri: &Secret<String>) -> Result<String, Fault> {
    let code = QRBuilder::new(uri.expose().as_str()).ecl(ECL::M).build();
    let code = code.map_err(|error| Fault::internal(format!("a key URI does not fit into a QR code: {error:?}")))?;
    Ok(SvgBuilder::default().margin(4).to_str(&code))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn the_published_vectors_hold() {
        // RFC 6238, appendix B, SHA-1; eight digits there.
        let secret = b"12345678901234567890";
        for (seconds, expected) in [
            (59, 94_287_082),
            (1_111_111_109, 7_081_804),
            (1_111_111_111, 14_050_471),
            (1_234_567_890, 89_005_924),
            (2_000_000_000, 69_279_037),
            (20_000_000_000, 65_353_130),
        ] {
            assert_eq!(number(secret, step_at(at(seconds))) % 100_000_000, expected, "{seconds}");
            assert_eq!(code(secret, step_at(at(seconds))), format!("{:06}", expected % 1_000_000));
        }
        // RFC 4226, appendix D: the same by counter.
        let published =
            ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"];
        for (step, expected) in (0..).zip(published) {
            assert_eq!(code(secret, step), expected);
        }
    }

    #[test]
    fn a_step_to_either_side_will_do_and_two_will_not() {
        let (secret, now) = ([7; SECRET], at(1_800_000_010));
        let step = step_at(now);
        for (off, drift, good) in [
            (0, 1, true),
            (-1, 1, true),
            (1, 1, true),
            (-2, 1, false),
            (2, 1, false),
            (0, 0, true),
            (1, 0, false),
            (-1, 0, false),
        ] {
            let found = matching(&secret, &code(&secret, step + off), now, drift, 0);
            assert_eq!(found, good.then_some(step + off), "{off} at a drift of {drift}");
        }
    }

    #[test]
    fn no_step_comes_twice_nor_one_before_it() {
        let (secret, now) = ([7; SECRET], at(1_800_000_010));
        let step = step_at(now);
        assert_eq!(matching(&secret, &code(&secret, step), now, 1, step - 1), Some(step));
        assert_eq!(matching(&secret, &code(&secret, step), now, 1, step), None);
        assert_eq!(matching(&secret, &code(&secret, step - 1), now, 1, step), None);
    }

    #[test]
    fn a_code_is_six_digits_however_they_are_grouped() {
        assert!(is_code("123456") && is_code("123 456") && is_code(" 123456 "));
        for other in ["", "12345", "1234567", "12345a", "１２３４５６", "123456123456", "+12345"] {
            assert!(!is_code(other), "{other}");
        }
    }

    #[test]
    fn an_app_reads_the_uri_and_a_camera_the_picture() {
        let secret = written(b"12345678901234567890");
        assert_eq!(secret.expose(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let uri = uri(&secret, "maria+1@example.org");
        assert_eq!(
            uri.expose(),
            "otpauth://totp/MindVibe:maria%2B1%40example%2Eorg?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=MindVibe\
             &algorithm=SHA1&digits=6&period=30"
        );
        let picture = picture(&uri).unwrap();
        assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>") && !picture.contains("script"));
        let longest = super::uri(&secret, &"ü".repeat(254));
        assert!(super::picture(&longest).is_ok(), "the longest address fits");
    }
}
