//! Names of uploaded files (A2-6). A name is kept for people to recognise and is never part of a path; it is judged all the
//! same, because it comes back as the name of a download on somebody's machine.

use super::is_deceptive;
use kernel::{Fault, Kind};

/// The longest name, in bytes: what file systems take.
const MAX_BYTES: usize = 255;

/// Device names of Windows: a file of that name, with whatever extension, is the device.
const RESERVED: &[&str] = &["con", "prn", "aux", "nul", "conin$", "conout$", "clock$"];

/// The name of a file, and nothing but a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileName(String);

/// What is wrong with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NameFault {
    #[error("The file has no name. Send it with a name such as voice.wav.")]
    Empty,
    #[error("A file name has at most 255 bytes.")]
    TooLong,
    #[error("A file name has no slashes or backslashes, not even encoded ones.")]
    Separator,
    #[error("A file name has no control characters.")]
    Control,
    #[error("A file name has no invisible characters and none that change the direction of writing.")]
    Deceptive,
    #[error("A file name does not begin with a dot or a space.")]
    LeadingDot,
    #[error("A file name does not end in a dot or a space.")]
    TrailingDot,
    #[error("This name is reserved for a device on Windows. Give the file another one.")]
    Reserved,
}

impl From<NameFault> for Fault {
    fn from(fault: NameFault) -> Self {
        Self::new(Kind::BadRequest, "invalid_filename", fault.to_string())
    }
}

impl FileName {
    /// # Errors
    /// Says what is wrong with it.
    pub(crate) fn parse(name: &str) -> Result<Self, NameFault> {
        if name.is_empty() {
            return Err(NameFault::Empty);
        }
        if name.len() > MAX_BYTES {
            return Err(NameFault::TooLong);
        }
        if name.chars().any(char::is_control) {
            return Err(NameFault::Control);
        }
        if name.chars().any(is_separator) || has_encoded_separator(name) {
            return Err(NameFault::Separator);
        }
        if name.chars().any(is_deceptive) {
            return Err(NameFault::Deceptive);
        }
        if name.starts_with('.') || name.starts_with(char::is_whitespace) {
            return Err(NameFault::LeadingDot);
        }
        if name.ends_with('.') || name.ends_with(char::is_whitespace) {
            return Err(NameFault::TrailingDot);
        }
        if is_reserved(name) {
            return Err(NameFault::Reserved);
        }
        Ok(Self(name.to_owned()))
    }

