//! Cutting long sound where nobody speaks, and knowing silence.
//!
//! whisper.cpp wants all samples at once and copies them; six hours would be gigabytes. In pieces of five minutes memory
//! stays flat, and a cut in a pause costs no word.

use crate::decode::{Decoder, SAMPLE_RATE};
use crate::fault::AudioFault;

const RATE: usize = SAMPLE_RATE as usize;
/// The longest piece, in samples.
const LONGEST: usize = 300 * RATE;
/// The cut is looked for in the last part of a piece, in samples.
const SEARCH: usize = 30 * RATE;
/// A frame over which loudness is measured: 20 ms.
const FRAME: usize = RATE / 50;
/// The cut is in the middle of the quietest stretch of this many frames: 300 ms.
const GAP: usize = 15;
/// Quieter than this (root mean square; -60 dB of full scale) is silence: no voice near a microphone is.
const SILENCE: f32 = 0.001;

/// A piece of sound to transcribe by itself.
pub(crate) struct Chunk {
    /// Mono at 16 kHz.
    pub(crate) samples: Vec<f32>,
    /// Where it begins in the recording, in samples.
    pub(crate) offset: u64,
    /// How much of the file was read before and after it, 0 to 1: for the progress bar.
    pub(crate) share: (f32, f32),
}

/// Cuts the sound of a file into pieces.
pub(crate) struct Chunks {
    decoder: Decoder,
    carry: Vec<f32>,
    offset: u64,
    share: f32,
    ended: bool,
}

impl Chunks {
    pub(crate) fn new(decoder: Decoder) -> Self {
        Self { decoder, carry: Vec::new(), offset: 0, share: 0.0, ended: false }
    }

    /// The next piece, or `None` at the end. `go_on` is asked while decoding.
    pub(crate) fn next(&mut self, go_on: impl Fn() -> bool) -> Result<Option<Chunk>, AudioFault> {
        let mut samples = std::mem::take(&mut self.carry);
        while !self.ended && samples.len() < LONGEST {
            if !go_on() {
                return Err(AudioFault::Cancelled);
            }
            match self.decoder.next_block()? {
                Some(block) => samples.extend_from_slice(block),
                None => self.ended = true,
            }
        }
        if samples.is_empty() {
            return Ok(None);
        }
        if !self.ended {
            // There are at least as many as the longest piece has.
            self.carry = samples.split_off(quietest(&samples[..LONGEST]));
        }
        let (offset, before) = (self.offset, self.share);
        self.offset += samples.len() as u64;
        self.share = if self.carry.is_empty() && self.ended { 1.0 } else { self.decoder.share_read() };
        Ok(Some(Chunk { samples, offset, share: (before, self.share) }))
    }

    /// How long the recording was found to be so far, in seconds.
    pub(crate) fn seconds(&self) -> f64 {
        self.decoder.seconds()
    }
}

/// Whether there is nothing to hear in these samples.
pub(crate) fn is_silent(samples: &[f32]) -> bool {
    samples.chunks(FRAME).all(|frame| energy(frame) < SILENCE * SILENCE)
}

/// Where to cut: inside the quietest stretch of the last part.
fn quietest(samples: &[f32]) -> usize {
    let from = samples.len().saturating_sub(SEARCH);
    let frames: Vec<f32> = samples[from..].chunks_exact(FRAME).map(energy).collect();
    let sums = frames.windows(GAP).map(|stretch| stretch.iter().sum::<f32>()).enumerate();
    let best = sums.min_by(|(_, left), (_, right)| left.total_cmp(right));
    best.map_or(samples.len(), |(at, _)| from + (at + GAP / 2) * FRAME)
}

/// The mean square.
fn energy(frame: &[f32]) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "a few hundred samples")]
    let count = frame.len().max(1) as f32;
    frame.iter().map(|sample| sample * sample).sum::<f32>() / count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cut_is_in_the_pause() {
        let mut samples = vec![0.3; 60 * RATE];
        samples[40 * RATE..41 * RATE].fill(0.0);
        let cut = quietest(&samples);
        assert!((40 * RATE..41 * RATE).contains(&cut), "{cut}");
        assert!(quietest(&[0.1; 10]) <= 10);
    }

    #[test]
    fn a_long_recording_comes_in_pieces_that_miss_nothing() {
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: SAMPLE_RATE,
            bits_per_sample: 8,
            sample_format: hound::SampleFormat::Int,
        };
        let mut bytes = std::io::Cursor::new(Vec::new());
        let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
        let length = 11 * 60 * RATE + 123;
        for at in 0..length {
            // A second of silence every twenty.
            let loud = !(at / RATE).is_multiple_of(20);
            writer.write_sample(if loud { i8::try_from(at % 100).unwrap() } else { 0 }).unwrap();
        }
        writer.finalize().unwrap();
        let limits = crate::limits::Limits::default();
        let decoder = Decoder::open(crate::source::Source::bytes(bytes.into_inner()), &limits).unwrap();
        let mut chunks = Chunks::new(decoder);
        let (mut end, mut share, mut pieces) = (0, 0.0, 0);
        while let Some(chunk) = chunks.next(|| true).unwrap() {
            assert_eq!(chunk.offset, end);
            assert!(chunk.samples.len() <= LONGEST && chunk.share.0 >= share && chunk.share.1 >= chunk.share.0);
            end += chunk.samples.len() as u64;
            assert!(end == length as u64 || (end / RATE as u64).is_multiple_of(20), "cut at {end}");
            (share, pieces) = (chunk.share.1, pieces + 1);
        }
        assert_eq!((end, pieces), (length as u64, 3));
        assert!((share - 1.0).abs() < f32::EPSILON);
        assert!((chunks.seconds() - 660.0).abs() < 0.1);
    }

    #[test]
    fn a_whisper_is_not_silence() {
        assert!(is_silent(&vec![0.0005; RATE]));
        assert!(!is_silent(&[vec![0.0; RATE], vec![0.01; FRAME]].concat()));
    }
}
