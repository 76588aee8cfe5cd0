//! Which bytes of an MP4 are sound: the places of its chunks, from the tables of its tracks.

use super::{Result, Trouble, input::Input};
use std::ops::Range;

/// The most entries of one table; a recording of six hours in chunks of half a second has some forty thousand.
const ENTRIES: u32 = 2_000_000;

/// Where the tables of one track are, as places in the file behind their version and flags.
#[derive(Default)]
pub(super) struct Tables {
    /// `stco` (four bytes each) or `co64` (eight).
    pub(super) offsets: Option<(u64, bool)>,
    /// `stsc`.
    pub(super) per_chunk: Option<u64>,
    /// `stsz`.
    pub(super) sizes: Option<u64>,
}

fn number(input: &mut Input) -> Result<u32> {
    Ok(u32::from_be_bytes(input.take()?))
}

fn count(input: &mut Input, each: u64) -> Result<u32> {
    let count = number(input)?;
    if count > ENTRIES || u64::from(count) * each > input.left() {
        return Err(Trouble::Corrupt);
    }
    Ok(count)
}

impl Tables {
    /// The bytes of this track's samples, in the order of its chunks.
    pub(super) fn ranges(&self, input: &mut Input) -> Result<Vec<Range<u64>>> {
        let (Some((offsets, wide)), Some(per_chunk), Some(sizes)) = (self.offsets, self.per_chunk, self.sizes) else {
            return Err(Trouble::Corrupt);
        };
        input.go(per_chunk)?;
        let mut runs = Vec::new();
        for _ in 0..count(input, 12)? {
            runs.push((number(input)?, number(input)?));
            number(input)?;
        }
        input.go(offsets)?;
        let mut starts = Vec::new();
        for _ in 0..count(input, if wide { 8 } else { 4 })? {
            starts.push(if wide { u64::from_be_bytes(input.take()?) } else { u64::from(number(input)?) });
        }
        input.go(sizes)?;
        let all_same = number(input)?;
        let samples = number(input)?;
        if samples > ENTRIES.saturating_mul(8) || (all_same == 0 && u64::from(samples) * 4 > input.left()) {
            return Err(Trouble::Corrupt);
        }
        let mut left = samples;
        let mut ranges = Vec::with_capacity(starts.len());
        let mut run = runs.iter().peekable();
        let mut in_chunk = 0;
        for (number_of, start) in (1u32..).zip(starts) {
            while let Some((_, count)) = run.next_if(|(first, _)| *first <= number_of) {
                in_chunk = *count;
            }
            let here = in_chunk.min(left);
            left -= here;
            let mut length = u64::from(all_same) * u64::from(here);
            if all_same == 0 {
                for _ in 0..here {
                    length += u64::from(number(input)?);
                }
            }
            ranges.push(start..start.checked_add(length).ok_or(Trouble::Corrupt)?);
        }
        Ok(ranges)
    }
}

/// The same bytes as ranges that follow each other and do not touch.
pub(super) fn merge(mut ranges: Vec<Range<u64>>) -> Vec<Range<u64>> {
    ranges.sort_by_key(|range| range.start);
    let mut merged: Vec<Range<u64>> = Vec::new();
    for range in ranges.into_iter().filter(|range| !range.is_empty()) {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;

    fn words(list: &[u32]) -> Vec<u8> {
        list.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    #[test]
    fn tables_are_read_together() {
        // Two samples in each of the first two chunks, one in the third; samples of 10, 20, 30, 40 and 50 bytes.
        let per_chunk = words(&[2, 1, 2, 1, 3, 1, 1]);
        let offsets = words(&[3, 100, 130, 500]);
        let sizes = words(&[0, 5, 10, 20, 30, 40, 50]);
        let file = [per_chunk.clone(), offsets.clone(), sizes].concat();
        let at = |part: usize| part as u64;
        let tables = Tables {
            per_chunk: Some(0),
            offsets: Some((at(per_chunk.len()), false)),
            sizes: Some(at(per_chunk.len() + offsets.len())),
        };
        let ranges = tables.ranges(&mut Input::new(Source::bytes(file))).unwrap();
        assert_eq!(ranges, [100..130, 130..200, 500..550]);
        assert_eq!(merge(ranges), [100..200, 500..550]);
    }
}
