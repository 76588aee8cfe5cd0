//! Sound files made on the spot: a synthetic voice in every container that is taken.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Name and how ffmpeg makes it from the voice.
pub(crate) const KINDS: [(&str, &[&str]); 14] = [
    ("plain.wav", &["-c:a", "pcm_s16le"]),
    ("float.wav", &["-c:a", "pcm_f32le", "-ar", "48000", "-ac", "2"]),
    ("mulaw.wav", &["-c:a", "pcm_mulaw", "-ar", "8000"]),
    ("voice.mp3", &["-c:a", "libmp3lame", "-b:a", "64k"]),
    ("tagged.mp3", &["-c:a", "libmp3lame", "-metadata", "title=A voice", "-id3v2_version", "3", "-write_xing", "0"]),
    ("voice.m4a", &["-c:a", "aac", "-b:a", "64k", "-ar", "44100"]),
    ("lossless.m4a", &["-c:a", "alac", "-ar", "44100", "-ac", "2"]),
    ("voice.flac", &["-c:a", "flac", "-ar", "44100"]),
    ("vorbis.ogg", &["-c:a", "libvorbis", "-ar", "44100"]),
    ("opus.ogg", &["-c:a", "libopus", "-b:a", "24k", "-f", "ogg"]),
    ("voice.opus", &["-c:a", "libopus", "-b:a", "24k", "-ac", "2"]),
    ("voice.webm", &["-c:a", "libopus", "-b:a", "24k"]),
    ("live.webm", &["-c:a", "libopus", "-live", "1", "-cluster_time_limit", "1000"]),
    ("vorbis.webm", &["-c:a", "libvorbis", "-ar", "48000"]),
];

/// The length of the voice, in seconds, about.
pub(crate) const TEXT: &str = "This recording was made by a machine, to see whether it can be read again.";

/// The folder with a voice in every kind of file; made once a test binary.
pub(crate) fn voices() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("speech-voices");
        fs::create_dir_all(&folder).unwrap();
        let voice = folder.join("voice.wav");
        run(Command::new("espeak-ng").arg("-w").arg(&voice).arg(TEXT));
        for (name, arguments) in KINDS {
            ffmpeg(&["-i", voice.to_str().unwrap()], arguments, &folder.join(name));
        }
        folder
    })
}

/// The bytes of one of [`KINDS`].
pub(crate) fn voice(name: &str) -> Vec<u8> {
    fs::read(voices().join(name)).unwrap()
}

/// A file made by ffmpeg out of whatever `input` says.
pub(crate) fn make(input: &[&str], arguments: &[&str], name: &str) -> Vec<u8> {
    let path = voices().join(name);
    ffmpeg(input, arguments, &path);
    fs::read(path).unwrap()
}

fn ffmpeg(input: &[&str], arguments: &[&str], output: &Path) {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-loglevel", "error", "-y"]).args(input).args(arguments).arg(output);
    run(&mut command);
}

fn run(command: &mut Command) {
    let program = command.get_program().to_string_lossy().into_owned();
    let done = command.output().unwrap_or_else(|error| {
        panic!("{program} is needed to make test sound ({error}): apt-get install -y ffmpeg espeak-ng")
    });
    assert!(done.status.success(), "{program}: {}", String::from_utf8_lossy(&done.stderr));
}
