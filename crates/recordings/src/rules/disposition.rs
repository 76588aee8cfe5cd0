//! `Content-Disposition: attachment` with a name of any script (RFC 6266, with RFC 8187 for the encoding).

use super::is_deceptive;
use http::HeaderValue;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All but the `attr-char` of RFC 8187.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// The longest name of a download without its extension, in characters.
const STEM_CHARS: usize = 100;

/// A name for a file on anybody's machine, from a title that may hold anything.
pub(crate) fn download_name(title: &str, extension: &str) -> String {
    let safe: String = title
        .chars()
        .filter(|c| !is_deceptive(*c))
        .map(|c| if c.is_control() || "/\\:*?\"<>|".contains(c) { '_' } else { c })
        .take(STEM_CHARS)
        .collect();
    let stem = safe.trim_matches(|c: char| c == '.' || c.is_whitespace());
    // Judged like the name of an upload: what Windows reserves, for one, is not handed out either.
    match super::file_name::FileName::parse(&format!("{stem}.{extension}")) {
        Ok(name) if !stem.is_empty() => name.as_str().to_owned(),
        _ => format!("recording.{extension}"),
    }
}

/// The header, for a name as [`download_name`] makes it. Old readers get the name in ASCII, others as it is.
pub(crate) fn attachment(name: &str) -> HeaderValue {
    let plain: String =
        name.chars().map(|c| if matches!(c, ' '..='~') && !matches!(c, '"' | '\\' | '%') { c } else { '_' }).collect();
    let value = format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{}", utf8_percent_encode(name, ENCODED));
    // Both names are visible ASCII by construction.
    HeaderValue::try_from(value).unwrap_or(HeaderValue::from_static("attachment"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_of_any_script_survive() {
        assert_eq!(
            attachment("Gespräch 1.srt").to_str().unwrap(),
            "attachment; filename=\"Gespr_ch 1.srt\"; filename*=UTF-8''Gespr%C3%A4ch%201.srt"
        );
        assert_eq!(download_name("a/b: \"c\"?\r\n", "txt"), "a_b_ _c____.txt");
        for title in ["", "...", "con", "\u{202e}", "NUL.x"] {
            assert_eq!(download_name(title, "vtt"), "recording.vtt", "{title:?}");
        }
    }

    proptest! {
        #[test]
        fn no_title_breaks_the_header_or_leaves_the_folder(title: String) {
            let name = download_name(&title, "json");
            prop_assert_eq!(std::path::Path::new(&name).components().count(), 1);
            prop_assert!(name.len() <= 255);
            let header = attachment(&name);
            let text = header.to_str().unwrap();
            prop_assert!(text.starts_with("attachment; filename=\""));
            prop_assert_eq!(text.matches('"').count(), 2);
        }
    }
}
