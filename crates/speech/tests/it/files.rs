//! Real files of every kind: what they are, how long they last, and what comes out of them.

use std::time::Duration;

use crate::support::{KINDS, make, voice};
use speech::{AudioFault, Cancel, Container, Limits, Source, decode, probe};

fn look(bytes: Vec<u8>) -> Result<speech::Probe, AudioFault> {
    probe(Source::bytes(bytes), &Limits::default())
}

fn hear(bytes: Vec<u8>, limits: &Limits) -> Result<Vec<f32>, AudioFault> {
    decode(Source::bytes(bytes), limits, &Cancel::new(), &mut |_| ())
}

#[test]
fn every_kind_is_known_by_its_content_and_lasts_as_long_as_the_voice() {
    let length = hear(voice("plain.wav"), &Limits::default()).unwrap().len();
    for (name, _) in KINDS {
        let found = look(voice(name)).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        let extension = name.rsplit('.').next().unwrap();
        assert!(found.container.agrees_with_extension(extension), "{name}: {found:?}");
        assert_eq!(found.container == Container::Opus, name.contains("opus"), "{name}");
        let samples = hear(voice(name), &Limits::default()).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        assert!(samples.len().abs_diff(length) < 2_000, "{name}: {} samples, not about {length}", samples.len());
        let seconds = found.duration.unwrap_or_else(|| panic!("{name}: no duration")).as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "seconds of a test file")]
        let real = samples.len() as f64 / 16_000.0;
        assert!((seconds - real).abs() < 0.15, "{name}: said {seconds}, was {real}");
        assert!(samples.iter().all(|sample| sample.abs() <= 1.0));
        let energy: f32 = samples.iter().map(|sample| sample * sample).sum();
        assert!(energy > 50.0, "{name} is silent: {energy}");
    }
}

#[test]
fn a_header_that_lies_about_its_length_is_not_believed() {
    let mut piped = voice("plain.wav");
    // What a recorder writes that does not know yet how long it will go on.
    let at = piped.windows(4).position(|four| four == b"data").unwrap();
    piped[at + 4..at + 8].copy_from_slice(&0xFFFF_FFFFu32.to_le_bytes());
    piped[4..8].copy_from_slice(&0xFFFF_FFFFu32.to_le_bytes());
    let found = look(piped.clone()).unwrap();
    assert!(found.duration.unwrap() < Duration::from_secs(10), "{found:?}");
    assert!(!hear(piped, &Limits::default()).unwrap().is_empty());
}

#[test]
fn what_is_no_sound_is_refused_by_name() {
    let refused = [
        (b"%PDF-1.7 ...".to_vec(), "not_audio"),
        (b"MZ\x90\0\x03\0\0\0".to_vec(), "not_audio"),
        (b"#!/bin/sh\nOggS".to_vec(), "not_audio"),
        (Vec::new(), "not_audio"),
        (b"RIFF\x24\0\0\0WAVEfmt ".to_vec(), "corrupt_audio"),
        (b"OggS\0\x02".to_vec(), "corrupt_audio"),
        ([b"\0\0\0\x18ftypM4A ".as_slice(), &[0; 4096]].concat(), "corrupt_audio"),
        ([b"\xFF\xFB\x90\x64".as_slice(), &[0x55; 8192]].concat(), "corrupt_audio"),
        ([b"ID3\x04\0\0\0\0\0\0".as_slice(), &[0x00; 8192]].concat(), "corrupt_audio"),
    ];
    for (bytes, code) in refused {
        let fault = look(bytes.clone()).unwrap_err();
        assert_eq!(fault.code(), code, "{:?}", String::from_utf8_lossy(&bytes[..bytes.len().min(16)]));
        assert!(fault.is_format());
    }
}

#[test]
fn a_sound_inside_another_document_is_no_sound() {
    let document = [b"<html><script>alert(1)</script>".as_slice(), &voice("voice.mp3")].concat();
    assert_eq!(look(document).unwrap_err().code(), "not_audio");
}

#[test]
fn a_matroska_film_and_a_mute_film_are_refused() {
    let picture = ["-f", "lavfi", "-i", "testsrc=duration=1:size=64x64:rate=5"];
    let mute = make(&picture, &["-c:v", "mpeg4"], "mute.mp4");
    let fault = look(mute).unwrap_err();
    assert!(matches!(fault, AudioFault::NoAudioTrack | AudioFault::UnsupportedCodec { .. }), "{fault:?}");
    let tone = ["-f", "lavfi", "-i", "sine=duration=1"];
    let matroska = make(&tone, &["-c:a", "libopus"], "tone.mka");
    assert_eq!(look(matroska).unwrap_err().code(), "not_audio");
}

