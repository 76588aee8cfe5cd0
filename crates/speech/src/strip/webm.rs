//! `WebM` (EBML, RFC 8794 and 9559): places in it are kept, so nothing is taken out. `Tags`, `Attachments`, `Chapters`, titles,
//! dates, names and every element that is not known here become `Void` of the same length; what a program calls itself is
//! written over; tracks of anything but sound go with their blocks.

use super::{Result, Trouble, input::Input, small, zeros};
use std::io::Write;

const SEGMENT: u32 = 0x1853_8067;
const INFO: u32 = 0x1549_A966;
const TRACKS: u32 = 0x1654_AE6B;
const TRACK: u32 = 0xAE;
const CLUSTER: u32 = 0x1F43_B675;
const GROUP: u32 = 0xA0;
const BLOCK: u32 = 0xA1;
const SIMPLE_BLOCK: u32 = 0xA3;
const TRACK_NUMBER: u32 = 0xD7;
const TRACK_TYPE: u32 = 0x83;
const CODEC_PRIVATE: u32 = 0x63A2;
/// Of sound.
const SOUND: u64 = 2;

/// What begins on the level of clusters, and so ends a cluster whose length is not told.
const LEVEL_ONE: &[u32] =
    &[CLUSTER, INFO, TRACKS, 0x1C53_BB6B, 0x1254_C367, 0x1043_A770, 0x1941_A469, 0x114D_9B74, SEGMENT, 0x1A45_DFA3];
/// Time scale and duration.
const INFO_KEPT: &[u32] = &[0x2A_D7B1, 0x4489];
/// What a program calls itself: it must be there, and may be empty.
const INFO_EMPTIED: &[u32] = &[0x4D80, 0x5741];
/// Number, id, type, flags, times, codec, delay, sound, language.
const TRACK_KEPT: &[u32] = &[
    TRACK_NUMBER,
    0x73C5,
    TRACK_TYPE,
    0xB9,
    0x88,
    0x55AA,
    0x9C,
    0x6DE7,
    0x6DF8,
    0x23_E383,
    0x23_314F,
    0x55EE,
    0x86,
    0x56AA,
    0x56BB,
    0xE1,
    0x22_B59C,
    0x22_B59D,
    0xAA,
    0x6D80,
];
/// Time, place, the length of the one before.
const CLUSTER_KEPT: &[u32] = &[0xE7, 0xA7, 0xAB];
/// Block, duration, reference, padding to be discarded.
const GROUP_KEPT: &[u32] = &[BLOCK, 0x9B, 0xFB, 0x75A2];

/// The longest private data of a codec: Vorbis has its code books there.
const PRIVATE: usize = 1024 * 1024;
/// The longest description of a track.
const TRACK_LONGEST: usize = 2 * 1024 * 1024;
/// How many tracks of sound there may be.
const MOST_TRACKS: usize = 64;

/// The head of an element.
struct Head {
    id: u32,
    start: u64,
    body: u64,
    /// `None` where its length is not told.
    end: Option<u64>,
}

/// A number of variable length, and whether it is "not told". `with_marker` leaves the bit in that tells the length.
fn number(input: &mut Input, most: u32, with_marker: bool) -> Result<Option<(u64, bool)>> {
    let [first] = input.take::<1>()?;
    let length = first.leading_zeros() + 1;
    if length > most || u64::from(length) - 1 > input.left() {
        return Ok(None);
    }
    let marker = 0x80u8.checked_shr(length - 1).unwrap_or(0);
    let mut value = u64::from(if with_marker { first } else { first & !marker });
    let below = marker.wrapping_sub(1);
    let mut all_ones = first & below == below;
    for _ in 1..length {
        let [byte] = input.take::<1>()?;
        all_ones &= byte == 0xFF;
        value = value << 8 | u64::from(byte);
    }
    Ok(Some((value, all_ones)))
}

impl Head {
    /// The element at the present place, which ends at `end` at the latest; nothing at the end, or where there is none.
    fn read(input: &mut Input, end: u64) -> Result<Option<Self>> {
        let start = input.at();
        if end.saturating_sub(start) < 2 {
            return Ok(None);
        }
        let id = number(input, 4, true)?;
        let size = if input.left() == 0 { None } else { number(input, 8, false)? };
        let (Some((id, _)), Some((size, unknown))) = (id, size) else {
            // Nothing of what was tried is an element: whoever asked is where it was.
            input.go(start)?;
            return Ok(None);
        };
        let body = input.at();
        if body > end {
            input.go(start)?;
            return Ok(None);
        }
        let stop = body.saturating_add(size).min(end);
        let id = u32::try_from(id).map_err(|_| Trouble::Corrupt)?;
        Ok(Some(Self { id, start, body, end: (!unknown).then_some(stop) }))
    }

    /// Where it ends; corrupt where that is not told and has to be.
    fn end(&self) -> Result<u64> {
        self.end.ok_or(Trouble::Corrupt)
    }

