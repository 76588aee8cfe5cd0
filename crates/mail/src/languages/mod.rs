//! The languages, one a file. A new one is a file and a line in [`LANGUAGES`]; the compiler asks for every topic, and a
//! test for every value and link.

mod de;
mod en;

use crate::topic::Topic;

/// The words of one topic. Names in braces are filled in.
pub(crate) struct Words {
    pub(crate) subject: &'static str,
    /// Before the links.
    pub(crate) before: &'static [&'static str],
    /// What the links are called.
    pub(crate) links: &'static [&'static str],
    /// After them.
    pub(crate) after: &'static [&'static str],
}

/// A language.
pub(crate) struct Language {
    /// BCP 47, the language alone.
    pub(crate) tag: &'static str,
    pub(crate) greeting: &'static str,
    pub(crate) closing: &'static str,
    pub(crate) words: fn(Topic) -> Words,
    /// What a second factor is called.
    pub(crate) thing: fn(&str) -> &str,
}

/// English first: it is read by everybody whose language is not here.
pub(crate) const LANGUAGES: &[Language] = &[en::LANGUAGE, de::LANGUAGE];
