//! Files that were cut off, bent and made to lie: whatever comes, an answer and no panic, in bounded time and memory.

use std::time::Duration;

use crate::support::{KINDS, voice};
use proptest::prelude::*;
use speech::{Cancel, Limits, Source, decode, probe};

fn survive(bytes: Vec<u8>) {
    let limits = Limits { max_duration: Duration::from_mins(1), ..Limits::default() };
    let probed = probe(Source::bytes(bytes.clone()), &limits);
    let decoded = decode(Source::bytes(bytes), &limits, &Cancel::new(), &mut |_| ());
    if let Ok(samples) = &decoded {
        assert!(samples.len() <= 60 * 16_000);
        assert!(samples.iter().all(|sample| sample.abs() <= 1.0));
    }
    for fault in [probed.err(), decoded.err()].into_iter().flatten() {
        assert!(!fault.is_ours(), "the file was to blame: {fault:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_file_that_breaks_off(kind in 0..KINDS.len(), share in 0.0..1.0f64) {
        let mut bytes = voice(KINDS[kind].0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place in a small file")]
        bytes.truncate((bytes.len() as f64 * share * share) as usize);
        survive(bytes);
    }

    #[test]
    fn a_file_with_bent_bits(
        kind in 0..KINDS.len(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), 0u8..8, any::<bool>()), 1..40),
    ) {
        let mut bytes = voice(KINDS[kind].0);
        for (place, bit, early) in flips {
            // Headers are where the harm is: half of the flips go there.
            let end = if early { bytes.len().min(600) } else { bytes.len() };
            bytes[place.index(end)] ^= 1 << bit;
        }
        survive(bytes);
    }

    #[test]
    fn a_file_with_bytes_overwritten_by_extremes(
        kind in 0..KINDS.len(),
        places in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(vec![0x00u8, 0x7F, 0x80, 0xFF])), 1..12),
    ) {
        let mut bytes = voice(KINDS[kind].0);
        for (place, value) in places {
            let at = place.index(bytes.len().min(800));
            let end = (at + 4).min(bytes.len());
            bytes[at..end].fill(value);
        }
        survive(bytes);
    }

    #[test]
    fn two_files_run_together(first in 0..KINDS.len(), second in 0..KINDS.len(), cut in any::<prop::sample::Index>()) {
        let mut bytes = voice(KINDS[first].0);
        bytes.truncate(cut.index(bytes.len()));
        bytes.extend(voice(KINDS[second].0));
        survive(bytes);
    }
}
