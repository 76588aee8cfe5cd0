//! What a file tells besides its sound is gone from what is kept, and the sound is the same, byte for byte.

use crate::support::{make, voices};
use speech::{Cancel, Container, Limits, Source, decode, probe, strip};
use std::fs;
use std::process::Command;

/// Stands in every tag, wherever ffmpeg writes it.
const CANARY: &str = "canary7f3a";

/// Name, and what ffmpeg is told besides the tags.
const FILES: [(&str, &[&str]); 15] = [
    ("info.wav", &["-c:a", "pcm_s16le"]),
    ("broadcast.wav", &["-c:a", "pcm_s24le", "-ar", "44100", "-write_bext", "1", "-metadata", "originator=canary7f3a"]),
    ("odd.wav", &["-c:a", "pcm_u8", "-ar", "8000", "-ac", "1", "-t", "0.900125"]),
    ("id3v23.mp3", &["-c:a", "libmp3lame", "-b:a", "64k", "-id3v2_version", "3", "-write_id3v1", "1"]),
    (
        "id3v24.mp3",
        &["-c:a", "libmp3lame", "-q:a", "4", "-id3v2_version", "4", "-write_xing", "0", "-write_id3v1", "1"],
    ),
    ("comments.flac", &["-c:a", "flac", "-ar", "44100"]),
    ("vorbis.ogg", &["-c:a", "libvorbis", "-ar", "44100"]),
    ("opus.ogg", &["-c:a", "libopus", "-b:a", "24k", "-f", "ogg"]),
    ("tags.opus", &["-c:a", "libopus", "-b:a", "24k"]),
    ("flac.ogg", &["-c:a", "flac", "-ar", "44100", "-f", "ogg"]),
    ("late.m4a", &["-c:a", "aac", "-b:a", "64k", "-ar", "44100"]),
    ("early.m4a", &["-c:a", "alac", "-ar", "44100", "-movflags", "+faststart"]),
    (
        "parts.m4a",
        &[
            "-c:a",
            "aac",
            "-ar",
            "44100",
            "-movflags",
            "+frag_keyframe+empty_moov",
            "-frag_duration",
            "200000",
            "-map_chapters",
            "-1",
        ],
    ),
    ("opus.webm", &["-c:a", "libopus", "-b:a", "24k"]),
    ("vorbis.webm", &["-c:a", "libvorbis", "-ar", "48000"]),
];

/// Tags of the file, of its track, and chapters, as ffmpeg reads them.
fn tags() -> String {
    let path = voices().join("tags.txt");
    let long = "long ".repeat(30_000);
    let text = format!(
        ";FFMETADATA1\ntitle={CANARY} title\nartist={CANARY} artist\ncomment={CANARY} comment\ndate=2026-11-22\n\
         description={CANARY} {long}\nlocation=+48.2082+016.3738/{CANARY}\nencoded_by={CANARY}\n\
         [CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=700\ntitle={CANARY} chapter\n\
         [CHAPTER]\nTIMEBASE=1/1000\nSTART=700\nEND=1500\ntitle={CANARY} chapter two\n"
    );
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn tagged(name: &str, arguments: &[&str]) -> Vec<u8> {
    let (voice, tags) = (voices().join("voice.wav"), tags());
    let own = format!("title={CANARY} track");
    let mut all = vec!["-map", "0:a", "-map_metadata", "1", "-metadata:s:a:0", own.as_str()];
    all.extend_from_slice(arguments);
    make(&["-i", voice.to_str().unwrap(), "-i", tags.as_str()], &all, &format!("tagged-{name}"))
}

fn stripped(bytes: &[u8], container: Container) -> Vec<u8> {
    let mut out = Vec::new();
    strip(Source::bytes(bytes.to_vec()), container, &mut out).unwrap_or_else(|fault| panic!("{container}: {fault}"));
    out
}

fn holds(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word.as_bytes()))
}

