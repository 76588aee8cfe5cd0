//! Which passwords are good enough (A1-M1; NIST SP 800-63B-4, section 3.1.1).
//!
//! Two roads, so that a reader of either school is satisfied: *A*, at least 15 characters of any kind, which is NIST's;
//! *B*, 10 to 14 characters with lower case, upper case, a digit and a sign, which is the audit's. On both: not to be
//! guessed easily (zxcvbn, whose lists of common and leaked passwords are part of the program), and nothing that stands in
//! the account itself, and nothing that stands on the list of common ones. `PASSWORD_MODE=nist` leaves road A alone,
//! `audit` asks for a sign on both. Nothing is trimmed, and the answer names every reason at once.

use crate::common::is_common;
use crate::config::PasswordMode;
use crate::model::{DisplayName, Email};
use kernel::{FieldFault, Secret};
use std::borrow::Cow;
use unicode_normalization::UnicodeNormalization;
use zxcvbn::Score;

/// The fewest characters on road B.
const SHORTEST: usize = 10;
/// From here on any composition will do: road A.
const LONG: usize = 15;
/// The most characters.
pub(crate) const LONGEST: usize = 128;
/// How many characters are looked at for patterns: the cost grows faster than the length (100 take some 25 ms, 32 take 2).
const LOOKED_AT: usize = 100;
/// How many are looked at first.
const FIRST_LOOK: usize = 32;
/// A word of the account that is shorter says little, and would rule out too much.
const WORD: usize = 4;
/// Names of this house.
const HOUSE: &str = "mindvibe";

fn fault(code: &'static str, detail: &'static str) -> FieldFault {
    FieldFault { field: Cow::Borrowed("password"), code, detail: Cow::Borrowed(detail) }
}

/// Whether a password to be verified is too long to be anybody's; the only thing to know about it before it is hashed.
pub(crate) fn check_length(password: &Secret<String>) -> Result<(), FieldFault> {
    let password = password.expose();
    if password.len() > seal::password::LONGEST || password.nfc().count() > LONGEST {
        return Err(fault("too_long", "at most 128 characters and 1,024 bytes"));
    }
    Ok(())
}

/// Every reason for which this cannot be the password of this account; none when it can.
pub(crate) fn refuse_password(
    mode: PasswordMode,
    password: &Secret<String>,
    email: &Email,
    name: &DisplayName,
) -> Vec<FieldFault> {
    if kernel::weaken::is("A1-M1") {
        return Vec::new();
    }
    if let Err(too_long) = check_length(password) {
        return vec![too_long];
    }
    // One who types `ü` as two code points has typed one character.
    let password = Secret::new(password.expose().nfc().collect::<String>());
    let password = password.expose();
    let mut faults = Vec::new();
    match password.chars().count() {
        0..LONG if mode == PasswordMode::Nist => {
            faults.push(fault("too_short", "at least 15 characters, of whatever kind; a few unrelated words will do"));
        }
        SHORTEST.. if mode == PasswordMode::Audit && !has_sign(password) => {
            faults.push(fault("needs_sign", "it needs a character that is neither a letter nor a digit"));
        }
        0..SHORTEST => faults
            .push(fault("too_short", "at least 15 characters; or 10 with lower case, upper case, a digit and a sign")),
        SHORTEST..LONG if !is_mixed(password) => faults.push(fault(
            "needs_mix",
            "under 15 characters it needs lower case, upper case, a digit and a sign; a longer one needs none of that",
        )),
        _ => {}
    }
    let words = words(email, name);
    if words.iter().any(|word| fold(password).contains(word.as_str())) {
        faults
            .push(fault("contains_context", "it must not contain your address, your name or the name of this service"));
    }
    // A short one has its reason already, and all short ones are easy to guess.
    if password.chars().count() >= SHORTEST && is_common(password) {
        faults.push(fault("common", "it stands on the list of those that are tried first"));
    } else if password.chars().count() >= SHORTEST && is_guessable(password, &words) {
        faults.push(fault(
            "too_guessable",
            "it is common, or made of a pattern that is tried first; several unrelated words are harder to guess",
        ));
    }
    faults
}

/// Most are good enough after the first look already; whoever guesses the whole has to guess its beginning.
fn is_guessable(password: &str, words: &[String]) -> bool {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let guessable = |letters: usize| {
        let beginning: String = password.chars().take(letters).collect();
        zxcvbn::zxcvbn(&beginning, &words).score() < Score::Three
    };
    guessable(FIRST_LOOK) && (password.chars().count() <= FIRST_LOOK || guessable(LOOKED_AT))
}

fn has_sign(password: &str) -> bool {
    password.chars().any(|letter| !letter.is_alphanumeric())
}

fn is_mixed(password: &str) -> bool {
    let has = |kind: fn(char) -> bool| password.chars().any(kind);
    has(char::is_lowercase) && has(char::is_uppercase) && has(char::is_numeric) && has_sign(password)
}

fn fold(text: &str) -> String {
    text.nfkc().flat_map(char::to_lowercase).collect()
}

