//! Native FLAC (RFC 9639): of its metadata blocks `STREAMINFO` and `SEEKTABLE` stay; comments, pictures, padding and
//! applications' blocks go. Places in the seek table count from the first frame, so they stay right.

use super::{Result, Trouble, input::Input, small, tail};
use std::io::Write;

const STREAMINFO: u8 = 0;
const SEEKTABLE: u8 = 3;
/// The length of `STREAMINFO`.
const INFO: usize = 34;
/// The longest seek table: 18 bytes a point.
const TABLE: usize = 18 * 32 * 1024;
/// More blocks than this are none that a program writes.
const BLOCKS: usize = 1024;

pub(super) fn strip(input: &mut Input, out: &mut dyn Write) -> Result<()> {
    if input.take::<4>()? != *b"fLaC" {
        return Err(Trouble::Corrupt);
    }
    let (mut info, mut table, mut last) = (None, None, false);
    for _ in 0..BLOCKS {
        if last {
            break;
        }
        let head: [u8; 4] = input.take()?;
        last = head[0] & 0x80 != 0;
        let length = u64::from(u32::from_be_bytes([0, head[1], head[2], head[3]]));
        match head[0] & 0x7F {
            STREAMINFO if info.is_none() && length == INFO as u64 => info = Some(input.bytes(INFO)?),
            SEEKTABLE if table.is_none() && length.is_multiple_of(18) && length <= TABLE as u64 => {
                table = Some(input.bytes(small(length, TABLE)?)?);
            }
            // No block, and a frame that a block's length would hide.
            127 => return Err(Trouble::Corrupt),
            _ => input.skip(length)?,
        }
    }
    let info = info.filter(|_| last).ok_or(Trouble::Corrupt)?;
    out.write_all(b"fLaC")?;
    block(out, STREAMINFO, &info, table.is_none())?;
    if let Some(table) = table {
        block(out, SEEKTABLE, &table, true)?;
    }
    let end = tail::end(input)?;
    input.copy(end.saturating_sub(input.at()), out)
}

fn block(out: &mut dyn Write, kind: u8, body: &[u8], last: bool) -> Result<()> {
    let length = u32::try_from(body.len()).map_err(|_| Trouble::Corrupt)?.to_be_bytes();
    out.write_all(&[kind | if last { 0x80 } else { 0 }, length[1], length[2], length[3]])?;
    out.write_all(body)?;
    Ok(())
}
