//! Tags that programs hang on to the end of a file whose format knows nothing of them.

use super::{Result, input::Input};

/// Where the sound ends, before `ID3v1`, `APEv2`, `Lyrics3` and an `ID3v2` that stands at the end.
pub(super) fn end(input: &mut Input) -> Result<u64> {
    let back = input.at();
    let mut end = input.len();
    // Several kinds can stand one after the other; a file with more than a handful is not worth more looks.
    for _ in 0..8 {
        let Some(shorter) = before(input, end)? else { break };
        end = shorter;
    }
    input.go(back)?;
    Ok(end)
}

fn look<const N: usize>(input: &mut Input, end: u64, back: u64) -> Result<Option<[u8; N]>> {
    let Some(place) = end.checked_sub(back) else { return Ok(None) };
    input.go(place)?;
    input.take().map(Some)
}

/// Where the last tag before `end` begins.
fn before(input: &mut Input, end: u64) -> Result<Option<u64>> {
    if let Some(head) = look::<3>(input, end, 128)?
        && head == *b"TAG"
    {
        let extended = look::<4>(input, end, 128 + 227)?;
        return Ok(end.checked_sub(if extended == Some(*b"TAG+") { 128 + 227 } else { 128 }));
    }
    if let Some(foot) = look::<32>(input, end, 32)?
        && foot[..8] == *b"APETAGEX"
    {
        let size = u64::from(u32::from_le_bytes([foot[12], foot[13], foot[14], foot[15]]));
        let has_header = foot[23] & 0x80 != 0;
        return Ok(end.checked_sub(size + if has_header { 32 } else { 0 }).filter(|start| *start < end));
    }
    if let Some(foot) = look::<15>(input, end, 15)?
        && foot[6..] == *b"LYRICS200"
        && let Some(size) = std::str::from_utf8(&foot[..6]).ok().and_then(|size| size.parse::<u64>().ok())
    {
        return Ok(end.checked_sub(size + 15));
    }
    if let Some(foot) = look::<10>(input, end, 10)?
        && foot[..3] == *b"3DI"
    {
        return Ok(end.checked_sub(id3_size(&foot) + 20));
    }
    Ok(None)
}

/// The length that an `ID3v2` header tells, without the header: four times seven bits.
pub(super) fn id3_size(head: &[u8; 10]) -> u64 {
    head[6..].iter().fold(0, |size, byte| size << 7 | u64::from(byte & 0x7F))
}
