//! What can be wrong with a recording, and why speech was not turned into text.

use std::io;
use std::time::Duration;

use thiserror::Error;

use crate::container::Container;
use crate::models::Missing;

/// What is wrong with a sound file. The text is for the person who sent it and names what is allowed.
#[derive(Debug, Error)]
pub enum AudioFault {
    /// The content is none of the formats taken here, whatever its name says.
    #[error("This is not a sound file we know.")]
    NotAudio,
    /// The container is known, the coding of the sound in it is not.
    #[error(
        "The sound in this {container} file is coded in a way we cannot read. Inside {container}, {} is taken.",
        .container.codecs()
    )]
    UnsupportedCodec {
        /// What it is packed in.
        container: Container,
    },
    /// A container of a known kind that holds no sound.
    #[error("There is no sound track in this file.")]
    NoAudioTrack,
    /// It starts like a sound file, and then does not decode.
    #[error("This file is damaged or incomplete: its first sounds cannot be decoded.")]
    Corrupt,
    /// It decodes to nothing.
    #[error("There is no sound in this file: it is 0 seconds long.")]
    Empty,
    /// It lasts longer than allowed.
    #[error("This recording is too long: at most {} is taken.", hours_and_minutes(.max))]
    TooLong {
        /// The longest that is allowed.
        max: Duration,
    },
    /// More channels than allowed.
    #[error("This recording has {channels} channels: at most {max} are taken.")]
    TooManyChannels {
        /// How many it has.
        channels: u16,
        /// The most that are allowed.
        max: u16,
    },
    /// A sample rate outside the bounds.
    #[error("This recording has a sample rate of {rate} Hz: {min} to {max} Hz are taken.")]
    SampleRate {
        /// The rate it has, in Hz.
        rate: u32,
        /// The lowest allowed, in Hz.
        min: u32,
        /// The highest allowed, in Hz.
        max: u32,
    },
    /// Reading failed on our side; the file is not to blame.
    #[error("The recording could not be read just now.")]
    Io(#[source] io::Error),
    /// Somebody asked to stop.
    #[error("The work on this recording was stopped.")]
    Cancelled,
}

impl AudioFault {
    /// A short, stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotAudio => "not_audio",
            Self::UnsupportedCodec { .. } => "unsupported_codec",
            Self::NoAudioTrack => "no_audio_track",
            Self::Corrupt => "corrupt_audio",
            Self::Empty => "empty_audio",
            Self::TooLong { .. } => "audio_too_long",
            Self::TooManyChannels { .. } => "too_many_channels",
            Self::SampleRate { .. } => "sample_rate",
            Self::Io(_) => "io",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether the content is of a kind that is not taken (HTTP 415), rather than outside a bound (HTTP 422).
    pub fn is_format(&self) -> bool {
        matches!(self, Self::NotAudio | Self::UnsupportedCodec { .. } | Self::NoAudioTrack | Self::Corrupt)
    }

    /// Whether the fault is ours: the file may be in order.
    pub fn is_ours(&self) -> bool {
        matches!(self, Self::Io(_))
    }
}

/// Why there is no transcript.
#[derive(Debug, Error)]
pub enum SpeechError {
    /// The recording cannot be used.
    #[error(transparent)]
    Audio(#[from] AudioFault),
    /// The model is not on this machine; the work can wait for it.
    #[error(transparent)]
    Missing(#[from] Missing),
    /// The model there is does not know the language.
    #[error("The speech model {model} knows English only, and \"{asked}\" was asked for.")]
    Language {
        /// The code that was asked for.
        asked: &'static str,
        /// The model in use.
        model: &'static str,
    },
    /// Every worker is busy and the queue is full.
    #[error("All speech workers are busy. Please try again a little later.")]
    Busy,
    /// Somebody asked to stop.
    #[error("The transcription was stopped.")]
    Cancelled,
    /// The engine failed; the text is for the log.
    #[error("the speech engine failed: {0}")]
    Engine(String),
    /// The pool has been shut down.
    #[error("The speech workers have been stopped.")]
    Stopped,
}

impl SpeechError {
    /// A short, stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Audio(fault) => fault.code(),
            Self::Missing(_) => "model_missing",
            Self::Language { .. } => "language_not_supported",
            Self::Busy => "speech_busy",
            Self::Cancelled => "cancelled",
            Self::Engine(_) => "engine_failed",
            Self::Stopped => "stopped",
        }
    }

    /// Whether the same recording may well succeed later.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Audio(fault) => fault.is_ours(),
            Self::Missing(_) | Self::Busy | Self::Engine(_) | Self::Stopped => true,
            Self::Language { .. } | Self::Cancelled => false,
        }
    }
}

/// `6 hours`, `1 hour 30 minutes`, `45 seconds`.
fn hours_and_minutes(span: &Duration) -> String {
    let seconds = span.as_secs();
    let parts = [(seconds / 3600, "hour"), (seconds / 60 % 60, "minute"), (seconds % 60, "second")];
    let words: Vec<String> = parts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, unit)| format!("{count} {unit}{}", if count == 1 { "" } else { "s" }))
        .collect();
    if words.is_empty() { "0 seconds".to_owned() } else { words.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_names_the_limit_in_words() {
        let fault = AudioFault::TooLong { max: Duration::from_mins(90) };
        assert_eq!(fault.to_string(), "This recording is too long: at most 1 hour 30 minutes is taken.");
        let fault = AudioFault::UnsupportedCodec { container: Container::M4a };
        assert!(fault.to_string().contains("Inside m4a, AAC-LC or ALAC is taken"), "{fault}");
    }
}