#[test]
fn codings_we_cannot_read_are_named() {
    let tone = ["-f", "lavfi", "-i", "sine=duration=1"];
    let inside = make(&tone, &["-c:a", "ac3", "-f", "mp4"], "ac3.m4a");
    let fault = look(inside).unwrap_err();
    assert!(fault.is_format(), "{fault:?}");
    assert!(matches!(fault, AudioFault::UnsupportedCodec { container: Container::M4a } | AudioFault::NoAudioTrack));
    let layer_two = make(&tone, &["-c:a", "mp2", "-f", "mp2"], "tone.mp2");
    assert_eq!(look(layer_two).unwrap_err().code(), "not_audio");
}

#[test]
fn bounds_are_kept_by_content() {
    let tone = ["-f", "lavfi", "-i", "sine=duration=20"];
    let short = Limits { max_duration: Duration::from_secs(5), ..Limits::default() };
    for (arguments, name) in [
        (["-c:a", "libopus", "-b:a", "6k"], "long.opus"),
        (["-c:a", "libopus", "-live", "1"], "long.webm"),
        (["-c:a", "pcm_s16le", "-ar", "8000"], "long.wav"),
    ] {
        let bytes = make(&tone, &arguments, name);
        let fault = probe(Source::bytes(bytes.clone()), &short).unwrap_err();
        assert_eq!(fault.to_string(), "This recording is too long: at most 5 seconds is taken.", "{name}");
        assert!(matches!(hear(bytes, &short), Err(AudioFault::TooLong { .. })), "{name}");
    }
    assert!(matches!(look(twelve_channels()), Err(AudioFault::TooManyChannels { channels: 12, max: 8 })));
    let slow = make(&tone, &["-ar", "4000", "-c:a", "pcm_s16le"], "slow.wav");
    assert!(matches!(look(slow), Err(AudioFault::SampleRate { rate: 4000, .. })));
    let nothing = make(&["-f", "lavfi", "-i", "anullsrc=d=0.0001"], &["-c:a", "pcm_s16le", "-t", "0"], "nothing.wav");
    assert!(matches!(look(nothing), Err(AudioFault::Empty | AudioFault::Corrupt)));
}

#[test]
fn decoding_can_be_stopped_and_tells_how_far_it_is() {
    let cancel = Cancel::new();
    let mut heard = 0;
    let bytes = make(&["-f", "lavfi", "-i", "sine=duration=30"], &["-c:a", "flac"], "stop.flac");
    let stopped = decode(Source::bytes(bytes), &Limits::default(), &cancel, &mut |share| {
        assert!((0.0..=1.0).contains(&share));
        heard += 1;
        cancel.cancel();
    });
    assert!(matches!(stopped, Err(AudioFault::Cancelled)));
    assert_eq!(heard, 1);
}

#[test]
fn a_reader_that_fails_is_not_the_files_fault() {
    struct Broken(std::io::Cursor<Vec<u8>>);
    impl std::io::Read for Broken {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            if self.0.position() > 4096 { Err(std::io::Error::other("sealed chunk")) } else { self.0.read(buffer) }
        }
    }
    impl std::io::Seek for Broken {
        fn seek(&mut self, to: std::io::SeekFrom) -> std::io::Result<u64> {
            self.0.seek(to)
        }
    }
    let bytes = voice("voice.flac");
    let length = bytes.len() as u64;
    let source = Source::new(Broken(std::io::Cursor::new(bytes)), length);
    let fault = decode(source, &Limits::default(), &Cancel::new(), &mut |_| ()).unwrap_err();
    assert!(fault.is_ours(), "{fault:?}");
    assert!(!fault.to_string().contains("sealed"));
}

/// A WAV file with more channels than anyone has microphones.
fn twelve_channels() -> Vec<u8> {
    let spec = hound::WavSpec {
        channels: 12,
        sample_rate: 16_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut bytes = std::io::Cursor::new(Vec::new());
    let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
    for sample in 0..12 * 1600 {
        writer.write_sample(i16::try_from(sample % 500).unwrap()).unwrap();
    }
    writer.finalize().unwrap();
    bytes.into_inner()
}
