//! `WebVTT` captions (W3C, "The Web Video Text Tracks Format").

use std::fmt::Write as _;

use super::cues::{clock, cues};
use crate::transcript::Transcript;

/// What to serve it as.
pub const CONTENT_TYPE: &str = "text/vtt; charset=utf-8";
/// The file extension.
pub const EXTENSION: &str = "vtt";

/// The transcript as captions; the header alone where nothing was said.
pub fn write(transcript: &Transcript) -> String {
    let mut text = String::from("WEBVTT\n");
    for (cue, number) in cues(transcript).iter().zip(1u32..) {
        let (start, end) = (clock(cue.time.start, '.'), clock(cue.time.end, '.'));
        let lines: Vec<String> = cue.lines.iter().map(|line| escape(line)).collect();
        // Writing to a string cannot fail.
        let _ = write!(text, "\n{number}\n{start} --> {end}\n{}\n", lines.join("\n"));
    }
    text
}

/// Section 6.4: `&` and `<` begin something else in cue text; `>` is escaped too, so that no `-->` is left.
fn escape(line: &str) -> String {
    line.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::cues::testing::transcripts;
    use super::*;
    use crate::transcript::Segment;

    #[test]
    fn what_means_something_else_is_escaped() {
        let text = "Salt & <i>pepper</i> --> soup".into();
        let segments = vec![Segment { id: 0, start: 1.0, end: 3.5, text, words: vec![] }];
        let transcript = Transcript { segments, ..Transcript::default() };
        let wanted = "WEBVTT\n\n1\n00:00:01.000 --> 00:00:03.500\nSalt &amp; &lt;i&gt;pepper&lt;/i&gt; --&gt; soup\n";
        assert_eq!(write(&transcript), wanted);
        assert_eq!(write(&Transcript::default()), "WEBVTT\n");
    }

    proptest! {
        #[test]
        fn a_strict_reader_finds_every_caption_again(transcript in transcripts()) {
            let text = write(&transcript);
            let mut blocks = text.trim_end_matches('\n').split("\n\n");
            prop_assert_eq!(blocks.next(), Some("WEBVTT"));
            let wanted = cues(&transcript);
            let mut seen = 0;
            for (block, cue) in blocks.zip(&wanted) {
                let lines: Vec<&str> = block.split('\n').collect();
                prop_assert!(lines[1].contains(" --> "));
                let shown: Vec<String> = lines[2..]
                    .iter()
                    .map(|line| line.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
                    .collect();
                prop_assert_eq!(&shown, &cue.lines);
                prop_assert!(!lines[2..].iter().any(|line| line.contains("-->") || line.contains('<')));
                seen += 1;
            }
            prop_assert_eq!(seen, wanted.len());
        }
    }
}