    /// Writes its head as it is.
    fn write(&self, input: &mut Input, out: &mut dyn Write) -> Result<()> {
        input.go(self.start)?;
        input.copy(self.body - self.start, out)
    }

    fn keep(&self, input: &mut Input, out: &mut dyn Write) -> Result<()> {
        let end = self.end()?;
        input.go(self.start)?;
        input.copy(end - self.start, out)
    }

    /// Writes its head, and nothing in the place of its content.
    fn empty(&self, input: &mut Input, out: &mut dyn Write) -> Result<()> {
        let end = self.end()?;
        self.write(input, out)?;
        zeros(out, end - self.body)?;
        input.go(end)
    }

    /// Writes `Void` in its place.
    fn void(&self, input: &mut Input, out: &mut dyn Write) -> Result<()> {
        let end = self.end()?;
        void(out, end - self.start)?;
        input.go(end)
    }
}

/// An element of this length, head included, that says nothing.
fn void(out: &mut dyn Write, length: u64) -> Result<()> {
    match length {
        0 => Ok(()),
        // What is left of a file that breaks off; no element is this short.
        1 => Ok(out.write_all(&[0])?),
        2..=128 => {
            let body = u8::try_from(length - 2).map_err(|_| Trouble::Corrupt)?;
            out.write_all(&[0xEC, 0x80 | body])?;
            zeros(out, length - 2)
        }
        _ => {
            let mut size = (length - 9).to_be_bytes();
            size[0] = 1;
            out.write_all(&[0xEC])?;
            out.write_all(&size)?;
            zeros(out, length - 9)
        }
    }
}

pub(super) fn strip(input: &mut Input, out: &mut dyn Write) -> Result<()> {
    let end = input.len();
    let mut sounds = Vec::new();
    while let Some(head) = Head::read(input, end)? {
        match head.id {
            0x1A45_DFA3 => head.keep(input, out)?,
            SEGMENT => {
                head.write(input, out)?;
                segment(input, head.end.unwrap_or(end), &mut sounds, out)?;
            }
            _ => head.void(input, out)?,
        }
    }
    Ok(())
}

fn segment(input: &mut Input, end: u64, sounds: &mut Vec<u64>, out: &mut dyn Write) -> Result<()> {
    while let Some(head) = Head::read(input, end)? {
        match head.id {
            INFO => {
                let stop = head.end()?;
                head.write(input, out)?;
                while let Some(part) = Head::read(input, stop)? {
                    match part.id {
                        id if INFO_KEPT.contains(&id) => part.keep(input, out)?,
                        id if INFO_EMPTIED.contains(&id) => part.empty(input, out)?,
                        _ => part.void(input, out)?,
                    }
                }
                rest(input, stop, out)?;
            }
            TRACKS => {
                let stop = head.end()?;
                head.write(input, out)?;
                while let Some(part) = Head::read(input, stop)? {
                    match part.id {
                        TRACK => track(input, &part, sounds, out)?,
                        _ => part.void(input, out)?,
                    }
                }
                rest(input, stop, out)?;
            }
            CLUSTER => {
                head.write(input, out)?;
                cluster(input, &head, end, sounds, out)?;
            }
            // Where what is found; the places are the same.
            0x114D_9B74 | 0x1C53_BB6B => head.keep(input, out)?,
            _ => head.void(input, out)?,
        }
    }
    Ok(())
}

/// What is left of an element whose parts were all written.
fn rest(input: &mut Input, stop: u64, out: &mut dyn Write) -> Result<()> {
    zeros(out, stop.saturating_sub(input.at()))?;
    input.go(stop)
}

/// A value of up to eight bytes.
fn value(input: &mut Input, head: &Head) -> Result<u64> {
    let length = small(head.end()? - head.body, 8)?;
    input.go(head.body)?;
    Ok(input.bytes(length)?.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)))
}

fn track(input: &mut Input, head: &Head, sounds: &mut Vec<u64>, out: &mut dyn Write) -> Result<()> {
    let stop = head.end()?;
    small(stop - head.body, TRACK_LONGEST)?;
    let (mut number, mut kind) = (0, 0);
    while let Some(part) = Head::read(input, stop)? {
        match part.id {
            TRACK_NUMBER => number = value(input, &part)?,
            TRACK_TYPE => kind = value(input, &part)?,
            _ => {}
        }
        input.go(part.end()?)?;
    }
    if kind != SOUND || sounds.len() >= MOST_TRACKS {
        return head.void(input, out);
    }
    sounds.push(number);
    head.write(input, out)?;
    while let Some(part) = Head::read(input, stop)? {
        match part.id {
            id if TRACK_KEPT.contains(&id) => part.keep(input, out)?,
            CODEC_PRIVATE => {
                let length = small(part.end()? - part.body, PRIVATE)?;
                part.write(input, out)?;
                let mut private = input.bytes(length)?;
                silence(&mut private);
                out.write_all(&private)?;
            }
            _ => part.void(input, out)?,
        }
    }
    rest(input, stop, out)
}

