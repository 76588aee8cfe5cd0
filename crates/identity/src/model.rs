//! What an account is made of, and what always holds for it.

use guard::Role;
use kernel::{FieldFault, Timestamp, UserId};
use serde::Serialize;
use std::borrow::Cow;
use unicode_normalization::UnicodeNormalization;
use utoipa::ToSchema;
use uuid::Uuid;

/// An e-mail address: as it was written, and in the form by which two spellings of it are one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Email {
    written: String,
    folded: String,
}

impl Email {
    /// The longest address that mail can carry, in bytes (RFC 5321, section 4.5.3.1.3, less the brackets).
    pub(crate) const LONGEST: usize = 254;

    /// Reads an address. Spaces around it are dropped; whether anybody reads mail there, only mail can tell.
    pub(crate) fn parse(text: &str) -> Result<Self, FieldFault> {
        let fault = |code, detail| FieldFault { field: Cow::Borrowed("email"), code, detail: Cow::Borrowed(detail) };
        let written = text.trim();
        let folded = Self::fold(written);
        if written.len().max(folded.len()) > Self::LONGEST {
            return Err(fault("too_long", "at most 254 bytes"));
        }
        // Both forms are looked at: folding turns letters that merely look like `@` into it.
        if [written, &folded].into_iter().all(is_address) {
            Ok(Self { written: written.to_owned(), folded })
        } else {
            Err(fault("invalid", "an address such as name@example.org, with one @ and no spaces"))
        }
    }

    /// Unicode lower case of the compatibility form (NFKC): a case or a width does not make another person.
    pub(crate) fn fold(text: &str) -> String {
        // Lowering can undo the normal form, and the normal form can bring capitals back: twice reaches the fixed point
        // for every letter there is (a test walks them all).
        let once = |text: &str| text.nfkc().flat_map(char::to_lowercase).nfkc().collect::<String>();
        once(&once(text.trim()))
    }

    /// As it was written.
    pub(crate) fn written(&self) -> &str {
        &self.written
    }

    /// The form that is unique.
    pub(crate) fn folded(&self) -> &str {
        &self.folded
    }

    /// What stands before the `@`.
    pub(crate) fn local_part(&self) -> &str {
        self.folded.split('@').next().unwrap_or("")
    }
}

fn is_address(text: &str) -> bool {
    let mut parts = text.split('@');
    let (Some(local), Some(domain), None) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    !local.is_empty()
        && !domain.is_empty()
        && domain.split('.').all(|label| !label.is_empty())
        && !text.chars().any(|letter| letter.is_control() || letter.is_whitespace() || is_invisible(letter))
}

/// Letters that show nothing or turn the reading direction around: with them two names can look alike.
const fn is_invisible(letter: char) -> bool {
    matches!(
        letter,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    )
}

