//! MP4 (ISO base media): tables in it hold places in the file, so nothing is taken out. What is not needed to play the
//! sound becomes `free` space of the same length, and empty: `udta`, `meta`, `uuid`, tracks of anything but sound, and every
//! box that is not known here. Dates and names of handlers are written over in place.

use super::ranges::{Tables, merge};
use super::{Result, Trouble, input::Input, zeros};
use std::io::Write;
use std::ops::Range;

/// How deep boxes may lie in each other.
const DEPTH: u32 = 12;
/// The most boxes of a file: fragments of a tenth of a second for six hours are fewer.
const BOXES: u32 = 2_000_000;

/// Boxes that hold boxes, and nothing of their own.
const HOLDERS: &[&[u8; 4]] =
    &[b"moov", b"trak", b"mdia", b"minf", b"stbl", b"dinf", b"edts", b"mvex", b"moof", b"traf", b"mfra"];
/// Boxes that are kept as they are.
const KEPT: &[&[u8; 4]] = &[
    b"ftyp", b"styp", b"sidx", b"iods", b"smhd", b"nmhd", b"dref", b"elst", b"stts", b"ctts", b"stsc", b"stsz",
    b"stz2", b"stco", b"co64", b"stss", b"sdtp", b"sgpd", b"sbgp", b"mehd", b"trex", b"mfhd", b"tfhd", b"tfdt",
    b"trun", b"tfra", b"mfro", b"wide",
];
/// What describes a coding inside an entry of `stsd`.
const CODING: &[&[u8; 4]] = &[b"esds", b"alac", b"wave", b"chan", b"btrt", b"srat", b"frma"];

/// A box: its type, where its content begins and where it ends.
struct Head {
    name: [u8; 4],
    body: u64,
    end: u64,
    /// The length of the head itself.
    wide: bool,
}

impl Head {
    /// The box at the present place, which ends at `end` at the latest. One that says it is longer ends there.
    fn read(input: &mut Input, end: u64) -> Result<Option<Self>> {
        let start = input.at();
        if end.saturating_sub(start) < 8 {
            return Ok(None);
        }
        let told = u64::from(u32::from_be_bytes(input.take()?));
        let name: [u8; 4] = input.take()?;
        let wide = told == 1;
        let size = match told {
            // To the end of what it lies in.
            0 => end - start,
            1 if end - start < 16 => return Err(Trouble::Corrupt),
            1 => u64::from_be_bytes(input.take()?),
            told => told,
        };
        let body = input.at();
        let stop = start.checked_add(size).ok_or(Trouble::Corrupt)?;
        if stop < body {
            return Err(Trouble::Corrupt);
        }
        Ok(Some(Self { name, body, end: stop.min(end), wide }))
    }

    fn is(&self, list: &[&[u8; 4]]) -> bool {
        list.contains(&&self.name)
    }

    /// Writes the head as it stands in the file, under this name.
    fn write(&self, input: &mut Input, name: [u8; 4], out: &mut dyn Write) -> Result<()> {
        input.go(self.body - if self.wide { 16 } else { 8 })?;
        let told: [u8; 4] = input.take()?;
        input.skip(4)?;
        out.write_all(&told)?;
        out.write_all(&name)?;
        input.copy(if self.wide { 8 } else { 0 }, out)
    }

    /// Writes empty space in its place.
    fn free(&self, input: &mut Input, out: &mut dyn Write) -> Result<()> {
        self.write(input, *b"free", out)?;
        zeros(out, self.end - self.body)?;
        input.go(self.end)
    }

    /// Writes it as it is.
    fn keep(&self, input: &mut Input, out: &mut dyn Write) -> Result<()> {
        self.write(input, self.name, out)?;
        input.copy(self.end - self.body, out)
    }
}

/// What has to be known of the whole file before its first byte is written.
#[derive(Default)]
struct Survey {
    sounds: Vec<Tables>,
    others: u32,
    in_fragments: bool,
    boxes: u32,
}

impl Survey {
    fn count(&mut self, depth: u32) -> Result<()> {
        self.boxes += 1;
        if self.boxes > BOXES || depth > DEPTH { Err(Trouble::Corrupt) } else { Ok(()) }
    }

    fn look(&mut self, input: &mut Input, end: u64, depth: u32) -> Result<()> {
        while let Some(head) = Head::read(input, end)? {
            self.count(depth)?;
            match &head.name {
                b"moof" => self.in_fragments = true,
                b"moov" => self.look(input, head.end, depth + 1)?,
                b"trak" => {
                    let (mut tables, mut sound) = (Tables::default(), false);
                    self.track(input, head.end, depth + 1, &mut tables, &mut sound)?;
                    if sound { self.sounds.push(tables) } else { self.others += 1 }
                }
                _ => {}
            }
            input.go(head.end)?;
        }
        Ok(())
    }

    fn track(&mut self, input: &mut Input, end: u64, depth: u32, tables: &mut Tables, sound: &mut bool) -> Result<()> {
        while let Some(head) = Head::read(input, end)? {
            self.count(depth)?;
            // Version and flags come first.
            let table = head.body + 4;
            match &head.name {
                b"mdia" | b"minf" | b"stbl" => self.track(input, head.end, depth + 1, tables, sound)?,
                b"hdlr" if head.end - head.body >= 12 => {
                    input.skip(8)?;
                    *sound = input.take::<4>()? == *b"soun";
                }
                b"stco" => tables.offsets = Some((table, false)),
                b"co64" => tables.offsets = Some((table, true)),
                b"stsc" => tables.per_chunk = Some(table),
                b"stsz" => tables.sizes = Some(table),
                _ => {}
            }
            input.go(head.end)?;
        }
        Ok(())
    }
}