/// What another decoder makes of it: the MD5 of the samples.
fn samples(name: &str, bytes: &[u8]) -> String {
    let path = voices().join(name);
    fs::write(&path, bytes).unwrap();
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-nostdin", "-loglevel", "error", "-i"]).arg(&path).args(["-map", "0:a", "-f", "md5", "-"]);
    let done = ffmpeg.output().expect("ffmpeg is installed");
    assert!(done.status.success() && done.stderr.is_empty(), "{name}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

fn hear(bytes: &[u8]) -> Vec<f32> {
    decode(Source::bytes(bytes.to_vec()), &Limits::default(), &Cancel::new(), &mut |_| ()).unwrap()
}

#[test]
fn no_tag_is_left_and_the_sound_is_the_same() {
    for (name, arguments) in FILES {
        let before = tagged(name, arguments);
        let fragments = name == "parts.m4a";
        assert!(holds(&before, CANARY) || fragments, "{name} has no tags to begin with");
        let known = probe(Source::bytes(before.clone()), &Limits::default()).unwrap();
        let after = stripped(&before, known.container);
        assert!(!holds(&after, CANARY), "{name}: a tag is left");
        for program in ["Lavf", "location", "encoder"] {
            assert!(!holds(&after, program) || name.ends_with("mp3"), "{name}: {program} is left");
        }
        assert!(after.len() <= before.len(), "{name} grew");
        let found = probe(Source::bytes(after.clone()), &Limits::default());
        assert_eq!(found.unwrap_or_else(|fault| panic!("{name}: {fault}")), known, "{name}");
        assert!(hear(&after) == hear(&before), "{name} sounds different to us");
        let (file, clean) = (format!("tagged-{name}"), format!("clean-{name}"));
        assert_eq!(samples(&clean, &after), samples(&file, &before), "{name} sounds different to ffmpeg");
        assert!(stripped(&after, known.container) == after, "{name}: what is clean stays as it is");
    }
}

#[test]
fn pictures_go_too() {
    let (voice, picture) = (voices().join("voice.wav"), voices().join("cover.png"));
    make(&["-f", "lavfi", "-i", "testsrc=duration=1:size=64x64:rate=1"], &["-frames:v", "1"], "cover.png");
    let cover = ["-map", "0:a", "-map", "1:v", "-disposition:v", "attached_pic", "-metadata:s:v", "title=canary7f3a"];
    for (name, codec) in [("cover.mp3", "libmp3lame"), ("cover.flac", "flac"), ("cover.m4a", "aac")] {
        let mut arguments = cover.to_vec();
        arguments.extend(["-c:a", codec, "-c:v", "copy"]);
        let before = make(&["-i", voice.to_str().unwrap(), "-i", picture.to_str().unwrap()], &arguments, name);
        assert!(holds(&before, "IHDR"), "{name} has no picture to begin with");
        let known = probe(Source::bytes(before.clone()), &Limits::default()).unwrap();
        let after = stripped(&before, known.container);
        assert!(!holds(&after, "IHDR") && !holds(&after, CANARY), "{name}: the picture is left");
        assert!(hear(&after) == hear(&before), "{name}");
    }
}

#[test]
fn what_was_hidden_in_or_behind_the_sound_is_gone() {
    let page = b"<html><script>canary7f3a</script>";
    for (name, container) in
        [("plain.wav", Container::Wav), ("voice.mp3", Container::Mp3), ("voice.opus", Container::Opus)]
    {
        let hidden = [crate::support::voice(name).as_slice(), page].concat();
        assert!(!holds(&stripped(&hidden, container), CANARY), "{name}");
    }
    let wav = crate::support::voice("plain.wav");
    let chunk = [b"JUNK\x22\0\0\0".as_slice(), page, &[0]].concat();
    let hidden = [&wav[..12], &chunk, &wav[12..]].concat();
    assert!(!holds(&stripped(&hidden, Container::Wav), CANARY));
}

#[test]
fn a_file_that_breaks_off_is_kept_up_to_there() {
    for (name, container) in [
        ("plain.wav", Container::Wav),
        ("voice.mp3", Container::Mp3),
        ("voice.flac", Container::Flac),
        ("voice.opus", Container::Opus),
        ("live.webm", Container::Webm),
    ] {
        let whole = crate::support::voice(name);
        let half = &whole[..whole.len() / 2];
        let (before, after) = (hear(half), hear(&stripped(half, container)));
        assert!(
            !after.is_empty() && before.len().abs_diff(after.len()) < 3_000,
            "{name}: {} of {}",
            after.len(),
            before.len()
        );
    }
}
