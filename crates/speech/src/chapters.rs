//! Chapters of `WebM` are hidden from the demuxer, which takes a file for damaged whose chapters have no `EditionUID`
//! (RFC 9559 does not ask for one, and ffmpeg 5 writes none). Nobody here needs them.

use crate::source::Source;
use std::io::{self, Read, Seek, SeekFrom};

const EBML: u32 = 0x1A45_DFA3;
const SEGMENT: u32 = 0x1853_8067;
const CHAPTERS: u32 = 0x1043_A770;
const CLUSTER: u32 = 0x1F43_B675;
const VOID: u8 = 0xEC;
/// How many elements are looked at: descriptions come first, and there are about ten kinds of them.
const MOST: usize = 64;
/// The longest number that tells a length, in bytes.
const LONGEST: usize = 8;

/// The head of an element: what it is, where it begins, where its body begins, and how long that is.
struct Head {
    id: u32,
    start: u64,
    body: u64,
    size: u64,
}

/// Lets `source` show chapters that stand before the sound as an empty element of the same length. It is left at its start.
///
/// # Errors
/// When it cannot be read. Bytes that are no `WebM` are the demuxer's to judge.
pub(crate) fn hide(source: &mut Source) -> io::Result<()> {
    let found = find(source);
    source.seek(SeekFrom::Start(0))?;
    if let Some(head) = found? {
        source.show(head.start, void(&head));
    }
    Ok(())
}

fn find(source: &mut Source) -> io::Result<Option<Head>> {
    let mut at = 0;
    for _ in 0..MOST {
        let Some(head) = read(source, at)? else { return Ok(None) };
        at = match head.id {
            CHAPTERS => return Ok(Some(head)),
            CLUSTER => return Ok(None),
            SEGMENT => head.body,
            _ => match head.body.checked_add(head.size) {
                Some(next) if at > 0 || head.id == EBML => next,
                _ => return Ok(None),
            },
        };
    }
    Ok(None)
}

/// The head at this place; nothing where there is none.
fn read(source: &mut Source, start: u64) -> io::Result<Option<Head>> {
    let mut bytes = Vec::with_capacity(12);
    if start > source.len() {
        return Ok(None);
    }
    source.seek(SeekFrom::Start(start))?;
    source.take(12).read_to_end(&mut bytes)?;
    let id_length = bytes.first().map_or(9, |first| first.leading_zeros() as usize + 1);
    let size_length = bytes.get(id_length).map_or(9, |first| first.leading_zeros() as usize + 1);
    let Some((id, rest)) = bytes.split_at_checked(id_length).filter(|_| id_length <= 4) else { return Ok(None) };
    let Some(size) = rest.get(..size_length).filter(|_| size_length <= 8) else { return Ok(None) };
    let whole = size.iter().fold(0, |number: u64, byte| number << 8 | u64::from(*byte));
    // Without the bit that tells how long the number is.
    let size = whole & ((1 << (7 * size_length)) - 1);
    if id == CHAPTERS.to_be_bytes() && whole == (1 << (7 * size_length + 1)) - 1 {
        // It does not tell how long it is.
        return Ok(None);
    }
    let id = id.iter().fold(0, |number: u32, byte| number << 8 | u32::from(*byte));
    Ok(Some(Head { id, start, body: start + (id_length + size_length) as u64, size }))
}

/// A head that says: nothing, and as long as this.
fn void(head: &Head) -> Vec<u8> {
    let room = usize::try_from(head.body - head.start - 1).unwrap_or(LONGEST);
    let length = room.min(LONGEST);
    let size = head.size + (room - length) as u64;
    let number = size | 1 << (7 * length);
    let mut bytes = vec![VOID];
    bytes.extend_from_slice(&number.to_be_bytes()[LONGEST - length..]);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A head, the chapters with their length told in so many bytes, and a cluster; where the chapters begin and end.
    fn file(length: usize) -> (Vec<u8>, usize, usize) {
        let mut bytes = [EBML.to_be_bytes(), [0x80, 0x18, 0x53, 0x80]].concat();
        bytes.extend([0x67, 0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]);
        let start = bytes.len();
        bytes.extend(CHAPTERS.to_be_bytes());
        bytes.extend(&(5 | 1u64 << (7 * length)).to_be_bytes()[8 - length..]);
        bytes.extend([7; 5]);
        let end = bytes.len();
        bytes.extend([0x1F, 0x43, 0xB6, 0x75, 0x80]);
        (bytes, start, end)
    }

    #[test]
    fn chapters_read_as_nothing_of_the_same_length() {
        for length in 1..=8 {
            let (bytes, start, end) = file(length);
            let mut source = Source::bytes(bytes.clone());
            hide(&mut source).unwrap();
            let head = read(&mut source, start as u64).unwrap().unwrap();
            assert_eq!((head.id, head.body + head.size), (u32::from(VOID), end as u64), "{length}");
            source.seek(SeekFrom::Start(0)).unwrap();
            let mut seen = Vec::new();
            source.read_to_end(&mut seen).unwrap();
            let changed = seen.iter().zip(&bytes).enumerate().filter(|(_, (shown, own))| shown != own);
            let places: Vec<usize> = changed.map(|(place, _)| place).collect();
            assert!(!places.is_empty() && places.iter().all(|place| (start..end - 5).contains(place)), "{places:?}");
        }
    }

    #[test]
    fn what_is_no_webm_is_left_alone() {
        for bytes in [&b""[..], b"\x1a", b"\x1a\x45\xdf\xa3", b"RIFF\0\0\0\0WAVE", &[0xFF; 40], &[0; 40]] {
            let mut source = Source::bytes(bytes.to_vec());
            hide(&mut source).unwrap();
            let mut seen = Vec::new();
            source.read_to_end(&mut seen).unwrap();
            assert_eq!(seen, bytes);
        }
    }
}