    /// Any text as a name: what a server without the check would do. Only behind `weaken`.
    pub(crate) fn unchecked(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// The name.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// What follows the last dot, as it was written; empty when there is none.
    pub(crate) fn extension(&self) -> &str {
        self.0.rsplit_once('.').map_or("", |(_, extension)| extension)
    }

    /// What precedes the last dot.
    pub(crate) fn stem(&self) -> &str {
        self.0.rsplit_once('.').map_or(&self.0, |(stem, _)| stem)
    }
}

/// Slashes, and the characters that some systems take for one when they simplify a text.
const fn is_separator(c: char) -> bool {
    matches!(
        c,
        '/' | '\\'
            | '\u{2044}'
            | '\u{2215}'
            | '\u{2216}'
            | '\u{29F8}'
            | '\u{29F5}'
            | '\u{FE68}'
            | '\u{FF0F}'
            | '\u{FF3C}'
    )
}

/// Whether decoding the name once more would make a separator, an end of the text or a way up of it.
fn has_encoded_separator(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["%2f", "%5c", "%00", "%2e%2e", "%252f", "%255c", "%c0%af", "%c1%9c"].iter().any(|code| name.contains(code))
}

fn is_reserved(name: &str) -> bool {
    let base = name.split(['.', ':']).next().unwrap_or("").trim_end().to_lowercase();
    if RESERVED.contains(&base.as_str()) {
        return true;
    }
    let Some(port) = base.strip_prefix("com").or_else(|| base.strip_prefix("lpt")) else {
        return false;
    };
    let mut chars = port.chars();
    matches!((chars.next(), chars.next()), (Some('0'..='9' | '¹' | '²' | '³'), None))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_that_people_use_are_kept() {
        for name in [
            "voice.wav",
            "Gespräch mit Frau Müller (2).m4a",
            "2026-11-08 10:30.ogg",
            "録音.mp3",
            "a..b.wav",
            "console.wav",
            "com10.wav",
            "100%.flac",
            "what now?.webm",
            "no extension",
        ] {
            assert_eq!(FileName::parse(name).map(|name| name.as_str().to_owned()), Ok(name.to_owned()));
        }
        assert_eq!(FileName::parse(&format!("{}.wav", "x".repeat(251))).unwrap().stem().len(), 251);
    }

    #[test]
    fn evil_names_are_refused_for_what_they_are() {
        let long = format!("{}.wav", "ü".repeat(126));
        for (name, fault) in [
            ("", NameFault::Empty),
            (long.as_str(), NameFault::TooLong),
            ("../../etc/passwd.wav", NameFault::Separator),
            ("..\\..\\windows\\win.ini.wav", NameFault::Separator),
            ("/etc/passwd", NameFault::Separator),
            ("C:\\a.wav", NameFault::Separator),
            ("..%2f..%2fetc%2fpasswd.wav", NameFault::Separator),
            ("%2E%2E.wav", NameFault::Separator),
            ("..%c0%afetc.wav", NameFault::Separator),
            ("..%252fetc.wav", NameFault::Separator),
            ("a／b.wav", NameFault::Separator),
            ("a∕b.wav", NameFault::Separator),
            ("a\0.wav", NameFault::Control),
            ("a\r\nSet-Cookie: x=1.wav", NameFault::Control),
            ("a\u{7f}.wav", NameFault::Control),
            ("a\u{85}.wav", NameFault::Control),
            ("vaw\u{202e}vaw.exe", NameFault::Deceptive),
            ("a\u{2066}b.wav", NameFault::Deceptive),
            ("a\u{200b}.wav", NameFault::Deceptive),
            ("a\u{fffd}.wav", NameFault::Deceptive),
            (".", NameFault::LeadingDot),
            ("..", NameFault::LeadingDot),
            (".htaccess", NameFault::LeadingDot),
            (".wav", NameFault::LeadingDot),
            (" a.wav", NameFault::LeadingDot),
            ("a.wav.", NameFault::TrailingDot),
            ("a.wav ", NameFault::TrailingDot),
            ("con.wav", NameFault::Reserved),
            ("CON", NameFault::Reserved),
            ("Nul.tar.wav", NameFault::Reserved),
            ("aux .wav", NameFault::Reserved),
            ("com1.wav", NameFault::Reserved),
            ("LPT9.mp3", NameFault::Reserved),
            ("lpt².mp3", NameFault::Reserved),
            ("nul:.wav", NameFault::Reserved),
        ] {
            assert_eq!(FileName::parse(name), Err(fault), "{name:?}");
        }
    }

    #[test]
    fn a_refusal_never_repeats_the_name() {
        let fault: Fault = FileName::parse("../canary.wav").unwrap_err().into();
        assert_eq!((fault.kind(), fault.code()), (Kind::BadRequest, "invalid_filename"));
        assert!(!fault.detail().contains("canary"));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_and_what_passes_is_a_plain_name(text: String) {
            if let Ok(name) = FileName::parse(&text) {
                let path = std::path::Path::new(name.as_str());
                prop_assert_eq!(path.components().count(), 1);
                prop_assert_eq!(path.file_name().and_then(|name| name.to_str()), Some(text.as_str()));
                prop_assert!(text.len() <= 255);
            }
        }

        #[test]
        fn nothing_passes_with_a_separator_anywhere(before in "[a-z .]{0,20}", after in "[a-z .]{0,20}", sep in "[/\\\\]") {
            let name = format!("{before}{sep}{after}.wav");
            prop_assert!(FileName::parse(&name).is_err());
        }
    }
}
