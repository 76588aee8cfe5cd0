//! In which language somebody reads.

use crate::languages::{LANGUAGES, Language};
use std::fmt;

/// A language that letters are written in.
#[derive(Clone, Copy)]
pub struct Locale(pub(crate) &'static Language);

impl Locale {
    /// The language of a tag (BCP 47) such as `de` or `de-AT`: the one of the same name, else English.
    pub fn of(tag: &str) -> Self {
        let primary = tag.split(['-', '_']).next().unwrap_or("");
        let found = LANGUAGES.iter().find(|language| language.tag.eq_ignore_ascii_case(primary));
        Self(found.unwrap_or(&LANGUAGES[0]))
    }

    /// Every language there is.
    pub fn all() -> impl Iterator<Item = Self> {
        LANGUAGES.iter().map(Self)
    }

    /// Its tag.
    pub const fn tag(self) -> &'static str {
        self.0.tag
    }
}

impl fmt::Debug for Locale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Locale").field(&self.0.tag).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_does_not_change_the_language_and_unknown_ones_read_english() {
        for (tag, language) in
            [("de", "de"), ("de-AT", "de"), ("DE_ch", "de"), ("en-GB", "en"), ("tlh", "en"), ("", "en")]
        {
            assert_eq!(Locale::of(tag).tag(), language, "{tag}");
        }
    }
}
