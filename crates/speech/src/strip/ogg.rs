//! Ogg (RFC 3533) with Vorbis, Opus (RFC 7845) or FLAC: the packet of comments, which must be there, becomes an empty one.
//! Streams of anything but sound go. Pages after the headers stay as they are but for their numbers, and so their checksums.

use super::{Result, Trouble, input::Input};
use std::collections::HashMap;
use std::io::Write;

/// The length of a page's head without its table.
const HEAD: usize = 27;
/// How many streams may be under way at the same time.
const STREAMS: usize = 16;
/// The longest packet of a set-up; Vorbis code books have some thousands of bytes.
const SETUP: usize = 1024 * 1024;
/// The most pages that headers may take: pictures hide in comments.
const HEADER_PAGES: u32 = 4096;

const CONTINUED: u8 = 1;
const BEGINS: u8 = 2;
const ENDS: u8 = 4;

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "an index of 256 entries")]
        let mut value = (index as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 0x8000_0000 == 0 { value << 1 } else { value << 1 ^ 0x04C1_1DB7 };
            bit += 1;
        }
        table[index] = value;
        index += 1;
    }
    table
}
static TABLE: [u32; 256] = table();

fn checksum(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |sum: u32, byte| sum << 8 ^ TABLE[((sum >> 24) as u8 ^ byte) as usize])
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Vorbis,
    Opus,
    Flac,
}

/// A stream of sound.
struct Stream {
    kind: Kind,
    /// The number of its next page.
    number: u32,
    /// `None` once its headers are written.
    headers: Option<Headers>,
}

#[derive(Default)]
struct Headers {
    /// How many packets have ended since the first.
    ended: u32,
    /// The packet under way, as far as it is of interest.
    packet: Vec<u8>,
    /// What has to be written after the empty comments.
    setup: Option<Vec<u8>>,
    pages: u32,
}

/// A page, whole.
struct Page {
    bytes: Vec<u8>,
}

impl Page {
    fn flags(&self) -> u8 {
        self.bytes[5]
    }

    fn granule(&self) -> [u8; 8] {
        let mut granule = [0; 8];
        granule.copy_from_slice(&self.bytes[6..14]);
        granule
    }

    fn serial(&self) -> u32 {
        u32::from_le_bytes([self.bytes[14], self.bytes[15], self.bytes[16], self.bytes[17]])
    }

    fn lacing(&self) -> &[u8] {
        &self.bytes[HEAD..HEAD + usize::from(self.bytes[26])]
    }

    fn body(&self) -> &[u8] {
        &self.bytes[HEAD + usize::from(self.bytes[26])..]
    }

    fn build(flags: u8, granule: [u8; 8], serial: u32, lacing: &[u8], body: &[u8]) -> Self {
        let mut bytes = b"OggS\0".to_vec();
        bytes.push(flags);
        bytes.extend_from_slice(&granule);
        bytes.extend_from_slice(&serial.to_le_bytes());
        bytes.extend_from_slice(&[0; 8]);
        // A page has at most 255 segments; who calls sees to it.
        bytes.push(u8::try_from(lacing.len()).unwrap_or(u8::MAX));
        bytes.extend_from_slice(lacing);
        bytes.extend_from_slice(body);
        Self { bytes }
    }

    fn write(mut self, number: &mut u32, out: &mut dyn Write) -> Result<()> {
        self.bytes[18..22].copy_from_slice(&number.to_le_bytes());
        self.bytes[22..26].fill(0);
        let sum = checksum(&self.bytes);
        self.bytes[22..26].copy_from_slice(&sum.to_le_bytes());
        *number = number.wrapping_add(1);
        out.write_all(&self.bytes)?;
        Ok(())
    }
}

