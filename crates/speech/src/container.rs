//! The seven kinds of file that are taken, told apart by their content.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use symphonia::core::formats::FormatId;
use symphonia::core::formats::well_known as format;
use thiserror::Error;
use utoipa::ToSchema;

/// How the sound is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Container {
    /// RIFF/WAVE.
    Wav,
    /// MPEG-1/2 layer III, with or without ID3.
    Mp3,
    /// ISO base media (MP4) with AAC or ALAC.
    M4a,
    /// Native FLAC.
    Flac,
    /// Ogg with Vorbis or FLAC.
    Ogg,
    /// Ogg with Opus (RFC 7845).
    Opus,
    /// `WebM` with Opus or Vorbis, as browsers record it.
    Webm,
}

/// A name that is none of the containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not one of wav, mp3, m4a, flac, ogg, opus and webm")]
pub struct UnknownContainer;

impl Container {
    /// All of them.
    pub const ALL: [Self; 7] = [Self::Wav, Self::Mp3, Self::M4a, Self::Flac, Self::Ogg, Self::Opus, Self::Webm];

    /// The usual file extension, without the dot.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Wav => "wav",
            Self::Mp3 => "mp3",
            Self::M4a => "m4a",
            Self::Flac => "flac",
            Self::Ogg => "ogg",
            Self::Opus => "opus",
            Self::Webm => "webm",
        }
    }

    /// What to serve it as.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Wav => "audio/wav",
            Self::Mp3 => "audio/mpeg",
            Self::M4a => "audio/mp4",
            Self::Flac => "audio/flac",
            Self::Ogg => "audio/ogg",
            Self::Opus => "audio/ogg; codecs=opus",
            Self::Webm => "audio/webm",
        }
    }

    /// The container an extension (without the dot, in any case) promises.
    pub fn from_extension(extension: &str) -> Option<Self> {
        let extension = extension.to_ascii_lowercase();
        match extension.as_str() {
            "oga" => Some(Self::Ogg),
            "weba" => Some(Self::Webm),
            other => Self::ALL.into_iter().find(|container| container.extension() == other),
        }
    }

    /// Whether this content may go by that extension. Opus in Ogg is at home as `.ogg` and as `.opus`.
    pub fn agrees_with_extension(self, extension: &str) -> bool {
        let promised = Self::from_extension(extension);
        promised == Some(self) || (self == Self::Opus && promised == Some(Self::Ogg))
    }

    /// For people: the codings taken inside this container.
    pub(crate) const fn codecs(self) -> &'static str {
        match self {
            Self::Wav => "PCM or ADPCM",
            Self::Mp3 => "MPEG layer III",
            Self::M4a => "AAC-LC or ALAC",
            Self::Flac => "FLAC",
            Self::Ogg => "Vorbis, Opus or FLAC",
            Self::Opus => "Opus",
            Self::Webm => "Opus or Vorbis",
        }
    }

    /// Whether a codec, by symphonia's short name, is taken inside this container.
    pub(crate) fn takes(self, codec: &str) -> bool {
        match self {
            Self::Wav => codec.starts_with("pcm") || codec.starts_with("adpcm"),
            Self::Mp3 => codec == "mp3",
            Self::M4a => matches!(codec, "aac" | "alac"),
            Self::Flac => codec == "flac",
            Self::Ogg => matches!(codec, "vorbis" | "flac" | "opus"),
            Self::Opus => codec == "opus",
            Self::Webm => matches!(codec, "opus" | "vorbis"),
        }
    }

    /// Whether symphonia found the format this container is.
    pub(crate) fn is(self, found: FormatId) -> bool {
        found
            == match self {
                Self::Wav => format::FORMAT_ID_WAVE,
                Self::Mp3 => format::FORMAT_ID_MP3,
                Self::M4a => format::FORMAT_ID_ISOMP4,
                Self::Flac => format::FORMAT_ID_FLAC,
                Self::Ogg | Self::Opus => format::FORMAT_ID_OGG,
                Self::Webm => format::FORMAT_ID_MKV,
            }
    }

    /// What the first bytes say. symphonia would search a megabyte for a marker; here it has to stand at the start, so
    /// that a document with a sound file inside it is not one.
    pub(crate) fn sniff(head: &[u8]) -> Option<Self> {
        match head {
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', ..] => Some(Self::Wav),
            [b'O', b'g', b'g', b'S', ..] => Some(Self::Ogg),
            [b'f', b'L', b'a', b'C', ..] => Some(Self::Flac),
            [_, _, _, _, b'f', b't', b'y', b'p', ..] => Some(Self::M4a),
            [0x1A, 0x45, 0xDF, 0xA3, ..] => is_webm(head).then_some(Self::Webm),
            [b'I', b'D', b'3', ..] => Some(Self::Mp3),
            // A frame header: eleven set bits, layer III, a bit rate and a sample rate that exist.
            [0xFF, second, third, ..] => {
                let layer_three = second & 0xE6 == 0xE2;
                (layer_three && third & 0xF0 != 0xF0 && third & 0x0C != 0x0C).then_some(Self::Mp3)
            }
            _ => None,
        }
    }
}

/// Whether the EBML header names the document type `webm` (element 0x4282), not some other Matroska.
fn is_webm(head: &[u8]) -> bool {
    let window = &head[..head.len().min(128)];
    let element = [0x42, 0x82];
    window.windows(2).position(|pair| pair == element).is_some_and(|at| {
        let rest = &window[at + 2..];
        rest.first() == Some(&0x84) && rest.get(1..5) == Some(b"webm")
    })
}

impl fmt::Display for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.extension())
    }
}

impl FromStr for Container {
    type Err = UnknownContainer;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|container| container.extension() == name).ok_or(UnknownContainer)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_container_agrees_with_its_own_extension_and_reads_back() {
        for container in Container::ALL {
            assert!(container.agrees_with_extension(&container.extension().to_uppercase()));
            assert_eq!(container.to_string().parse(), Ok(container));
        }
    }

    #[test]
    fn opus_is_at_home_in_two_extensions_and_vorbis_in_one() {
        assert!(Container::Opus.agrees_with_extension("ogg"));
        assert!(!Container::Ogg.agrees_with_extension("opus"));
        assert!(!Container::Webm.agrees_with_extension("ogg"));
    }

    #[test]
    fn neighbours_of_sound_files_are_not_sound() {
        let others: [&[u8]; 7] = [
            b"\x89PNG\r\n\x1a\n",
            b"\xFF\xD8\xFF\xE0 jpeg",
            b"\xFF\xFEu\0t\0f\0",
            b"PK\x03\x04 zip",
            b"RIFF\x10\0\0\0AVI LIST",
            b"\x1A\x45\xDF\xA3\x93\x42\x82\x88matroska",
            b"<html>OggS",
        ];
        for head in others {
            assert_eq!(Container::sniff(head), None, "{head:?}");
        }
    }

    proptest! {
        #[test]
        fn sniffing_never_panics(head in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Container::sniff(&head);
        }
    }
}
