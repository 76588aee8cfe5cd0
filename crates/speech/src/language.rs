//! The languages the speech model knows.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// Which language is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// Let the model find out from the first half minute.
    #[default]
    Auto,
    /// A code Whisper knows: ISO 639-1, for a few languages 639-3.
    Code(&'static str),
}

/// A language the model does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a language the speech model knows: an ISO 639-1 code such as \"en\", or \"auto\"")]
pub struct UnknownLanguage;

impl Language {
    /// Whether words are written without spaces between them.
    pub(crate) fn has_no_spaces(code: &str) -> bool {
        matches!(code, "zh" | "ja" | "th" | "lo" | "my" | "yue" | "km" | "bo")
    }
}

impl FromStr for Language {
    type Err = UnknownLanguage;

    fn from_str(code: &str) -> Result<Self, Self::Err> {
        if code == "auto" {
            return Ok(Self::Auto);
        }
        // Without this it complains on standard error about every code it does not know.
        whisper_rs::install_logging_hooks();
        // The library also takes full names and cannot take a zero byte.
        let plausible = (2..=3).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_lowercase());
        let known = plausible.then(|| whisper_rs::get_lang_id(code)).flatten();
        known.and_then(whisper_rs::get_lang_str).filter(|known| *known == code).map(Self::Code).ok_or(UnknownLanguage)
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Code(code) => code,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_taken_and_everything_else_is_not() {
        assert_eq!("auto".parse(), Ok(Language::Auto));
        assert_eq!("en".parse(), Ok(Language::Code("en")));
        assert_eq!("yue".parse(), Ok(Language::Code("yue")));
        for wrong in ["", "EN", "english", "xx", "e\0", "klingon", "en-US"] {
            assert_eq!(wrong.parse::<Language>(), Err(UnknownLanguage), "{wrong:?}");
        }
    }
}
