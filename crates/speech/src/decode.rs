//! Any accepted file to 16 kHz mono, as the speech model wants it.

use crate::cancel::Cancel;
use crate::demux::{Demux, Shape};
use crate::fault::AudioFault;
use crate::limits::Limits;
use crate::probe::within;
use crate::resample::ToSixteen;
use crate::source::Source;

/// The rate of everything that comes out of here, in Hz.
pub const SAMPLE_RATE: u32 = 16_000;

/// Decodes piece by piece: memory holds one packet, never the file.
pub struct Decoder {
    demux: Demux,
    limits: Limits,
    stream: Option<(Shape, ToSixteen)>,
    samples: Vec<f32>,
    mono: Vec<f32>,
    block: Vec<f32>,
    given: u64,
    damaged: u64,
    done: bool,
}

impl Decoder {
    /// Opens a file by its content.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn open(source: Source, limits: &Limits) -> Result<Self, AudioFault> {
        let (demux, limits) = (Demux::open(source)?, *limits);
        let (samples, mono, block) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Self { demux, limits, stream: None, samples, mono, block, given: 0, damaged: 0, done: false })
    }

    /// The next samples, mono at 16 kHz within -1 to 1, or `None` at the end. Damaged packets are passed over.
    ///
    /// # Errors
    /// [`AudioFault::TooLong`] as soon as more came out than allowed, whatever the header says; [`AudioFault::Empty`] or
    /// [`AudioFault::Corrupt`] at the end of a file that gave nothing.
    pub fn next_block(&mut self) -> Result<Option<&[f32]>, AudioFault> {
        self.block.clear();
        while self.block.is_empty() && !self.done {
            self.step()?;
        }
        for sample in &mut self.block {
            // The filter overshoots a little at the edges of loud sound.
            *sample = sample.clamp(-1.0, 1.0);
        }
        self.given += self.block.len() as u64;
        if self.given > self.limits.max_duration.as_secs().saturating_mul(u64::from(SAMPLE_RATE)) {
            return Err(AudioFault::TooLong { max: self.limits.max_duration });
        }
        if self.given == 0 {
            return Err(if self.damaged > 0 { AudioFault::Corrupt } else { AudioFault::Empty });
        }
        Ok((!self.block.is_empty()).then_some(self.block.as_slice()))
    }

    /// How much sound has come out so far, in seconds.
    #[expect(clippy::cast_precision_loss, reason = "2^53 samples are eighteen thousand years")]
    pub fn seconds(&self) -> f64 {
        self.given as f64 / f64::from(SAMPLE_RATE)
    }

    /// How much of the file has been read, 0 to 1.
    pub fn share_read(&self) -> f32 {
        self.demux.watch.share()
    }

    fn step(&mut self) -> Result<(), AudioFault> {
        let Some(packet) = self.demux.packet()? else {
            self.done = true;
            return self.flush();
        };
        let Some(shape) = self.demux.decode(&packet, &mut self.samples)? else {
            self.damaged += 1;
            return Ok(());
        };
        if shape.channels == 0 || self.samples.is_empty() {
            return Ok(());
        }
        if self.stream.as_ref().is_none_or(|(before, _)| *before != shape) {
            within(shape, &self.limits)?;
            self.flush()?;
            self.stream = Some((shape, ToSixteen::new(shape.rate).ok_or(AudioFault::Corrupt)?));
        }
        mix_down(&self.samples, shape.channels, &mut self.mono);
        let (_, stream) = self.stream.as_mut().ok_or(AudioFault::Corrupt)?;
        stream.push(&self.mono, &mut self.block).ok_or(AudioFault::Corrupt)
    }

    fn flush(&mut self) -> Result<(), AudioFault> {
        match self.stream.take() {
            Some((_, mut stream)) => stream.finish(&mut self.block).ok_or(AudioFault::Corrupt),
            None => Ok(()),
        }
    }
}

/// The mean of the channels. Files may hold any bit pattern as a float: what is no number is silence, what is too loud
/// is as loud as can be.
fn mix_down(samples: &[f32], channels: usize, mono: &mut Vec<f32>) {
    mono.clear();
    #[expect(clippy::cast_precision_loss, reason = "at most a few channels")]
    let share = 1.0 / channels as f32;
    mono.extend(samples.chunks_exact(channels).map(|frame| {
        let sum: f32 = frame.iter().filter(|sample| sample.is_finite()).map(|sample| sample.clamp(-1.0, 1.0)).sum();
        sum * share
    }));
}

/// All of a file at once, mono at 16 kHz: for short sound. [`crate::WhisperPool`] reads long ones piece by piece.
///
/// Blocks; `progress` hears shares of the file read, 0 to 1.
///
/// # Errors
/// What is wrong with the file, or that `cancel` was raised.
pub fn decode(
    source: Source,
    limits: &Limits,
    cancel: &Cancel,
    progress: &mut dyn FnMut(f32),
) -> Result<Vec<f32>, AudioFault> {
    let mut decoder = Decoder::open(source, limits)?;
    let mut all = Vec::new();
    while let Some(block) = decoder.next_block()? {
        all.extend_from_slice(block);
        if cancel.is_cancelled() {
            return Err(AudioFault::Cancelled);
        }
        progress(decoder.share_read());
    }
    Ok(all)
}
