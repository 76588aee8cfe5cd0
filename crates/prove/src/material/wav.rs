//! A small, valid recording (RIFF WAVE, 16 kHz, mono, 16 bit).

fn chunk(id: [u8; 4], data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
    let mut out = [id.as_slice(), &length.to_le_bytes(), data].concat();
    if data.len() % 2 == 1 {
        out.push(0);
    }
    out
}

fn riff(chunks: &[Vec<u8>]) -> Vec<u8> {
    chunk(*b"RIFF", &[b"WAVE".to_vec(), chunks.concat()].concat())
}

fn format() -> Vec<u8> {
    let rate: u32 = 16_000;
    let mut data = Vec::new();
    data.extend([1u16.to_le_bytes(), 1u16.to_le_bytes()].concat());
    data.extend(rate.to_le_bytes());
    data.extend((rate * 2).to_le_bytes());
    data.extend([2u16.to_le_bytes(), 16u16.to_le_bytes()].concat());
    chunk(*b"fmt ", &data)
}

/// A second of a quiet square wave at 400 Hz.
fn tone() -> Vec<u8> {
    let samples = (0..16_000).map(|n: i32| if n / 20 % 2 == 0 { 800_i16 } else { -800 });
    chunk(*b"data", &samples.flat_map(i16::to_le_bytes).collect::<Vec<u8>>())
}

/// A second of sound.
pub(crate) fn wav() -> Vec<u8> {
    riff(&[format(), tone()])
}

/// A second of sound that is also a page with a script.
pub(crate) fn polyglot() -> Vec<u8> {
    let page = b"<!doctype html><html><body><script>document.title='run'</script></body></html>";
    riff(&[chunk(*b"JUNK", page), format(), tone()])
}

/// A second of sound with tags of several kinds, in all of which this word stands.
pub(crate) fn tagged(word: &str) -> Vec<u8> {
    let info = [b"INFO".to_vec(), chunk(*b"INAM", word.as_bytes()), chunk(*b"ICMT", word.as_bytes())].concat();
    let id3 = [b"ID3\x04\0\0\0\0\0\x40".as_slice(), word.as_bytes()].concat();
    let xml = format!("<BWFXML><NOTE>{word}</NOTE></BWFXML>");
    let before = [chunk(*b"LIST", &info), chunk(*b"bext", word.as_bytes())].concat();
    let behind = [chunk(*b"id3 ", &id3), chunk(*b"iXML", xml.as_bytes())].concat();
    let mut file = riff(&[before, format(), tone(), behind]);
    file.extend(word.as_bytes());
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lengths_in_the_header_are_true() {
        for sound in [wav(), polyglot()] {
            let told = u32::from_le_bytes(sound[4..8].try_into().unwrap());
            assert_eq!(told as usize, sound.len() - 8);
            assert_eq!(sound.len() % 2, 0);
        }
        assert_eq!(wav().len(), 44 + 32_000);
    }
}