/// Turns the reading direction around; in a name it would rearrange what stands next to it.
const fn is_direction(letter: char) -> bool {
    matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// What somebody wants to be called: 1 to 80 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DisplayName(String);

impl DisplayName {
    /// The most characters.
    pub(crate) const LONGEST: usize = 80;

    /// Reads a name. Spaces around it are dropped.
    pub(crate) fn parse(text: &str) -> Result<Self, FieldFault> {
        let fault = |code, detail| FieldFault { field: Cow::Borrowed("display_name"), code, detail };
        // Four bytes is the longest character: what is longer is not counted, nor copied.
        if text.len() > 4 * (Self::LONGEST + 64) {
            return Err(fault("too_long", Cow::Borrowed("at most 80 characters")));
        }
        let name: String = text.trim().nfc().collect();
        match name.chars().count() {
            0 => Err(fault("missing", Cow::Borrowed("1 to 80 characters"))),
            1..=Self::LONGEST if name.chars().any(|letter| letter.is_control() || is_direction(letter)) => {
                Err(fault("invalid", Cow::Borrowed("no line breaks, control characters or marks of direction")))
            }
            1..=Self::LONGEST => Ok(Self(name)),
            _ => Err(fault("too_long", Cow::Borrowed("at most 80 characters"))),
        }
    }

    /// For whoever did not say: the part of the address before the `@`.
    pub(crate) fn of(email: &Email) -> Self {
        let written = email.written().split('@').next().unwrap_or("");
        Self(written.nfc().take(Self::LONGEST).collect())
    }

    /// The name.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The language somebody reads: a BCP 47 tag such as `de` or `pt-BR`, in the form that is usual.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LocaleTag(pub(crate) String);

impl LocaleTag {
    /// Reads a tag: letters and digits in parts of one to eight, joined by hyphens.
    pub(crate) fn parse(text: &str) -> Result<Self, FieldFault> {
        let mut parts = text.split('-');
        let language =
            parts.next().filter(|part| (2..=3).contains(&part.len()) && is_of(part, u8::is_ascii_alphabetic));
        let rest: Vec<&str> = parts.collect();
        let fine = rest.iter().all(|part| (1..=8).contains(&part.len()) && is_of(part, u8::is_ascii_alphanumeric));
        let (Some(language), true, true) = (language, fine, text.len() <= 35) else {
            let detail = Cow::Borrowed("a language such as en, de or pt-BR");
            return Err(FieldFault { field: Cow::Borrowed("locale"), code: "invalid", detail });
        };
        let mut tag = language.to_ascii_lowercase();
        for part in rest {
            tag.push('-');
            // A region is written in capitals.
            tag.push_str(&if part.len() == 2 { part.to_ascii_uppercase() } else { part.to_owned() });
        }
        Ok(Self(tag))
    }
}

fn is_of(part: &str, kind: fn(&u8) -> bool) -> bool {
    part.bytes().all(|byte| kind(&byte))
}

/// A zone of the IANA database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TimeZone(pub(crate) String);

impl TimeZone {
    /// Reads a name.
    pub(crate) fn parse(text: &str) -> Result<Self, FieldFault> {
        let zone = text.parse::<chrono_tz::Tz>().map_err(|_| FieldFault {
            field: Cow::Borrowed("time_zone"),
            code: "invalid",
            detail: Cow::Borrowed("a name of the IANA database such as Europe/Berlin"),
        })?;
        Ok(Self(zone.name().to_owned()))
    }
}

/// Somebody with an account, as they see themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct User {
    /// The account.
    pub id: UserId,
    /// The address, as it was written.
    #[schema(max_length = 254)]
    pub email: String,
    /// What they want to be called.
    #[schema(min_length = 1, max_length = 80)]
    pub display_name: String,
    /// What they may do.
    pub role: Role,
    /// The language they read, a BCP 47 tag.
    #[schema(max_length = 35)]
    pub locale: String,
    /// The zone their days are counted in, an IANA name.
    #[schema(max_length = 64)]
    pub time_zone: String,
    /// Since when.
    pub created_at: Timestamp,
    /// Whether signing in takes a second factor.
    pub second_factor: bool,
}

/// By which surface a session came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SessionKind {
    /// A cookie.
    Browser,
    /// An access token.
    Token,
}

store::value!(
    SessionKind as String,
    |kind| match kind {
        SessionKind::Browser => "browser".to_owned(),
        SessionKind::Token => "token".to_owned(),
    },
    |text| match text.as_str() {
        "browser" => Ok(Self::Browser),
        "token" => Ok(Self::Token),
        _ => Err("not a kind of session".into()),
    },
);

/// A role as a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RoleColumn(pub(crate) Role);

store::value!(RoleColumn as String, |role| role.0.name().to_owned(), |text| Ok(Self(text.parse()?)));

