//! Opening a sound file: which container, which track, which decoder; and the net under symphonia.

use std::io::{Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::LazyLock;
use std::time::Duration;

use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::codecs::registry::CodecRegistry;
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::{Hint, Probe, ProbeableFormat};
use symphonia::core::formats::{FormatOptions, FormatReader, Track, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;
use symphonia::core::packet::Packet;
use symphonia::core::units::{TimeBase, Timestamp};
use symphonia::default::{codecs, formats};

use crate::chapters;
use crate::container::Container;
use crate::fault::AudioFault;
use crate::source::{Source, Watch};

/// Only what the accepted containers can hold: a codec that is not registered cannot be attacked.
static CODECS: LazyLock<CodecRegistry> = LazyLock::new(|| {
    let mut registry = CodecRegistry::new();
    registry.register_audio_decoder::<codecs::AacDecoder>();
    registry.register_audio_decoder::<codecs::AdpcmDecoder>();
    registry.register_audio_decoder::<codecs::AlacDecoder>();
    registry.register_audio_decoder::<codecs::FlacDecoder>();
    registry.register_audio_decoder::<codecs::MpaDecoder>();
    registry.register_audio_decoder::<codecs::PcmDecoder>();
    registry.register_audio_decoder::<codecs::VorbisDecoder>();
    registry.register_audio_decoder::<symphonia_adapter_libopus::OpusDecoder>();
    registry
});

/// How many faulty packets in a row a demuxer may give before we believe that nothing more will come.
const PATIENCE: u32 = 64;

/// An opened file: packets in, decoded sound out.
pub(crate) struct Demux {
    reader: Box<dyn FormatReader>,
    pub(crate) decoder: Box<dyn AudioDecoder>,
    track: u32,
    time_base: Option<TimeBase>,
    pub(crate) declared: Option<Duration>,
    pub(crate) container: Container,
    pub(crate) codec: &'static str,
    pub(crate) watch: Watch,
}

impl Demux {
    /// Finds out by the content what it is and makes the decoder.
    pub(crate) fn open(mut source: Source) -> Result<Self, AudioFault> {
        let watch = source.watch();
        let mut head = Vec::with_capacity(128);
        let looked = (&mut source).take(128).read_to_end(&mut head).and_then(|_| source.seek(SeekFrom::Start(0)));
        looked.map_err(|error| AudioFault::Io(watch.failure().unwrap_or(error)))?;
        let container = Container::sniff(&head).ok_or(AudioFault::NotAudio)?;
        if container == Container::Webm {
            chapters::hide(&mut source).map_err(|error| AudioFault::Io(watch.failure().unwrap_or(error)))?;
        }
        let opened = guarded(|| Self::select(source, container, watch.clone()));
        watch.failure().map_or(opened, |error| Err(AudioFault::Io(error)))
    }

    fn select(source: Source, container: Container, watch: Watch) -> Result<Self, AudioFault> {
        let stream = MediaSourceStream::new(Box::new(source), symphonia::core::io::MediaSourceStreamOptions::default());
        let reader = formats_of(container)
            .probe(&Hint::new(), stream, FormatOptions::default(), MetadataOptions::default())
            .map_err(|error| match error {
                // A WAV header names its coding; elsewhere this only says that no reader felt responsible.
                Error::Unsupported(_) if container == Container::Wav => AudioFault::UnsupportedCodec { container },
                _ => AudioFault::Corrupt,
            })?;
        if !container.is(reader.format_info().format) {
            return Err(AudioFault::NotAudio);
        }
        let track = reader.default_track(TrackType::Audio).ok_or(AudioFault::NoAudioTrack)?;
        let decoder = decoder_for(track, container)?;
        let codec = decoder.codec_info().short_name;
        if !container.takes(codec) {
            return Err(AudioFault::UnsupportedCodec { container });
        }
        let (track_id, time_base) = (track.id, track.time_base);
        let declared = time_base
            .zip(track.duration)
            .and_then(|(base, span)| base.calc_duration(span))
            .and_then(|time| Duration::try_from_secs_f64(time.as_secs_f64()).ok());
        let container = if container == Container::Ogg && codec == "opus" { Container::Opus } else { container };
        Ok(Self { reader, decoder, track: track_id, time_base, declared, container, codec, watch })
    }

    /// The next packet of the chosen track, or `None` at the end.
    ///
    /// A file that breaks off ends where it breaks off: the part that is there is worth having.
    pub(crate) fn packet(&mut self) -> Result<Option<Packet>, AudioFault> {
        let mut faulty = 0;
        loop {
            match guarded(|| Ok(self.reader.next_packet()))? {
                Ok(Some(packet)) if packet.track_id == self.track => return Ok(Some(packet)),
                Ok(Some(_)) => {}
                Ok(None) | Err(Error::IoError(_)) => return self.end(),
                Err(Error::ResetRequired) => {
                    if !self.next_stream()? {
                        return self.end();
                    }
                }
                Err(_) => {
                    faulty += 1;
                    if faulty == PATIENCE {
                        return self.end();
                    }
                }
            }
        }
    }

    /// Decodes a packet; `None` for one that is damaged and to be skipped. The samples are interleaved in `samples`.
    pub(crate) fn decode(&mut self, packet: &Packet, samples: &mut Vec<f32>) -> Result<Option<Shape>, AudioFault> {
        samples.clear();
        let decoder = &mut self.decoder;
        let sound = guarded(|| {
            Ok(decoder.decode(packet).map(|buffer| {
                buffer.copy_to_vec_interleaved(samples);
                Shape { rate: buffer.spec().rate(), channels: buffer.spec().channels().count() }
            }))
        })?;
        Ok(sound.ok())
    }

    /// Where a packet ends on the clock of the file.
    pub(crate) fn end_of(&self, packet: &Packet) -> Option<Duration> {
        let end = Timestamp::from(packet.pts.get().saturating_add(i64::try_from(packet.dur.get()).ok()?));
        Duration::try_from_secs_f64(self.time_base?.calc_time(end)?.as_secs_f64()).ok()
    }

    fn end(&self) -> Result<Option<Packet>, AudioFault> {
        self.watch.failure().map_or(Ok(None), |error| Err(AudioFault::Io(error)))
    }

    /// Goes on with the next stream of a chained file; `false` when it holds none that we can decode.
    fn next_stream(&mut self) -> Result<bool, AudioFault> {
        let (reader, container) = (&self.reader, self.container);
        let next = guarded(|| {
            Ok(reader.default_track(TrackType::Audio).and_then(|track| {
                let decoder = decoder_for(track, container).ok()?;
                Some((track.id, track.time_base, decoder))
            }))
        })?;
        let Some((track, time_base, decoder)) = next else { return Ok(false) };
        (self.track, self.time_base, self.decoder) = (track, time_base, decoder);
        Ok(true)
    }
}

/// The shape of a piece of decoded sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    /// In Hz.
    pub(crate) rate: u32,
    pub(crate) channels: usize,
}

/// A probe that knows one format alone, so that nothing else is ever tried on these bytes.
fn formats_of(container: Container) -> Probe {
    fn only<F: for<'s> ProbeableFormat<'s>>(mut probe: Probe) -> Probe {
        probe.register_format::<F>();
        probe
    }
    let mut probe = Probe::new();
    match container {
        Container::Wav => only::<formats::WavReader<'_>>(probe),
        Container::Mp3 => {
            probe.register_metadata::<symphonia::default::meta::Id3v2Reader<'_>>();
            only::<formats::MpaReader<'_>>(probe)
        }
        Container::M4a => only::<formats::IsoMp4Reader<'_>>(probe),
        Container::Flac => only::<formats::FlacReader<'_>>(probe),
        Container::Ogg | Container::Opus => only::<formats::OggReader<'_>>(probe),
        Container::Webm => only::<formats::MkvReader<'_>>(probe),
    }
}

fn decoder_for(track: &Track, container: Container) -> Result<Box<dyn AudioDecoder>, AudioFault> {
    let parameters = track.codec_params.as_ref().and_then(|parameters| parameters.audio());
    let parameters = parameters.ok_or(AudioFault::NoAudioTrack)?;
    CODECS.make_audio_decoder(parameters, &AudioDecoderOptions::default()).map_err(|error| opening(&error, container))
}

/// What a failure to open means.
fn opening(error: &Error, container: Container) -> AudioFault {
    match error {
        Error::Unsupported(_) => AudioFault::UnsupportedCodec { container },
        _ => AudioFault::Corrupt,
    }
}

/// Runs code that reads strangers' bytes: a panic in it is a damaged file, not the end of a thread.
fn guarded<T>(work: impl FnOnce() -> Result<T, AudioFault>) -> Result<T, AudioFault> {
    // Whatever was half changed is dropped by the caller, who gives up on this file.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(AudioFault::Corrupt))
}
