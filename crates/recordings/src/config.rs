//! The settings of this slice.

use crate::providers::clamd::ClamdAddress;
use kernel::Patience;
use std::path::PathBuf;
use std::time::Duration;

/// The largest file taken, in bytes: 100 MiB.
pub const MAX_BYTES: u64 = 100 * 1024 * 1024;
/// What multipart may put around a file: boundaries, headers and the small fields.
const OVERHEAD: u64 = 64 * 1024;

/// The routes that take bodies larger than JSON's limit, where a file has at most `max_bytes`.
pub fn uploads(max_bytes: u64) -> Vec<guard::Upload> {
    let limit = max_bytes.min(MAX_BYTES) + OVERHEAD;
    ["/api/recordings", "/v1/audio/transcriptions"].map(|route| guard::Upload { route, limit }).to_vec()
}

/// The settings of this slice.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where recordings lie, sealed. Made when missing, readable by this process's user alone.
    pub media_dir: PathBuf,
    /// Where speech models lie.
    pub models_dir: PathBuf,
    /// The largest file, in bytes; at most [`MAX_BYTES`].
    pub max_bytes: u64,
    /// How many bytes one person's recordings may take together.
    pub quota_bytes: u64,
    /// The longest recording.
    pub max_duration: Duration,
    /// The most channels of a recording.
    pub max_channels: u16,
    /// The highest sample rate of a recording, in Hz.
    pub max_rate: u32,
    /// Where clamd listens, by which every upload is looked at; uploads are refused while it does not answer.
    pub clamd: Option<ClamdAddress>,
    /// How patient uploads are with it.
    pub clamd_patience: Patience,
    /// How many transcriptions over `/v1/` one person may have at once.
    pub at_once: u32,
    /// How long an upload may be silent before it is given up.
    pub silence: Duration,
}

impl Config {
    /// The defaults: 100 MiB, 20 GiB a person, six hours, eight channels, 192 kHz, two at once, half a minute of silence, no
    /// scanner.
    pub fn new(media_dir: impl Into<PathBuf>, models_dir: impl Into<PathBuf>) -> Self {
        Self {
            media_dir: media_dir.into(),
            models_dir: models_dir.into(),
            max_bytes: MAX_BYTES,
            quota_bytes: 20 * 1024 * 1024 * 1024,
            max_duration: Duration::from_hours(6),
            max_channels: 8,
            max_rate: 192_000,
            clamd: None,
            clamd_patience: Patience::of(Duration::from_mins(2)),
            at_once: 2,
            silence: Duration::from_secs(30),
        }
    }
}
