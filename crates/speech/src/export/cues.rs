//! Cutting a transcript into captions a person can read: two lines of 42 characters, seven seconds.

use std::ops::Range;

use crate::transcript::{Segment, Transcript};

/// The most characters in a line.
pub(crate) const LINE: usize = 42;
/// The most lines in a caption.
pub(crate) const LINES: usize = 2;
/// The longest a caption stays, in milliseconds.
pub(crate) const STAY: u64 = 7_000;
/// A silence this long, in milliseconds, ends a caption.
const PAUSE: u64 = 1_000;
/// A sentence that ends a caption has at least this many characters, so that short ones share one.
const FULL: usize = 30;

/// One caption: when, and its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cue {
    /// In milliseconds; the end is later than the start, and never later than the next start.
    pub(crate) time: Range<u64>,
    pub(crate) lines: Vec<String>,
}

/// A piece of text no longer than a line, and when it is heard, in milliseconds.
struct Piece {
    text: String,
    start: u64,
    end: u64,
}

/// The captions of a transcript.
pub(crate) fn cues(transcript: &Transcript) -> Vec<Cue> {
    let mut cues: Vec<Cue> = Vec::new();
    for segment in &transcript.segments {
        let mut open: Vec<Piece> = Vec::new();
        for piece in pieces(segment) {
            if open.last().is_some_and(|last| ends_here(&open, last, &piece)) {
                cues.extend(close(&mut open));
            }
            open.push(piece);
        }
        cues.extend(close(&mut open));
    }
    in_order(&mut cues);
    cues
}

fn ends_here(open: &[Piece], last: &Piece, next: &Piece) -> bool {
    let texts = || open.iter().map(|piece| piece.text.as_str());
    let sentence = last.text.ends_with(['.', '?', '!', '…', '。', '？', '！']);
    let length: usize = texts().map(|text| text.chars().count() + 1).sum();
    let start = open.first().map_or(0, |first| first.start);
    lines(texts().chain([next.text.as_str()])).len() > LINES
        || next.end.saturating_sub(start) > STAY
        || next.start.saturating_sub(last.end) >= PAUSE
        || (sentence && length > FULL)
}

fn close(open: &mut Vec<Piece>) -> Option<Cue> {
    let (first, last) = (open.first()?, open.last()?);
    let cue = Cue { time: first.start..last.end, lines: lines(open.iter().map(|piece| piece.text.as_str())) };
    open.clear();
    Some(cue)
}

/// Fills lines word by word.
fn lines<'a>(words: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut lines: Vec<(String, usize)> = Vec::new();
    for word in words {
        let width = word.chars().count();
        match lines.last_mut() {
            Some((line, used)) if *used + 1 + width <= LINE => {
                line.push(' ');
                line.push_str(word);
                *used += 1 + width;
            }
            _ => lines.push((word.to_owned(), width)),
        }
    }
    lines.into_iter().map(|(line, _)| line).collect()
}

/// The words of a segment, those longer than a line cut up. Without word times the segment's time is shared out by
/// length.
fn pieces(segment: &Segment) -> Vec<Piece> {
    let timed: Vec<(String, u64, u64)> = if segment.words.is_empty() {
        vec![(segment.text.clone(), milliseconds(segment.start), milliseconds(segment.end))]
    } else {
        let word =
            |word: &crate::transcript::Word| (word.text.clone(), milliseconds(word.start), milliseconds(word.end));
        segment.words.iter().map(word).collect()
    };
    timed.into_iter().flat_map(|(text, start, end)| share_out(&text, start, end.max(start))).collect()
}

fn share_out(text: &str, start: u64, end: u64) -> Vec<Piece> {
    // Line breaks and control characters would end a caption in the middle.
    let clean: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    let parts: Vec<String> = clean.split_whitespace().flat_map(cut).collect();
    let all: u64 = parts.iter().map(|part| part.chars().count() as u64).sum();
    let mut before = 0;
    let mut place = |part: String| {
        let from = start + (end - start) * before / all.max(1);
        before += part.chars().count() as u64;
        Piece { text: part, start: from, end: start + (end - start) * before / all.max(1) }
    };
    parts.into_iter().map(&mut place).collect()
}

