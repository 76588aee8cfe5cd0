//! What a recording may be at most.

use std::time::Duration;

/// The bounds of a recording. They hold for what is really in the file, not only for what it says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest sound; a small file can decode to very much of it.
    pub max_duration: Duration,
    /// The most channels.
    pub max_channels: u16,
    /// The lowest sample rate, in Hz.
    pub min_rate: u32,
    /// The highest sample rate, in Hz.
    pub max_rate: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_duration: Duration::from_hours(6), max_channels: 8, min_rate: 8_000, max_rate: 192_000 }
    }
}
