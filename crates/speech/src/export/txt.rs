//! Plain text: a paragraph ends where the speaker pauses.

use crate::transcript::Transcript;

/// What to serve it as.
pub const CONTENT_TYPE: &str = "text/plain; charset=utf-8";
/// The file extension.
pub const EXTENSION: &str = "txt";

/// A silence this long, in seconds, begins a new paragraph.
const PAUSE: f64 = 2.0;

/// The transcript as text: UTF-8, LF, an empty line between paragraphs, nothing at all where nothing was said.
pub fn write(transcript: &Transcript) -> String {
    let mut text = String::new();
    let mut ended = f64::NEG_INFINITY;
    for segment in &transcript.segments {
        let words: Vec<&str> = segment.text.split_whitespace().collect();
        if words.is_empty() {
            continue;
        }
        if !text.is_empty() {
            text.push_str(if segment.start - ended >= PAUSE { "\n\n" } else { " " });
        }
        text.push_str(&words.join(" "));
        ended = segment.end;
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transcript::Segment;

    #[test]
    fn a_pause_makes_a_paragraph() {
        let segment = |start, end, text: &str| Segment { id: 0, start, end, text: text.into(), words: Vec::new() };
        let segments =
            vec![segment(0.0, 1.0, " Ever tried."), segment(1.5, 2.0, "Ever failed."), segment(5.0, 6.0, "No")];
        let transcript = Transcript { segments, ..Transcript::default() };
        assert_eq!(write(&transcript), "Ever tried. Ever failed.\n\nNo\n");
        assert_eq!(write(&Transcript::default()), "");
    }
}
