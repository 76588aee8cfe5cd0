//! What a file tells besides its sound is not kept: real speech with tags, uploaded, and fetched again.

use crate::form::Form;
use crate::house::{House, id, kept, sample};
use speech::Container;
use std::path::{Path, PathBuf};
use std::process::Command;
use store::Db;
use tempfile::TempDir;

store::conformance!(what_is_kept_is_the_sound_alone);

const CANARY: &str = "canary51c2";

/// Ending, container, and how ffmpeg makes it.
const KINDS: [(&str, Container, &[&str]); 9] = [
    ("wav", Container::Wav, &["-c:a", "pcm_s16le", "-write_bext", "1"]),
    ("mp3", Container::Mp3, &["-c:a", "libmp3lame", "-b:a", "48k", "-id3v2_version", "3", "-write_id3v1", "1"]),
    ("m4a", Container::M4a, &["-c:a", "aac", "-b:a", "48k", "-ar", "44100", "-movflags", "+faststart"]),
    ("flac", Container::Flac, &["-c:a", "flac"]),
    ("oga", Container::Ogg, &["-c:a", "libvorbis", "-ar", "44100", "-f", "ogg"]),
    ("ogg", Container::Opus, &["-c:a", "libopus", "-b:a", "24k", "-f", "ogg"]),
    ("opus", Container::Opus, &["-c:a", "libopus", "-b:a", "24k"]),
    ("webm", Container::Webm, &["-c:a", "libopus", "-b:a", "24k"]),
    ("weba", Container::Webm, &["-c:a", "libvorbis", "-ar", "48000", "-f", "webm"]),
];

fn ffmpeg(arguments: &[&str]) -> Vec<u8> {
    let done = Command::new("ffmpeg").args(["-nostdin", "-loglevel", "error", "-y"]).args(arguments).output();
    let done = done.expect("ffmpeg is installed: apt-get install -y ffmpeg");
    assert!(done.status.success() && done.stderr.is_empty(), "{}", String::from_utf8_lossy(&done.stderr));
    done.stdout
}

struct Folder(TempDir);

impl Folder {
    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The sample with tags, in one kind of file.
    fn tagged(&self, ending: &str, arguments: &[&str]) -> Vec<u8> {
        let (speech, made) = (self.path("speech.wav"), self.path(&format!("tagged.{ending}")));
        std::fs::write(&speech, sample("beckett.wav")).unwrap();
        let tags =
            ["title", "artist", "comment", "description", "originator"].map(|name| format!("{name}={CANARY} {name}"));
        let mut all = vec!["-i", speech.to_str().unwrap()];
        for tag in &tags {
            all.extend(["-metadata", tag.as_str()]);
        }
        all.extend(["-metadata", "creation_time=2026-11-22T10:11:12Z"]);
        all.extend_from_slice(arguments);
        all.push(made.to_str().unwrap());
        ffmpeg(&all);
        std::fs::read(made).unwrap()
    }

    /// What another decoder hears: the MD5 of the samples.
    fn heard(&self, name: &str, bytes: &[u8]) -> Vec<u8> {
        let path = self.path(name);
        std::fs::write(&path, bytes).unwrap();
        ffmpeg(&["-i", path.to_str().unwrap(), "-map", "0:a", "-f", "md5", "-"])
    }
}

fn holds(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word.as_bytes()))
}

async fn what_is_kept_is_the_sound_alone(db: Db) {
    let folder = Folder(tempfile::tempdir().unwrap());
    let house = House::with(db, Path::new("/nonexistent"), |_| ()).await;
    for (ending, container, arguments) in KINDS {
        let sent = folder.tagged(ending, arguments);
        assert!(holds(&sent, CANARY), "{ending} has no tags to begin with");
        let name = format!("speech.{ending}");
        let created = house.upload(Form::new().file(&name, &sent).bytes()).await.is(201).json();
        assert_eq!(created["container"], container.extension(), "{ending}");
        assert!(
            (9.0..12.0).contains(&created["duration_s"].as_f64().unwrap()) || container == Container::Webm,
            "{created}"
        );
        let got = house.get(&format!("/api/recordings/{}/audio", id(&created))).await.is(200).body;
        // LAME writes into its first frame what it is; that frame is sound.
        let program = holds(&got, "Lavf") && container != Container::Mp3;
        assert!(!holds(&got, CANARY) && !program, "{ending}: a tag was kept");
        assert!(got == kept(&sent, container), "{ending}");
        assert_eq!(created["size_bytes"], got.len(), "{ending}: the quota counts what is kept");
        let (before, after) = (folder.heard(&format!("a.{ending}"), &sent), folder.heard(&format!("b.{ending}"), &got));
        assert_eq!(before, after, "{ending} sounds different");
    }
    assert_eq!(house.files().len(), KINDS.len(), "what was sent is gone, what is kept is there");
}
