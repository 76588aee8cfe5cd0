//! Everything there is, as JSON (RFC 8259).

use crate::transcript::Transcript;

/// What to serve it as.
pub const CONTENT_TYPE: &str = "application/json";
/// The file extension.
pub const EXTENSION: &str = "json";

/// The transcript with every segment and word.
pub fn write(transcript: &Transcript) -> String {
    // A struct of strings and numbers always has a JSON form: numbers that are none become `null`.
    let mut text = serde_json::to_string_pretty(transcript).unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::cues::testing::transcripts;
    use super::*;

    proptest! {
        #[test]
        fn it_reads_back_as_it_was(transcript in transcripts()) {
            let read: Transcript = serde_json::from_str(&write(&transcript)).unwrap();
            prop_assert_eq!(read.text(), transcript.text());
            prop_assert_eq!(read.segments.len(), transcript.segments.len());
        }
    }
}
