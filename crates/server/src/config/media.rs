//! What is taken as a recording, and who looks at it first.

use super::{ConfigError, Source, number, parse};
use recordings::{ClamdAddress, MAX_BYTES};
use std::time::Duration;

/// What is taken as a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    /// The largest file, in MiB.
    pub max_mib: u32,
    /// The longest recording, in minutes.
    pub max_minutes: u32,
    /// The most channels.
    pub max_channels: u16,
    /// The highest sample rate, in Hz.
    pub max_rate: u32,
    /// A virus scanner that looks at every upload.
    pub clamd: Option<ClamdAddress>,
}

impl Media {
    /// The largest file, in bytes.
    pub fn max_bytes(&self) -> u64 {
        u64::from(self.max_mib) << 20
    }

    /// Puts these settings into those of the slice.
    pub fn apply(&self, config: &mut recordings::Config) {
        config.max_bytes = self.max_bytes();
        config.max_duration = Duration::from_secs(60 * u64::from(self.max_minutes));
        config.max_channels = self.max_channels;
        config.max_rate = self.max_rate;
        config.clamd.clone_from(&self.clamd);
    }
}

/// A number within its bounds.
fn within(source: &Source, name: &'static str, default: u32, least: u32, most: u32) -> Result<u32, ConfigError> {
    let given = number(source, name, default)?;
    if (least..=most).contains(&given) {
        return Ok(given);
    }
    Err(ConfigError::Invalid { name, why: format!("it is {least} to {most}") })
}

/// Reads `RECORDINGS_MAX_…` and `CLAMD_ADDRESS`.
pub(super) fn read(source: &Source) -> Result<Media, ConfigError> {
    let mib = u32::try_from(MAX_BYTES >> 20).unwrap_or(u32::MAX);
    let channels = within(source, "RECORDINGS_MAX_CHANNELS", 8, 1, 32)?;
    let clamd = source.get("CLAMD_ADDRESS").map(|_| parse(source, "CLAMD_ADDRESS", ClamdAddress::Tcp(String::new())));
    Ok(Media {
        max_mib: within(source, "RECORDINGS_MAX_MIB", mib, 1, mib)?,
        max_minutes: within(source, "RECORDINGS_MAX_MINUTES", 6 * 60, 1, 24 * 60)?,
        max_channels: u16::try_from(channels).unwrap_or(u16::MAX),
        max_rate: within(source, "RECORDINGS_MAX_SAMPLE_RATE", 192_000, 8_000, 768_000)?,
        clamd: clamd.transpose()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(name: &str, value: &str) -> String {
        read(&Source::of([(name, value)])).map_or_else(|error| error.to_string(), |_| "accepted".to_owned())
    }

    #[test]
    fn what_is_documented_is_the_default() {
        let media = read(&Source::of([])).unwrap();
        let expected = Media { max_mib: 100, max_minutes: 360, max_channels: 8, max_rate: 192_000, clamd: None };
        assert_eq!(media, expected);
        let mut config = recordings::Config::new("media", "models");
        let before = format!("{config:?}");
        media.apply(&mut config);
        assert_eq!(format!("{config:?}"), before, "the slice has the same defaults");
    }

    #[test]
    fn what_is_out_of_bounds_is_refused_by_name() {
        for (name, bad) in [
            ("RECORDINGS_MAX_MIB", "101"),
            ("RECORDINGS_MAX_MIB", "0"),
            ("RECORDINGS_MAX_MINUTES", "1441"),
            ("RECORDINGS_MAX_CHANNELS", "33"),
            ("RECORDINGS_MAX_SAMPLE_RATE", "7999"),
            ("RECORDINGS_MAX_SAMPLE_RATE", "fast"),
            ("CLAMD_ADDRESS", "clamd:3310"),
            ("CLAMD_ADDRESS", "tcp:clamd"),
        ] {
            assert!(refusal(name, bad).starts_with(&format!("{name} cannot be used")), "{name}={bad}");
        }
        let socket = read(&Source::of([("CLAMD_ADDRESS", "unix:/run/clamav/clamd.ctl")])).unwrap().clamd;
        assert_eq!(socket, Some(ClamdAddress::Unix("/run/clamav/clamd.ctl".into())));
    }
}
