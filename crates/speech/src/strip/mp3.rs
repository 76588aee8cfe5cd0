//! MPEG audio, layer III: a file is its frames, and whatever stands before, between or after them goes: `ID3v1`, `ID3v2`,
//! `APEv2`, `Lyrics3`, and what somebody has hidden there. The first frame often tells how many there are; it stays.

use super::{Result, input::Input, tail::id3_size};
use std::io::Write;

/// How much is looked at together: three frames, the longest of which has 1,441 bytes.
const AHEAD: usize = 8192;
const WINDOW: usize = 64 * 1024;

/// kbit/s by index, for MPEG-1, and for MPEG-2 and 2.5.
const RATES: [[u32; 15]; 2] = [
    [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
    [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];
/// Samples a second by index, for MPEG-1; half for MPEG-2, a quarter for 2.5.
const SAMPLES: [u32; 3] = [44_100, 48_000, 32_000];

/// A frame's header: its length, and what all frames of one stream have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Frame {
    length: usize,
    kind: u32,
}

fn frame(head: &[u8]) -> Option<Frame> {
    let word = u32::from_be_bytes(head.get(..4)?.try_into().ok()?);
    let version = word >> 19 & 3;
    // Eleven set bits, a version that exists, layer III.
    if word >> 21 != 0x7FF || version == 1 || word >> 17 & 3 != 1 {
        return None;
    }
    let first = version == 3;
    let rate = RATES[usize::from(!first)].get((word >> 12 & 15) as usize).copied().filter(|rate| *rate > 0)?;
    let samples = SAMPLES.get((word >> 10 & 3) as usize)?
        >> if first {
            0
        } else if version == 2 {
            1
        } else {
            2
        };
    let per_bit = if first { 144_000 } else { 72_000 };
    let bytes = per_bit * rate / samples + (word >> 9 & 1);
    // Version, layer and sample rate.
    Some(Frame { length: bytes as usize, kind: word & 0x001E_0C00 })
}

/// What was read and not used yet.
struct Window {
    bytes: Vec<u8>,
    at: usize,
}

impl Window {
    fn ahead(&mut self, input: &mut Input) -> Result<&[u8]> {
        if self.bytes.len() - self.at < AHEAD && input.left() > 0 {
            self.bytes.drain(..self.at);
            self.at = 0;
            let have = self.bytes.len();
            self.bytes.resize(WINDOW, 0);
            let read = input.some(&mut self.bytes[have..])?;
            self.bytes.truncate(have + read);
        }
        Ok(&self.bytes[self.at..])
    }

    fn skip(&mut self, count: u64, input: &mut Input) -> Result<()> {
        let have = (self.bytes.len() - self.at) as u64;
        if count > have {
            self.at = self.bytes.len();
            return input.skip(count - have);
        }
        // At most what is here.
        self.at += usize::try_from(count).unwrap_or(0);
        Ok(())
    }
}

/// How long the tag is that stands here.
fn tag(ahead: &[u8], is_end: bool) -> Option<u64> {
    if ahead.starts_with(b"ID3") {
        let head: &[u8; 10] = ahead.get(..10)?.try_into().ok()?;
        let plausible = head[3] < 0xFF && head[4] < 0xFF && head[6..].iter().all(|byte| *byte < 0x80);
        let foot = if head[5] & 0x10 != 0 { 10 } else { 0 };
        return plausible.then(|| 10 + id3_size(head) + foot);
    }
    if ahead.starts_with(b"APETAGEX") {
        let size = u32::from_le_bytes(ahead.get(12..16)?.try_into().ok()?);
        return Some(32 + u64::from(size));
    }
    (is_end && ahead.len() == 128 && ahead.starts_with(b"TAG")).then_some(128)
}

/// Whether two more frames of its kind follow, or the end: bytes that only look like a header have no such company.
fn is_in_row(first: Frame, ahead: &[u8], is_end: bool) -> bool {
    let mut at = first.length;
    for _ in 0..2 {
        let rest = ahead.get(at..).unwrap_or(&[]);
        if rest.len() < 4 || tag(rest, is_end).is_some() {
            return is_end || rest.len() >= 4;
        }
        match frame(rest) {
            Some(next) if next.kind == first.kind => at += next.length,
            _ => return false,
        }
    }
    true
}

pub(super) fn strip(input: &mut Input, out: &mut dyn Write) -> Result<()> {
    let mut window = Window { bytes: Vec::with_capacity(WINDOW), at: 0 };
    // Of which kind the frame before was, if one ended right here.
    let mut in_step: Option<u32> = None;
    loop {
        let ahead = window.ahead(input)?;
        let is_end = input.left() == 0;
        if ahead.len() < 4 {
            return Ok(());
        }
        if let Some(length) = tag(ahead, is_end) {
            window.skip(length, input)?;
            continue;
        }
        let here = frame(ahead).filter(|here| in_step == Some(here.kind) || is_in_row(*here, ahead, is_end));
        let Some(here) = here else {
            window.skip(1, input)?;
            in_step = None;
            continue;
        };
        // The last frame of a file that breaks off is shorter than it says.
        let length = here.length.min(ahead.len());
        out.write_all(&ahead[..length])?;
        window.skip(length as u64, input)?;
        in_step = Some(here.kind);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;

    #[test]
    fn headers_tell_the_length_of_their_frame() {
        let length = |head: [u8; 4]| frame(&head).map(|frame| frame.length);
        assert_eq!(length([0xFF, 0xFB, 0x90, 0x64]), Some(417), "128 kbit/s at 44.1 kHz");
        assert_eq!(length([0xFF, 0xFB, 0x92, 0x64]), Some(418), "and padded");
        assert_eq!(length([0xFF, 0xF3, 0x48, 0xC4]), Some(144), "32 kbit/s at 16 kHz, MPEG-2");
        assert_eq!(length([0xFF, 0xE3, 0x28, 0xC4]), Some(144), "16 kbit/s at 8 kHz, MPEG-2.5");
        for bad in [[0xFF, 0xFB, 0xF0, 0], [0xFF, 0xFB, 0x00, 0], [0xFF, 0xFB, 0x9C, 0], [0xFF, 0xFD, 0x90, 0], [0; 4]]
        {
            assert_eq!(length(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn only_frames_stay() {
        let frame = |fill: u8| [[0xFF, 0xFB, 0x90, 0x64].as_slice(), &[fill; 413]].concat();
        let sound: Vec<u8> = (0..9).flat_map(frame).collect();
        let id3 = [b"ID3\x04\0\0\0\0\0\x14".as_slice(), b"TIT2 secret title 1 "].concat();
        let ape =
            [b"APETAGEX\xD0\x07\0\0\x29\0\0\0\0\0\0\0\0\0\0\xA0\0\0\0\0\0\0\0\0".as_slice(), b"secret artist"].concat();
        let mut v1 = b"TAGsecret album".to_vec();
        v1.resize(128, 0);
        // A JPEG has bytes that look like a frame's header.
        let picture = [b"\xFF\xE2secret icc".as_slice(), b"\xFF\xFB\x90\x64 secret picture"].concat();
        let middle = [&sound[..417 * 4], &picture, &sound[417 * 4..]].concat();
        let whole = [id3.clone(), id3, middle, ape.clone(), v1].concat();
        let mut out = Vec::new();
        strip(&mut Input::new(Source::bytes(whole)), &mut out).unwrap();
        assert!(out == sound, "{} bytes instead of {}", out.len(), sound.len());
    }
}