/// What is known about the account to everybody: the address's local part and the name, whole and in words.
fn words(email: &Email, name: &DisplayName) -> Vec<String> {
    let mut words = vec![HOUSE.to_owned()];
    for text in [fold(email.local_part()), fold(name.as_str())] {
        words.extend(text.split(|letter: char| !letter.is_alphanumeric()).map(ToOwned::to_owned));
        words.push(text);
    }
    words.retain(|word| word.chars().count() >= WORD);
    words.sort_unstable();
    words.dedup();
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn codes(password: &str) -> Vec<&'static str> {
        let email = Email::parse("Maria.Kowalska+tests@example.org").unwrap();
        let name = DisplayName::parse("Maria Kowalska").unwrap();
        let faults = refuse_password(PasswordMode::TwoRoad, &Secret::new(password.to_owned()), &email, &name);
        assert!(faults.iter().all(|fault| fault.field == "password"));
        faults.into_iter().map(|fault| fault.code).collect()
    }

    #[test]
    fn road_a_takes_long_ones_of_any_kind() {
        for good in [
            "correct horse battery staple",
            "plum kettle orbit lantern",
            "żółta łódź płynie wolno",
            "fünf Äpfel unterm Birnbaum",
        ] {
            assert_eq!(codes(good), [""; 0], "{good}");
        }
    }

    #[test]
    fn road_b_takes_shorter_ones_with_the_full_mix() {
        for good in ["vK7#mQ2!xZ", "Tr0ut&Xylem9", "p8;Wqzr_Lm4"] {
            assert_eq!(codes(good), [""; 0], "{good}");
        }
        for bad in ["vk7#mq2!xz", "VK7#MQ2!XZ", "vKx#mQy!xZ", "vK7amQ2bxZ", "jwqkzpvmxrtbnd"] {
            assert_eq!(codes(bad), ["needs_mix"], "{bad}");
        }
    }

    #[test]
    fn two_stricter_modes_for_readers_of_one_school() {
        let email = Email::parse("a@example.org").unwrap();
        let name = DisplayName::parse("A").unwrap();
        let codes = |mode, password: &str| -> Vec<&str> {
            let faults = refuse_password(mode, &Secret::new(password.to_owned()), &email, &name);
            faults.iter().map(|fault| fault.code).collect()
        };
        assert_eq!(codes(PasswordMode::Nist, "vK7#mQ2!xZ"), ["too_short"]);
        assert_eq!(codes(PasswordMode::Nist, "plumkettleorbitlantern"), [""; 0]);
        assert_eq!(codes(PasswordMode::Audit, "plumkettleorbitlantern"), ["needs_sign"]);
        assert_eq!(codes(PasswordMode::Audit, "plum kettle orbit lantern"), [""; 0]);
        assert_eq!(codes(PasswordMode::Audit, "vK7#mQ2!xZ"), [""; 0]);
        assert_eq!(codes(PasswordMode::TwoRoad, "plumkettleorbitlantern"), [""; 0]);
    }

    #[test]
    fn what_stands_on_the_list_is_refused_by_name() {
        assert!(codes("qwertyuiop").contains(&"common"));
        assert!(codes("1234567890").contains(&"common"));
    }

    #[test]
    fn what_the_audit_lists_is_refused() {
        assert_eq!(codes("Password1"), ["too_short"]);
        assert_eq!(codes("Qwerty123!"), ["too_guessable"]);
        assert_eq!(codes(""), ["too_short"]);
        assert_eq!(codes("vK7#mQ2!x"), ["too_short"]);
        assert_eq!(codes("Password123!"), ["too_guessable"]);
        assert_eq!(codes("aaaaaaaaaaaaaaaaaaaa"), ["too_guessable"]);
        assert_eq!(codes("abcdefghijklmnopqrstuvwxyz"), ["too_guessable"]);
    }

    #[test]
    fn nothing_of_the_account_itself() {
        for bad in [
            "kowalska plum kettle orbit",
            "plum KOWALSKA kettle orbit",
            "plum ｋｏｗａｌｓｋａ kettle orbit",
            "MindVibe lantern orbit kettle",
            "maria lantern orbit kettle",
        ] {
            assert_eq!(codes(bad), ["contains_context"], "{bad}");
        }
        assert!(codes("maria.kowalska+tests").contains(&"contains_context"));
        assert!(codes("Kowalska1!").contains(&"contains_context"));
    }

    #[test]
    fn the_longest_is_128_characters_and_1024_bytes() {
        let whole = |letter: &str, count: usize| format!("plum kettle orbit lantern {}", letter.repeat(count));
        let prefix = "plum kettle orbit lantern ".len();
        assert_eq!(codes(&whole("ü", 128 - prefix)), [""; 0]);
        assert_eq!(codes(&whole("ü", 129 - prefix)), ["too_long"]);
        // Decomposed it is the same length.
        assert_eq!(codes(&whole("u\u{308}", 128 - prefix)), [""; 0]);
        // A character may be made of many code points that do not combine into one.
        assert_eq!(codes(&"\u{1f468}\u{200d}".repeat(200)), ["too_long"]);
        assert!(check_length(&Secret::new("x".repeat(1 << 20))).is_err());
    }

    #[test]
    fn looking_for_patterns_is_quick_enough_to_do_where_one_stands() {
        let slow =
            ["aA1!".repeat(32), "20112012".repeat(16), "p@ssw0rd".repeat(16), "abcabd".repeat(20), "1l!i|".repeat(25)];
        for password in slow {
            let begun = std::time::Instant::now();
            codes(&password);
            let took = begun.elapsed();
            // Some 25 ms; the rest is for a machine that is busy with other tests.
            assert!(took.as_secs() < 2, "{took:?} for {password}");
        }
    }

    proptest! {
        #[test]
        fn no_password_makes_it_panic(password in "\\PC{0,140}") {
            let found = codes(&password);
            let count = password.nfc().count();
            prop_assert_eq!(found.contains(&"too_short"), count < 10);
            prop_assert_eq!(found.contains(&"too_long"), count > 128 || password.len() > 1024);
        }
    }
}
