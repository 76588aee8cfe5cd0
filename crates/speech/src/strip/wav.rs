//! RIFF/WAVE: of its chunks `fmt `, `fact` and `data` stay; `LIST` (INFO), `id3 `, `bext`, `iXML`, `cue ` and all others go.

use super::{Result, Trouble, input::Input, small};
use std::io::Write;

/// The longest description of a format: ADPCM with its tables has some fifty bytes.
const FORMAT: usize = 256;
/// The longest count of samples.
const FACT: usize = 64;

struct Chunk {
    start: u64,
    length: u64,
}

pub(super) fn strip(input: &mut Input, out: &mut dyn Write) -> Result<()> {
    let head: [u8; 12] = input.take()?;
    if head[..4] != *b"RIFF" || head[8..] != *b"WAVE" {
        return Err(Trouble::Corrupt);
    }
    let (mut format, mut fact, mut data) = (None, None, None);
    while input.left() >= 8 && data.is_none() {
        let name: [u8; 4] = input.take()?;
        let told = u64::from(u32::from_le_bytes(input.take()?));
        // What records into a pipe writes a length that is not known yet: the sound then goes on to the end.
        let chunk = Chunk { start: input.at(), length: told.min(input.left()) };
        match &name {
            b"fmt " if format.is_none() => format = Some(small(chunk.length, FORMAT).map(|_| chunk)?),
            b"fact" if fact.is_none() => fact = Some(small(chunk.length, FACT).map(|_| chunk)?),
            b"data" => {
                data = Some(chunk);
                break;
            }
            _ => {}
        }
        // Chunks begin at even places.
        input.skip(told + told % 2)?;
    }
    let (format, data) = (format.ok_or(Trouble::Corrupt)?, data.ok_or(Trouble::Corrupt)?);
    let whole = [Some(&format), fact.as_ref(), Some(&data)];
    let size: u64 = whole.iter().flatten().map(|chunk| 8 + chunk.length + chunk.length % 2).sum();
    let told = |length: u64| u32::try_from(length).map_err(|_| Trouble::Unsupported);
    out.write_all(b"RIFF")?;
    out.write_all(&told(4 + size)?.to_le_bytes())?;
    out.write_all(b"WAVE")?;
    for (name, chunk) in [(b"fmt ", Some(format)), (b"fact", fact), (b"data", Some(data))] {
        let Some(chunk) = chunk else { continue };
        out.write_all(name)?;
        out.write_all(&told(chunk.length)?.to_le_bytes())?;
        input.go(chunk.start)?;
        input.copy(chunk.length, out)?;
        if chunk.length % 2 == 1 {
            out.write_all(&[0])?;
        }
    }
    Ok(())
}
