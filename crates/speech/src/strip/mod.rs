//! A sound file without what it tells besides the sound: titles, places, dates, pictures, names of devices (ASVS 14.2.8).
//!
//! The sound itself goes through as it came, byte for byte; nothing is decoded and coded again. What each format needs to be
//! played is written, and everything else is left out or, where positions in the file must stay as they are (MP4, `WebM`),
//! written over with nothing. What this does not know it does not keep: a list of what is kept cannot be outwitted by a new
//! kind of tag.
//!
//! The files come from strangers: every length is checked against what is there, memory holds a page or a frame and never
//! the file, and no table is larger than a bound.

mod flac;
mod input;
mod mp3;
mod mp4;
mod ogg;
mod ranges;
mod tail;
mod wav;
mod webm;

use crate::container::Container;
use crate::fault::AudioFault;
use crate::source::Source;
use input::Input;
use std::io::{self, Write};

/// Why nothing was written, or not all of it.
#[derive(Debug)]
enum Trouble {
    /// It is not put together as its kind is.
    Corrupt,
    /// It has a form that cannot be cleaned.
    Unsupported,
    /// Reading or writing failed on our side.
    Io(io::Error),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        // Every length is checked before it is read, so an end that comes early is our own reader's.
        Self::Io(error)
    }
}

type Result<T> = std::result::Result<T, Trouble>;

/// Writes to `out` the sound that `source` holds, and what is needed to play it, and nothing else.
///
/// Blocks; async callers use [`crate::Prober`].
///
/// # Errors
/// [`AudioFault::Corrupt`] or [`AudioFault::UnsupportedCodec`] for a file that cannot be taken apart; [`AudioFault::Io`]
/// when reading or writing failed.
pub fn strip(source: Source, container: Container, out: &mut dyn Write) -> std::result::Result<(), AudioFault> {
    let mut input = Input::new(source);
    let done = match container {
        Container::Wav => wav::strip(&mut input, out),
        Container::Mp3 => mp3::strip(&mut input, out),
        Container::M4a => mp4::strip(&mut input, out),
        Container::Flac => flac::strip(&mut input, out),
        Container::Ogg | Container::Opus => ogg::strip(&mut input, out),
        Container::Webm => webm::strip(&mut input, out),
    };
    done.map_err(|trouble| match trouble {
        Trouble::Corrupt => AudioFault::Corrupt,
        Trouble::Unsupported => AudioFault::UnsupportedCodec { container },
        Trouble::Io(error) => AudioFault::Io(error),
    })
}

/// Writes so many zeros.
fn zeros(out: &mut dyn Write, mut count: u64) -> Result<()> {
    const NOTHING: [u8; 4096] = [0; 4096];
    while count > 0 {
        let now = usize::try_from(count).unwrap_or(usize::MAX).min(NOTHING.len());
        out.write_all(&NOTHING[..now])?;
        count -= now as u64;
    }
    Ok(())
}

/// A position in a file as a length in memory, where a bound was checked.
fn small(length: u64, most: usize) -> Result<usize> {
    usize::try_from(length).ok().filter(|length| *length <= most).ok_or(Trouble::Corrupt)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn run(container: Container, bytes: Vec<u8>) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        strip(Source::bytes(bytes), container, &mut out).ok().map(|()| out)
    }

    /// What every parser looks for, so that noise gets further than the first byte.
    fn words() -> impl Strategy<Value = Vec<u8>> {
        let fixed = [
            &b"RIFF"[..],
            b"WAVE",
            b"fmt ",
            b"data",
            b"LIST",
            b"fLaC",
            b"OggS",
            b"\x01vorbis",
            b"OpusHead",
            b"ID3\x04",
            b"\xFF\xFB\x90\x64",
            b"TAG",
            b"APETAGEX",
            b"ftyp",
            b"moov",
            b"trak",
            b"udta",
            b"mdat",
            b"stco",
            b"stbl",
            b"\x1A\x45\xDF\xA3",
            b"\x18\x53\x80\x67",
            b"\x01\xFF\xFF\xFF\xFF\xFF\xFF\xFF",
            b"\x1F\x43\xB6\x75",
            b"\0\0\0\x08",
            b"\x12\x54\xC3\x67",
            b"\0\0\0\x01",
            b"\xEC\x81",
        ];
        let word = prop_oneof![
            prop::sample::select(fixed.to_vec()).prop_map(<[u8]>::to_vec),
            prop::collection::vec(any::<u8>(), 0..12),
        ];
        prop::collection::vec(word, 0..40).prop_map(|words| words.concat())
    }

    proptest! {
        #[test]
        fn noise_never_panics_and_never_grows_by_much(bytes in words()) {
            for container in Container::ALL {
                if let Some(out) = run(container, bytes.clone()) {
                    prop_assert!(out.len() <= bytes.len() + 4096, "{container}: {} from {}", out.len(), bytes.len());
                }
            }
        }
    }
}
