//! Any sample rate to 16 kHz, piece by piece.

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Indexing, Resampler, WindowFunction};

use crate::decode::SAMPLE_RATE;

/// Frames of input a step, in blocks of a quarter: long enough for a steep filter, short enough to stream.
const STEP: usize = 4096;
const BLOCKS: usize = 4;

/// A stream of mono samples on its way to 16 kHz. As long as the input, to the sample; the filter's delay is cut off.
pub(crate) struct ToSixteen {
    filter: Option<Filter>,
}

struct Filter {
    resampler: Fft<f32>,
    rate: u32,
    pending: Vec<f32>,
    scratch: Vec<f32>,
    taken: u64,
    given: u64,
    to_skip: usize,
}

impl ToSixteen {
    /// `None` when the resampler cannot be built for this rate.
    pub(crate) fn new(rate: u32) -> Option<Self> {
        if rate == SAMPLE_RATE {
            return Some(Self { filter: None });
        }
        let window = WindowFunction::BlackmanHarris2;
        let resampler =
            Fft::new_custom(rate as usize, SAMPLE_RATE as usize, STEP, BLOCKS, 1, window, FixedSync::Input).ok()?;
        let scratch = vec![0.0; resampler.output_frames_max()];
        let to_skip = resampler.output_delay();
        let filter = Filter { resampler, rate, pending: Vec::new(), scratch, taken: 0, given: 0, to_skip };
        Some(Self { filter: Some(filter) })
    }

    /// Takes samples and appends what is ready to `out`.
    pub(crate) fn push(&mut self, samples: &[f32], out: &mut Vec<f32>) -> Option<()> {
        let Some(filter) = &mut self.filter else {
            out.extend_from_slice(samples);
            return Some(());
        };
        filter.taken += samples.len() as u64;
        filter.pending.extend_from_slice(samples);
        let mut used = 0;
        while filter.pending.len() - used >= filter.resampler.input_frames_next() {
            let need = filter.resampler.input_frames_next();
            let step = filter.pending[used..used + need].to_vec();
            filter.step(&step, None, out)?;
            used += need;
        }
        filter.pending.drain(..used);
        Some(())
    }

    /// Appends what is still inside.
    pub(crate) fn finish(&mut self, out: &mut Vec<f32>) -> Option<()> {
        let Some(filter) = &mut self.filter else { return Some(()) };
        let whole = (filter.taken * u64::from(SAMPLE_RATE)).div_ceil(u64::from(filter.rate));
        let mut rest = std::mem::take(&mut filter.pending);
        while filter.given < whole {
            let before = out.len();
            let partial = rest.len();
            rest.resize(filter.resampler.input_frames_next(), 0.0);
            filter.step(&rest, Some(partial), out)?;
            rest.clear();
            if filter.given > whole {
                let extra = usize::try_from(filter.given - whole).ok()?;
                out.truncate((out.len() - extra).max(before));
                filter.given = whole;
            }
        }
        Some(())
    }
}

impl Filter {
    fn step(&mut self, input: &[f32], partial: Option<usize>, out: &mut Vec<f32>) -> Option<()> {
        let frames = self.scratch.len();
        let source = InterleavedSlice::new(input, 1, input.len()).ok()?;
        let mut target = InterleavedSlice::new_mut(&mut self.scratch, 1, frames).ok()?;
        let indexing = partial.map(|frames| Indexing::new().partial_len(frames));
        let (_, made) = self.resampler.process_into_buffer(&source, &mut target, indexing.as_ref()).ok()?;
        let skip = self.to_skip.min(made);
        self.to_skip -= skip;
        out.extend_from_slice(&self.scratch[skip..made]);
        self.given += (made - skip) as u64;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[expect(clippy::cast_precision_loss, reason = "test signal")]
    fn tone(rate: u32, hertz: f32, samples: usize) -> Vec<f32> {
        (0..samples).map(|at| (at as f32 * hertz * std::f32::consts::TAU / rate as f32).sin() * 0.5).collect()
    }

    fn level(samples: &[f32]) -> f32 {
        #[expect(clippy::cast_precision_loss, reason = "test signal")]
        let count = samples.len() as f32;
        (samples.iter().map(|sample| sample * sample).sum::<f32>() / count).sqrt()
    }

    #[test]
    fn a_tone_stays_in_place_and_what_sixteen_kilohertz_cannot_hold_is_gone() {
        for rate in [8_000, 22_050, 44_100, 48_000, 96_000] {
            let mut stream = ToSixteen::new(rate).unwrap();
            let mut out = Vec::new();
            stream.push(&tone(rate, 440.0, rate as usize), &mut out).unwrap();
            stream.finish(&mut out).unwrap();
            assert_eq!(out.len(), 16_000);
            let wanted = tone(16_000, 440.0, 16_000);
            let off: Vec<f32> = out.iter().zip(&wanted).map(|(is, should)| is - should).collect();
            // The delay of the filter need not be a whole sample: half of one, 31 microseconds, is 0.031 here.
            assert!(level(&off[1000..15_000]) < 0.032, "{rate}: {}", level(&off[1000..15_000]));
        }
        let mut stream = ToSixteen::new(48_000).unwrap();
        let mut out = Vec::new();
        stream.push(&tone(48_000, 10_000.0, 48_000), &mut out).unwrap();
        stream.finish(&mut out).unwrap();
        assert!(level(&out[1000..15_000]) < 0.001);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn pieces_give_the_same_as_the_whole(
            rate in 8_000u32..192_000,
            sizes in prop::collection::vec(0usize..9_000, 1..12),
        ) {
            let input = tone(rate, 300.0, sizes.iter().sum());
            let (mut whole, mut pieces) = (Vec::new(), Vec::new());
            let mut stream = ToSixteen::new(rate).unwrap();
            stream.push(&input, &mut whole).unwrap();
            stream.finish(&mut whole).unwrap();
            let mut stream = ToSixteen::new(rate).unwrap();
            let mut rest = input.as_slice();
            for size in sizes {
                let (piece, after) = rest.split_at(size);
                stream.push(piece, &mut pieces).unwrap();
                rest = after;
            }
            stream.finish(&mut pieces).unwrap();
            prop_assert_eq!(whole.len() as u64, (input.len() as u64 * 16_000).div_ceil(u64::from(rate)));
            prop_assert_eq!(whole, pieces);
        }
    }
}