/// The next page whose checksum is right; what stands between pages is passed over.
fn next(input: &mut Input) -> Result<Option<Page>> {
    loop {
        let start = input.at();
        if input.left() < HEAD as u64 {
            return Ok(None);
        }
        let head: [u8; HEAD] = input.take()?;
        if head[..5] == *b"OggS\0" && input.left() >= u64::from(head[26]) {
            let lacing = input.bytes(usize::from(head[26]))?;
            let length: usize = lacing.iter().map(|part| usize::from(*part)).sum();
            if input.left() >= length as u64 {
                let mut bytes = head.to_vec();
                bytes.extend_from_slice(&lacing);
                bytes.extend_from_slice(&input.bytes(length)?);
                let told = [bytes[22], bytes[23], bytes[24], bytes[25]];
                bytes[22..26].fill(0);
                if checksum(&bytes).to_le_bytes() == told {
                    return Ok(Some(Page { bytes }));
                }
            }
        }
        // Not here: where does the next one begin?
        let skipped = head[1..].iter().position(|byte| *byte == b'O').map_or(HEAD as u64, |place| place as u64 + 1);
        input.go(start + skipped)?;
    }
}

/// What kind of sound a stream begins; its first packet, with a count of headers that will be true.
fn begins(page: &Page) -> Option<(Kind, Vec<u8>)> {
    let mut first = page.body().to_vec();
    if first.starts_with(b"\x01vorbis") {
        Some((Kind::Vorbis, first))
    } else if first.starts_with(b"OpusHead") {
        Some((Kind::Opus, first))
    } else if first.starts_with(b"\x7FFLAC") && first.len() > 13 {
        first[7..9].copy_from_slice(&1u16.to_be_bytes());
        Some((Kind::Flac, first))
    } else {
        None
    }
}

/// Comments that say nothing.
fn comments(kind: Kind) -> Vec<u8> {
    match kind {
        Kind::Vorbis => [b"\x03vorbis".as_slice(), &[0; 8], &[1]].concat(),
        Kind::Opus => [b"OpusTags".as_slice(), &[0; 8]].concat(),
        // A block of metadata: the last one, comments, eight bytes.
        Kind::Flac => [[0x84, 0, 0, 8].as_slice(), &[0; 8]].concat(),
    }
}

/// Writes packets on pages of their own.
fn write_packets(serial: u32, number: &mut u32, packets: &[Vec<u8>], out: &mut dyn Write) -> Result<()> {
    let (mut lacing, mut body): (Vec<u8>, Vec<u8>) = (Vec::new(), Vec::new());
    for packet in packets {
        lacing.resize(lacing.len() + packet.len() / 255, 255);
        // Less than 255: the end of the packet.
        lacing.push(u8::try_from(packet.len() % 255).unwrap_or(0));
        body.extend_from_slice(packet);
    }
    let (mut lacing, mut body, mut continued) = (lacing.as_slice(), body.as_slice(), false);
    while !lacing.is_empty() {
        let (now, rest) = lacing.split_at(lacing.len().min(255));
        let length = now.iter().map(|part| usize::from(*part)).sum();
        let (bytes, more) = body.split_at(length);
        // No packet ends on a page of nothing but full segments.
        let granule = if now.iter().all(|part| *part == 255) { [0xFF; 8] } else { [0; 8] };
        Page::build(if continued { CONTINUED } else { 0 }, granule, serial, now, bytes).write(number, out)?;
        continued = now.last() == Some(&255);
        (lacing, body) = (rest, more);
    }
    Ok(())
}

