//! What a file really is, found out by decoding its beginning.

use std::time::Duration;

use crate::container::Container;
use crate::demux::{Demux, Shape};
use crate::fault::AudioFault;
use crate::limits::Limits;
use crate::source::Source;

/// How many packets have to decode before a file is believed. Few, so that a short word passes.
const ENOUGH: u32 = 4;
/// How many damaged packets at the start a file may have.
const DAMAGED: u32 = 8;

/// What is known of a recording before anyone listens to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// How it is packed, by its content.
    pub container: Container,
    /// How the sound is coded: `pcm_s16le`, `mp3`, `aac`, `opus`.
    pub codec: &'static str,
    /// In Hz.
    pub sample_rate: u32,
    /// 1 for mono.
    pub channels: u16,
    /// How long it lasts; `None` where only decoding all of it would tell.
    pub duration: Option<Duration>,
}

/// Finds out what a file is: by its first bytes, never by its name, and by decoding its first packets.
///
/// Blocks on reading; async callers use [`crate::Prober`].
///
/// # Errors
/// What is wrong with the file. [`AudioFault::Io`] alone is not the file's fault.
pub fn probe(source: Source, limits: &Limits) -> Result<Probe, AudioFault> {
    let length = source.len();
    let mut demux = Demux::open(source)?;
    let shape = first_sound(&mut demux)?;
    let channels = within(shape, limits)?;
    let duration = duration(&mut demux, shape, length, limits)?;
    if duration.is_some_and(|duration| duration > limits.max_duration) {
        return Err(AudioFault::TooLong { max: limits.max_duration });
    }
    Ok(Probe { container: demux.container, codec: demux.codec, sample_rate: shape.rate, channels, duration })
}

/// Whether the sound is of a shape that is taken; its channels.
pub(crate) fn within(shape: Shape, limits: &Limits) -> Result<u16, AudioFault> {
    let channels = u16::try_from(shape.channels).unwrap_or(u16::MAX);
    if channels > limits.max_channels {
        return Err(AudioFault::TooManyChannels { channels, max: limits.max_channels });
    }
    if !(limits.min_rate..=limits.max_rate).contains(&shape.rate) {
        return Err(AudioFault::SampleRate { rate: shape.rate, min: limits.min_rate, max: limits.max_rate });
    }
    Ok(channels)
}

/// Decodes the first packets.
fn first_sound(demux: &mut Demux) -> Result<Shape, AudioFault> {
    let (mut good, mut damaged, mut found) = (0, 0, None);
    let mut samples = Vec::new();
    while good < ENOUGH && damaged < DAMAGED {
        let Some(packet) = demux.packet()? else { break };
        match demux.decode(&packet, &mut samples)? {
            // A codec may give nothing for its first packet.
            Some(shape) if shape.channels > 0 => {
                good += 1;
                if found.is_none() || !samples.is_empty() {
                    found = Some((shape, found.is_some_and(|(_, heard)| heard) || !samples.is_empty()));
                }
            }
            _ => damaged += 1,
        }
    }
    match found {
        Some((shape, true)) if good > damaged => Ok(shape),
        Some((_, false)) | None if damaged == 0 => Err(AudioFault::Empty),
        _ => Err(AudioFault::Corrupt),
    }
}

/// How long it lasts. What the header says is believed where it can be true; where it says nothing, or something beyond
/// the limit, the packets are walked (not decoded).
fn duration(demux: &mut Demux, shape: Shape, length: u64, limits: &Limits) -> Result<Option<Duration>, AudioFault> {
    let declared = demux.declared.map(|declared| most_by_size(demux, shape, length, declared));
    if declared.is_some_and(|declared| declared <= limits.max_duration && !declared.is_zero()) {
        return Ok(declared);
    }
    let mut end = None;
    while let Some(packet) = demux.packet()? {
        end = demux.end_of(&packet).max(end);
        if end > Some(limits.max_duration) {
            break;
        }
    }
    Ok(end.filter(|end| !end.is_zero()))
}

/// Recorders that write to a pipe put a huge length in a WAV header; uncompressed sound cannot last longer than its bytes.
fn most_by_size(demux: &Demux, shape: Shape, length: u64, declared: Duration) -> Duration {
    let bits = demux.decoder.codec_params().bits_per_sample.unwrap_or(0);
    if demux.container != Container::Wav || !demux.codec.starts_with("pcm") || bits < 8 {
        return declared;
    }
    let bytes_a_second = u64::from(shape.rate) * shape.channels as u64 * u64::from(bits / 8);
    #[expect(clippy::cast_precision_loss, reason = "a file of 2^53 bytes does not exist")]
    let most = length as f64 / bytes_a_second.max(1) as f64;
    declared.min(Duration::try_from_secs_f64(most).unwrap_or(declared))
}