/// The private data of Vorbis are its three headers, one of which is comments: it becomes one of the same length in which
/// nothing is told but blanks.
fn silence(private: &mut [u8]) {
    // The number of packets less one; the lengths of all but the last, in bytes of 255 and one less than that; the packets.
    if private.first() != Some(&2) {
        return;
    }
    let (mut at, mut lengths) = (1, [0usize; 2]);
    for length in &mut lengths {
        while let Some(byte) = private.get(at) {
            *length += usize::from(*byte);
            at += 1;
            if *byte < 255 {
                break;
            }
        }
    }
    let start = at + lengths[0];
    let Some(comments) = private.get_mut(start..start.saturating_add(lengths[1])) else { return };
    if !comments.starts_with(b"\x03vorbis") || comments.len() < 16 {
        return;
    }
    let blanks = comments.len() - 16;
    let told = u32::try_from(blanks).unwrap_or(0).to_le_bytes();
    comments[7..11].copy_from_slice(&told);
    comments[11..11 + blanks].fill(b' ');
    comments[11 + blanks..].copy_from_slice(&[0, 0, 0, 0, 1]);
}

/// Of which track a block is: the number it begins with.
fn track_of(input: &mut Input, block: &Head) -> Result<Option<u64>> {
    input.go(block.body)?;
    if block.end()? <= block.body {
        return Ok(None);
    }
    Ok(number(input, 8, false)?.map(|(number, _)| number))
}

fn cluster(input: &mut Input, whole: &Head, end: u64, sounds: &[u64], out: &mut dyn Write) -> Result<()> {
    let stop = whole.end.unwrap_or(end);
    loop {
        let here = input.at();
        let Some(head) = Head::read(input, stop)? else { break };
        if whole.end.is_none() && LEVEL_ONE.contains(&head.id) {
            return input.go(here);
        }
        match head.id {
            id if CLUSTER_KEPT.contains(&id) => head.keep(input, out)?,
            SIMPLE_BLOCK => {
                let ours = track_of(input, &head)?.is_some_and(|track| sounds.contains(&track));
                if ours { head.keep(input, out)? } else { head.void(input, out)? }
            }
            GROUP => group(input, &head, sounds, out)?,
            _ => head.void(input, out)?,
        }
    }
    if whole.end.is_some() { rest(input, stop, out) } else { input.go(stop) }
}

fn group(input: &mut Input, whole: &Head, sounds: &[u64], out: &mut dyn Write) -> Result<()> {
    let stop = whole.end()?;
    let mut ours = false;
    while let Some(part) = Head::read(input, stop)? {
        if part.id == BLOCK {
            ours = track_of(input, &part)?.is_some_and(|track| sounds.contains(&track));
        }
        input.go(part.end()?)?;
    }
    if !ours {
        return whole.void(input, out);
    }
    whole.write(input, out)?;
    while let Some(part) = Head::read(input, stop)? {
        if GROUP_KEPT.contains(&part.id) { part.keep(input, out)? } else { part.void(input, out)? }
    }
    rest(input, stop, out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;

    #[test]
    fn void_is_as_long_as_what_it_stands_for() {
        for length in [2, 3, 127, 128, 129, 130, 5_000, 70_000] {
            let mut out = Vec::new();
            void(&mut out, length).unwrap();
            assert_eq!(out.len() as u64, length);
            let mut input = Input::new(Source::bytes(out));
            let head = Head::read(&mut input, length).unwrap().unwrap();
            assert_eq!((head.id, head.end), (0xEC, Some(length)), "{length}");
        }
    }

    #[test]
    fn a_length_that_is_not_told_is_known_as_that() {
        let head = |bytes: &[u8]| Head::read(&mut Input::new(Source::bytes(bytes.to_vec())), 99).unwrap().unwrap();
        assert_eq!(head(b"\x18\x53\x80\x67\x01\xFF\xFF\xFF\xFF\xFF\xFF\xFF").end, None);
        assert_eq!(head(b"\x1F\x43\xB6\x75\xFF").end, None);
        assert_eq!(head(b"\xEC\x81").end, Some(3));
        assert_eq!(head(b"\xEC\x40\x02").end, Some(5));
    }

    #[test]
    fn comments_of_vorbis_stay_as_long_as_they_were() {
        let comments = [b"\x03vorbis\x04\0\0\0Lavf\x01\0\0\0\x0c\0\0\0TITLE=secret".as_slice(), &[1]].concat();
        let mut private = vec![2, 30, u8::try_from(comments.len()).unwrap()];
        private.extend([b"\x01vorbis".as_slice(), &[0; 23], &comments, b"\x05vorbis books"].concat());
        let before = private.clone();
        silence(&mut private);
        assert_eq!(private.len(), before.len());
        assert!(!String::from_utf8_lossy(&private).contains("secret"));
        assert_eq!(private[..33], before[..33]);
        assert!(private.ends_with(b"\x01\x05vorbis books"));
        let mut other = b"OpusHead\x01\x01".to_vec();
        silence(&mut other);
        assert_eq!(other, b"OpusHead\x01\x01");
    }
}