impl Headers {
    /// Takes in a page of headers; how many of its segments belong to them, once all are there.
    fn take(&mut self, kind: Kind, page: &Page) -> Result<Option<usize>> {
        self.pages += 1;
        if self.pages > HEADER_PAGES {
            return Err(Trouble::Corrupt);
        }
        let mut body = page.body();
        for (place, part) in page.lacing().iter().enumerate() {
            let (bytes, rest) = body.split_at(usize::from(*part));
            body = rest;
            // Of comments, the beginning says that they are comments; of a set-up, all of it is needed.
            let wanted = if kind == Kind::Vorbis && self.ended == 1 { SETUP } else { 16 };
            let room = wanted.saturating_sub(self.packet.len());
            if kind == Kind::Vorbis && self.ended == 1 && bytes.len() > room {
                return Err(Trouble::Corrupt);
            }
            self.packet.extend_from_slice(&bytes[..bytes.len().min(room)]);
            if *part == 255 {
                continue;
            }
            let packet = std::mem::take(&mut self.packet);
            self.ended += 1;
            let done = match (kind, self.ended) {
                (Kind::Vorbis, 1) if packet.starts_with(b"\x03vorbis") => false,
                (Kind::Vorbis, 2) if packet.starts_with(b"\x05vorbis") => {
                    self.setup = Some(packet);
                    true
                }
                (Kind::Opus, 1) if packet.starts_with(b"OpusTags") => true,
                // The first block has to be comments; any may be the last.
                (Kind::Flac, ended) if packet.first().is_some_and(|head| ended > 1 || head & 0x7F == 4) => {
                    packet[0] & 0x80 != 0
                }
                _ => return Err(Trouble::Corrupt),
            };
            if done {
                return Ok(Some(place + 1));
            }
        }
        Ok(None)
    }
}

pub(super) fn strip(input: &mut Input, out: &mut dyn Write) -> Result<()> {
    let mut streams: HashMap<u32, Stream> = HashMap::new();
    while let Some(page) = next(input)? {
        let serial = page.serial();
        if page.flags() & BEGINS != 0 {
            if let Some((kind, first)) = begins(&page) {
                if streams.len() >= STREAMS {
                    return Err(Trouble::Corrupt);
                }
                let mut stream = Stream { kind, number: 0, headers: Some(Headers::default()) };
                Page::build(BEGINS, page.granule(), serial, page.lacing(), &first).write(&mut stream.number, out)?;
                streams.insert(serial, stream);
            }
            continue;
        }
        // Of a stream that is no sound, or of none that has begun.
        let Some(stream) = streams.get_mut(&serial) else { continue };
        let (ends, granule) = (page.flags() & ENDS, page.granule());
        match &mut stream.headers {
            None => page.write(&mut stream.number, out)?,
            Some(headers) => {
                let Some(used) = headers.take(stream.kind, &page)? else { continue };
                let setup = headers.setup.take();
                let packets: Vec<_> = [Some(comments(stream.kind)), setup].into_iter().flatten().collect();
                write_packets(serial, &mut stream.number, &packets, out)?;
                stream.headers = None;
                let (before, left) = page.lacing().split_at(used);
                if !left.is_empty() {
                    let start = before.iter().map(|part| usize::from(*part)).sum::<usize>();
                    let rest = Page::build(ends, granule, serial, left, &page.body()[start..]);
                    rest.write(&mut stream.number, out)?;
                }
            }
        }
        if ends != 0 {
            streams.remove(&serial);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_published_one() {
        // The remainder of "123456789" by this polynomial, without reflection, beginning at zero.
        assert_eq!(checksum(b"123456789"), 0x89A1_897F);
    }

    #[test]
    fn packets_are_cut_into_segments_and_pages() {
        let mut out = Vec::new();
        let mut number = 1;
        write_packets(7, &mut number, &[vec![1; 3], vec![2; 255], vec![3; 255 * 300]], &mut out).unwrap();
        let mut input = Input::new(crate::source::Source::bytes(out));
        let (first, second) = (next(&mut input).unwrap().unwrap(), next(&mut input).unwrap().unwrap());
        assert!(next(&mut input).unwrap().is_none());
        assert_eq!((first.flags(), second.flags(), number), (0, CONTINUED, 3));
        assert_eq!(&first.lacing()[..3], [3, 255, 0]);
        assert_eq!(first.lacing().len() + second.lacing().len(), 1 + 2 + 301);
        assert_eq!(second.lacing().last(), Some(&0));
        assert_eq!(first.body().len() + second.body().len(), 3 + 255 + 255 * 300);
    }
}
