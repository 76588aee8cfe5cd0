//! The forms in which a transcript leaves: one file a form.

mod cues;
pub mod json;
pub mod srt;
pub mod txt;
pub mod vtt;

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use utoipa::ToSchema;

use crate::transcript::Transcript;

/// A form a transcript can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Plain text in paragraphs.
    Txt,
    /// `SubRip` subtitles.
    Srt,
    /// `WebVTT` captions.
    Vtt,
    /// Everything, with the times of the words.
    Json,
}

/// A name that is none of the forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not one of txt, srt, vtt and json")]
pub struct UnknownFormat;

impl Format {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Txt, Self::Srt, Self::Vtt, Self::Json];

    /// The transcript in this form.
    pub fn write(self, transcript: &Transcript) -> String {
        match self {
            Self::Txt => txt::write(transcript),
            Self::Srt => srt::write(transcript),
            Self::Vtt => vtt::write(transcript),
            Self::Json => json::write(transcript),
        }
    }

    /// What to serve it as.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Txt => txt::CONTENT_TYPE,
            Self::Srt => srt::CONTENT_TYPE,
            Self::Vtt => vtt::CONTENT_TYPE,
            Self::Json => json::CONTENT_TYPE,
        }
    }

    /// The file extension, without the dot; also the name of the form.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Txt => txt::EXTENSION,
            Self::Srt => srt::EXTENSION,
            Self::Vtt => vtt::EXTENSION,
            Self::Json => json::EXTENSION,
        }
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|format| format.extension() == name).ok_or(UnknownFormat)
    }
}