/// The present session, as its owner sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct SessionView {
    /// Its id; not the secret.
    #[schema(value_type = String, format = Uuid, min_length = 36, max_length = 36)]
    pub(crate) id: Uuid,
    /// When it began.
    pub(crate) created_at: Timestamp,
    /// When it ends, however much it is used.
    pub(crate) expires_at: Timestamp,
    /// Until when what asks for a confirmation takes the last one; `null` when it asks for another.
    pub(crate) confirmed_until: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn code(text: &str) -> &'static str {
        Email::parse(text).expect_err(text).code
    }

    #[test]
    fn spellings_of_one_address_are_one() {
        let plain = Email::parse("maria.k@example.org").unwrap();
        for other in
            ["Maria.K@Example.ORG", " maria.k@example.org ", "ｍaria.k＠example.org".replace('＠', "@").as_str()]
        {
            assert_eq!(Email::parse(other).unwrap().folded(), plain.folded(), "{other}");
        }
        assert_eq!(Email::parse("Straße@example.org").unwrap().written(), "Straße@example.org");
        assert_eq!(plain.local_part(), "maria.k");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for bad in [
            "",
            "@",
            "a@",
            "@b",
            "ab",
            "a@b@c",
            "a b@c.d",
            "a@b..c",
            "a@.b",
            "a@b.",
            "a\n@b.c",
            "a\u{0}@b.c",
            "a\u{200b}@b.c",
            "a\u{202e}@b.c",
            "a＠b@c.d",
            "a@b\u{ff0e}\u{ff0e}c",
        ] {
            assert_eq!(code(bad), "invalid", "{bad:?}");
        }
        let domain = "@example.org";
        let longest = format!("{}{domain}", "a".repeat(Email::LONGEST - domain.len()));
        assert!(Email::parse(&longest).is_ok());
        assert_eq!(code(&format!("a{longest}")), "too_long");
    }

    #[test]
    fn folding_every_letter_twice_changes_nothing_more() {
        for letter in '\u{21}'..=char::MAX {
            let once = Email::fold(&format!("a{letter}a"));
            assert_eq!(Email::fold(&once), once, "{letter:?}");
        }
    }

    #[test]
    fn languages_and_zones_are_real_ones() {
        for (text, tag) in [("en", "en"), ("DE-at", "de-AT"), ("zh-Hant-TW", "zh-Hant-TW"), ("gsw", "gsw")] {
            assert_eq!(LocaleTag::parse(text).unwrap().0, tag);
        }
        for bad in
            ["", "e", "english", "en_US", "en-", "en-toolongpart", "d3", "en\r\nX", &format!("en{}", "-x".repeat(20))]
        {
            assert!(LocaleTag::parse(bad).is_err(), "{bad:?}");
        }
        assert_eq!(TimeZone::parse("Europe/Berlin").unwrap().0, "Europe/Berlin");
        assert!(TimeZone::parse("Mars/Olympus").is_err() && TimeZone::parse("").is_err());
    }

    #[test]
    fn names_are_short_and_stay_in_their_line() {
        let code = |text: &str| DisplayName::parse(text).expect_err(text).code;
        assert_eq!(DisplayName::parse("  Jörg 🌱 ").unwrap().as_str(), "Jörg 🌱");
        assert!(DisplayName::parse(&"ü".repeat(80)).is_ok());
        assert_eq!(code(&"ü".repeat(81)), "too_long");
        assert_eq!(code(&"x".repeat(1 << 20)), "too_long");
        assert_eq!(code(" "), "missing");
        for bad in ["a\nb", "a\u{1b}[31m", "a\u{202e}b"] {
            assert_eq!(code(bad), "invalid", "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn an_address_keeps_its_rules(text in "\\PC{0,40}@\\PC{0,40}") {
            if let Ok(email) = Email::parse(&text) {
                prop_assert_eq!(email.folded().matches('@').count(), 1);
                prop_assert_eq!(Email::fold(email.folded()), email.folded());
                let again = Email::parse(email.folded()).unwrap();
                prop_assert_eq!(again.folded(), email.folded());
                prop_assert!((1..=80).contains(&DisplayName::of(&email).as_str().chars().count()));
            }
        }
    }
}
