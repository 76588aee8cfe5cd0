//! The settings of this slice.

use std::path::PathBuf;
use std::time::Duration;

/// The largest file taken, in bytes: 100 MiB.
pub(crate) const MAX_BYTES: u64 = 100 * 1024 * 1024;
/// What multipart may put around a file: boundaries, headers and the small fields.
const OVERHEAD: u64 = 64 * 1024;

/// The routes that take bodies larger than JSON's limit.
pub const UPLOADS: &[guard::Upload] = &[
    guard::Upload { route: "/api/recordings", limit: MAX_BYTES + OVERHEAD },
    guard::Upload { route: "/v1/audio/transcriptions", limit: MAX_BYTES + OVERHEAD },
];

/// The settings of this slice.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where recordings lie, sealed. Made when missing, readable by this process's user alone.
    pub media_dir: PathBuf,
    /// Where speech models lie.
    pub models_dir: PathBuf,
    /// The largest file, in bytes. More than [`UPLOADS`] allows has no effect.
    pub max_bytes: u64,
    /// How many bytes one person's recordings may take together.
    pub quota_bytes: u64,
    /// The longest recording.
    pub max_duration: Duration,
    /// How many transcriptions over `/v1/` one person may have at once.
    pub at_once: u32,
    /// How long an upload may be silent before it is given up.
    pub silence: Duration,
}

impl Config {
    /// The defaults: 100 MiB, 20 GiB a person, six hours, two at once, half a minute of silence.
    pub fn new(media_dir: impl Into<PathBuf>, models_dir: impl Into<PathBuf>) -> Self {
        Self {
            media_dir: media_dir.into(),
            models_dir: models_dir.into(),
            max_bytes: MAX_BYTES,
            quota_bytes: 20 * 1024 * 1024 * 1024,
            max_duration: Duration::from_hours(6),
            at_once: 2,
            silence: Duration::from_secs(30),
        }
    }
}
