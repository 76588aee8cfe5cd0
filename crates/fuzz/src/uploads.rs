//! Files: what a recording is, found out by decoding its beginning.

use speech::{Limits, Source, probe};

/// The bytes as a file.
pub(crate) fn target(data: &[u8]) {
    let limits = Limits::default();
    if let Ok(probed) = probe(Source::bytes(data.to_vec()), &limits) {
        assert!((1..=limits.max_channels).contains(&probed.channels), "{} channels", probed.channels);
        assert!((limits.min_rate..=limits.max_rate).contains(&probed.sample_rate), "{} Hz", probed.sample_rate);
        assert!(probed.duration.is_none_or(|duration| duration <= limits.max_duration), "{:?}", probed.duration);
    }
}
