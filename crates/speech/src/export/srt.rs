//! `SubRip` subtitles.
//!
//! There is no standard. What every player takes: UTF-8 without a byte order mark, CRLF line ends as the program of that
//! name writes them, a number, `hh:mm:ss,mmm --> hh:mm:ss,mmm`, the lines, an empty line.

use std::fmt::Write as _;

use super::cues::{clock, cues};
use crate::transcript::Transcript;

/// What to serve it as.
pub const CONTENT_TYPE: &str = "application/x-subrip; charset=utf-8";
/// The file extension.
pub const EXTENSION: &str = "srt";

/// The transcript as subtitles; empty where nothing was said.
pub fn write(transcript: &Transcript) -> String {
    let mut text = String::new();
    for (cue, number) in cues(transcript).iter().zip(1u32..) {
        let (start, end) = (clock(cue.time.start, ','), clock(cue.time.end, ','));
        // There is no way to escape the arrow, and a parser may take any line with it for a time.
        let lines: Vec<String> = cue.lines.iter().map(|line| line.replace("-->", "->")).collect();
        // Writing to a string cannot fail.
        let _ = write!(text, "{number}\r\n{start} --> {end}\r\n{}\r\n\r\n", lines.join("\r\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::cues::testing::transcripts;
    use super::*;
    use crate::transcript::Segment;

    #[test]
    fn it_looks_as_players_expect() {
        let segments = vec![Segment { id: 0, start: 0.5, end: 2.25, text: "Ever tried. --> No".into(), words: vec![] }];
        let transcript = Transcript { segments, ..Transcript::default() };
        assert_eq!(write(&transcript), "1\r\n00:00:00,500 --> 00:00:02,250\r\nEver tried. -> No\r\n\r\n");
        assert_eq!(write(&Transcript::default()), "");
    }

    proptest! {
        #[test]
        fn a_strict_reader_finds_every_caption_again(transcript in transcripts()) {
            let text = write(&transcript);
            let blocks: Vec<&str> = text.split_terminator("\r\n\r\n").collect();
            let wanted = cues(&transcript);
            prop_assert_eq!(blocks.len(), wanted.len());
            for ((block, cue), number) in blocks.iter().zip(&wanted).zip(1u32..) {
                let lines: Vec<&str> = block.split("\r\n").collect();
                prop_assert_eq!(lines[0], number.to_string());
                let time = format!("{} --> {}", clock(cue.time.start, ','), clock(cue.time.end, ','));
                prop_assert_eq!(lines[1], time);
                prop_assert_eq!(lines.len() - 2, cue.lines.len());
                prop_assert!(lines[2..].iter().all(|line| !line.contains("-->") && !line.is_empty()));
            }
        }
    }
}