fn cut(word: &str) -> Vec<String> {
    let letters: Vec<char> = word.chars().collect();
    letters.chunks(LINE).map(|part| part.iter().collect()).collect()
}

/// Starts never run backwards, a caption is over when the next begins, and none is shorter than a millisecond.
fn in_order(cues: &mut [Cue]) {
    let mut earliest = 0;
    for cue in cues.iter_mut() {
        let start = cue.time.start.max(earliest);
        let end = cue.time.end.clamp(start + 1, start + STAY);
        cue.time = start..end;
        earliest = end;
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to what fits")]
fn milliseconds(seconds: f64) -> u64 {
    // NaN becomes 0; a million hours are more than any recording has.
    (seconds * 1000.0).round().clamp(0.0, 3.6e12) as u64
}

/// `01:02:03` and the milliseconds, with the given mark between them.
pub(crate) fn clock(milliseconds: u64, mark: char) -> String {
    let seconds = milliseconds / 1000;
    format!("{:02}:{:02}:{:02}{mark}{:03}", seconds / 3600, seconds / 60 % 60, seconds % 60, milliseconds % 1000)
}

#[cfg(test)]
pub(crate) mod testing {
    use proptest::prelude::*;

    use super::*;
    use crate::transcript::Word;

    /// Transcripts as wild as a model or an import could make them.
    pub(crate) fn transcripts() -> impl Strategy<Value = Transcript> {
        let text = prop_oneof![
            3 => "[a-zA-Z]{1,12}[.,?!]?",
            1 => r"(-->|&amp;|<b>|&|\{|\n\n|1\n|\PC{0,60}|[\r\n\t]{1,3})",
        ];
        let word = (text, 0.0..2.5f64, 0.0..0.9f64);
        let segment = prop::collection::vec(word, 0..30);
        prop::collection::vec((segment, any::<bool>()), 0..6).prop_map(|segments| {
            let mut now = 0.0;
            let segments = segments.into_iter().zip(0..).map(|((words, timed), id)| {
                let start = now;
                let place = |(text, gap, length): (String, f64, f64)| {
                    let word = Word { text, start: now + gap, end: now + gap + length, probability: 0.5 };
                    now = word.end;
                    word
                };
                let words: Vec<Word> = words.into_iter().map(place).collect();
                let text = words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
                Segment { id, start, end: now, text, words: if timed { words } else { Vec::new() } }
            });
            let segments: Vec<Segment> = segments.collect();
            Transcript { language: "en".into(), segments, duration_s: now, ..Transcript::default() }
        })
    }

    proptest! {
        #[test]
        fn captions_are_short_in_order_and_complete(transcript in transcripts()) {
            let cues = cues(&transcript);
            let mut before = 0;
            for cue in &cues {
                prop_assert!(cue.lines.len() <= LINES && !cue.lines.is_empty());
                prop_assert!(cue.lines.iter().all(|line| line.chars().count() <= LINE));
                prop_assert!(cue.time.end - cue.time.start <= STAY && cue.time.start < cue.time.end);
                prop_assert!(cue.time.start >= before);
                before = cue.time.end;
            }
            let letters = |text: &str| -> String {
                text.chars().filter(|letter| !letter.is_whitespace() && !letter.is_control()).collect()
            };
            let said: String = transcript.segments.iter().map(|segment| letters(&segment.text)).collect();
            let shown: String = cues.iter().flat_map(|cue| cue.lines.iter()).map(|line| letters(line)).collect();
            prop_assert_eq!(said, shown);
        }
    }

    #[test]
    fn a_clock_has_hours() {
        assert_eq!(clock(3_723_004, ','), "01:02:03,004");
        assert_eq!(clock(360_000_000, '.'), "100:00:00.000");
    }
}