pub(super) fn strip(input: &mut Input, out: &mut dyn Write) -> Result<()> {
    let end = input.len();
    let mut survey = Survey::default();
    survey.look(input, end, 0)?;
    // Other tracks (chapters, places, pictures) have their samples among those of the sound.
    let sound = match (survey.others, survey.in_fragments) {
        (0, _) => None,
        (_, true) => return Err(Trouble::Unsupported),
        (_, false) => {
            let mut ranges = Vec::new();
            for tables in &survey.sounds {
                ranges.extend(tables.ranges(input)?);
            }
            Some(merge(ranges))
        }
    };
    input.go(0)?;
    write(input, end, 0, sound.as_deref(), out)
}

fn write(input: &mut Input, end: u64, depth: u32, sound: Option<&[Range<u64>]>, out: &mut dyn Write) -> Result<()> {
    if depth > DEPTH {
        return Err(Trouble::Corrupt);
    }
    while let Some(head) = Head::read(input, end)? {
        match &head.name {
            b"trak" if !is_sound(input, &head)? => head.free(input, out)?,
            b"mdat" => match sound {
                None => head.keep(input, out)?,
                Some(sound) => {
                    head.write(input, head.name, out)?;
                    only(input, head.body..head.end, sound, out)?;
                }
            },
            b"mvhd" | b"tkhd" | b"mdhd" => undated(input, &head, out)?,
            b"hdlr" => unnamed(input, &head, out)?,
            b"stsd" => described(input, &head, out)?,
            _ if head.is(HOLDERS) => {
                head.write(input, head.name, out)?;
                write(input, head.end, depth + 1, sound, out)?;
            }
            _ if head.is(KEPT) => head.keep(input, out)?,
            _ => head.free(input, out)?,
        }
        input.go(head.end)?;
    }
    // Less than a box may be left over; it is kept as long as it was, and says nothing.
    zeros(out, end.saturating_sub(input.at()))?;
    input.go(end)
}

/// Whether a track is of sound; goes back to where it was.
fn is_sound(input: &mut Input, track: &Head) -> Result<bool> {
    let (mut tables, mut sound) = (Tables::default(), false);
    Survey::default().track(input, track.end, 0, &mut tables, &mut sound)?;
    input.go(track.body)?;
    Ok(sound)
}

/// Writes those bytes of a range that are sound, and nothing in the place of the others.
fn only(input: &mut Input, all: Range<u64>, sound: &[Range<u64>], out: &mut dyn Write) -> Result<()> {
    let mut at = all.start;
    let first = sound.partition_point(|range| range.end <= all.start);
    for range in &sound[first..] {
        if range.start >= all.end {
            break;
        }
        let (from, to) = (range.start.max(at), range.end.min(all.end));
        zeros(out, from - at)?;
        input.go(from)?;
        input.copy(to - from, out)?;
        at = to;
    }
    zeros(out, all.end - at)
}

/// `mvhd`, `tkhd`, `mdhd`: when it was made and changed becomes 0, which is "not told".
fn undated(input: &mut Input, head: &Head, out: &mut dyn Write) -> Result<()> {
    let length = head.end - head.body;
    if length < 4 {
        return Err(Trouble::Corrupt);
    }
    head.write(input, head.name, out)?;
    let version: [u8; 4] = input.take()?;
    let dates = if version[0] == 1 { 16 } else { 8 };
    if length < 4 + dates {
        return Err(Trouble::Corrupt);
    }
    out.write_all(&version)?;
    zeros(out, dates)?;
    input.skip(dates)?;
    input.copy(head.end - input.at(), out)
}

/// `hdlr`: what kind of track it is stays, what a program calls it goes.
fn unnamed(input: &mut Input, head: &Head, out: &mut dyn Write) -> Result<()> {
    const FIXED: u64 = 24;
    head.write(input, head.name, out)?;
    let length = head.end - head.body;
    input.copy(length.min(FIXED), out)?;
    zeros(out, length.saturating_sub(FIXED))
}

/// `stsd`: of each coding what describes it; a shop writes there who has bought it.
fn described(input: &mut Input, head: &Head, out: &mut dyn Write) -> Result<()> {
    const COUNT: u64 = 8;
    head.write(input, head.name, out)?;
    if head.end - head.body < COUNT {
        return Err(Trouble::Corrupt);
    }
    input.copy(COUNT, out)?;
    while let Some(entry) = Head::read(input, head.end)? {
        let length = entry.end - entry.body;
        // A sample entry, and what a sound adds: 28 bytes, and 16 or 36 more in the second and third version.
        if length < 10 {
            return Err(Trouble::Corrupt);
        }
        input.go(entry.body + 8)?;
        let fixed = match u16::from_be_bytes(input.take()?) {
            1 => 28 + 16,
            2 => 28 + 36,
            _ => 28,
        };
        if fixed > length {
            return Err(Trouble::Corrupt);
        }
        entry.write(input, entry.name, out)?;
        input.copy(fixed, out)?;
        while let Some(part) = Head::read(input, entry.end)? {
            if part.is(CODING) { part.keep(input, out)? } else { part.free(input, out)? }
        }
        zeros(out, entry.end - input.at())?;
        input.go(entry.end)?;
    }
    zeros(out, head.end - input.at())
}
