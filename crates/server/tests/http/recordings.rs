//! Recordings as a client sees them, where no speech model is installed: everything but the words.

use crate::app::TestApp;
use crate::client::Client;
use crate::on_both_engines;
use serde_json::json;
use std::f32::consts::TAU;

on_both_engines!(a_recording_waits_for_its_model_and_plays, what_is_refused_leaves_nothing);

/// A second of a quiet tone: RIFF, PCM, 16 bit, 16 kHz, one channel.
pub(crate) fn tone() -> Vec<u8> {
    let rate = 16_000u32;
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "a small sine fits 16 bits")]
    let sample = |n: u32| ((n as f32 * 440.0 * TAU / rate as f32).sin() * 3000.0) as i16;
    let samples: Vec<u8> = (0..rate).flat_map(|n| sample(n).to_le_bytes()).collect();
    let size = u32::try_from(samples.len()).unwrap();
    let mut wav = b"RIFF".to_vec();
    wav.extend((36 + size).to_le_bytes());
    wav.extend(b"WAVEfmt ");
    wav.extend(16u32.to_le_bytes());
    wav.extend([1u16, 1].iter().flat_map(|n| n.to_le_bytes()));
    wav.extend([rate, rate * 2].iter().flat_map(|n| n.to_le_bytes()));
    wav.extend([2u16, 16].iter().flat_map(|n| n.to_le_bytes()));
    wav.extend(b"data");
    wav.extend(size.to_le_bytes());
    wav.extend(samples);
    wav
}

async fn a_recording_waits_for_its_model_and_plays(app: TestApp) {
    let (me, other) = (app.member().await, app.member().await);
    let wav = tone();
    let made = me.upload("/api/recordings", &[("title", "A tone")], "tone.wav", wav.clone()).await.expect(201);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/api/recordings/{id}");
    let mut recording = me.get(&path).await.expect(200).json();
    for _ in 0..100 {
        if recording["status"] == "waiting_for_model" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        recording = me.get(&path).await.expect(200).json();
    }
    assert_eq!(recording["status"], "waiting_for_model", "{recording}");
    assert_eq!((recording["title"].as_str(), recording["container"].as_str()), (Some("A tone"), Some("wav")));
    assert!((recording["duration_s"].as_f64().unwrap() - 1.0).abs() < 0.01);
    other.get(&path).await.problem(404, "not_found");
    other.get(&format!("{path}/audio")).await.problem(404, "not_found");
    me.get(&format!("{path}/transcript")).await.problem(404, "transcript_not_ready");

    let whole = me.get(&format!("{path}/audio")).await.expect(200);
    assert_eq!(whole.bytes, wav);
    assert_eq!((whole.header("content-type").as_str(), whole.header("accept-ranges").as_str()), ("audio/wav", "bytes"));
    let part = me.with("range", "bytes=40-49").get(&format!("{path}/audio")).await.expect(206);
    assert_eq!(part.bytes, &wav[40..50]);
    assert_eq!(part.header("content-range"), format!("bytes 40-49/{}", wav.len()));
    me.with("range", "bytes=99999999-").get(&format!("{path}/audio")).await.expect(416);
    let saved = me.get(&format!("{path}/audio?download=1")).await.expect(200);
    assert!(
        saved.header("content-disposition").starts_with("attachment")
            && saved.header("content-security-policy").contains("sandbox")
    );

    let version = format!("\"v{}\"", recording["version"]);
    let renamed = me.with("if-match", &version).patch(&path, &json!({"title": "Ein Ton"})).await.expect(200).json();
    assert_eq!(renamed["title"], "Ein Ton");
    me.with("if-match", "*").delete(&path).await.expect(200);
    me.get(&path).await.problem(404, "not_found");
    assert_eq!(me.post(&format!("{path}/restore"), &json!({})).await.expect(200).json()["title"], "Ein Ton");
    app.end().await;
}

async fn what_is_refused_leaves_nothing(app: TestApp) {
    let me = app.script().await;
    for name in ["../../etc/passwd.wav", "a/b.wav", "CON.wav", "nul\u{7}.wav", ".hidden.wav"] {
        me.upload("/api/recordings", &[], name, tone()).await.problem(400, "invalid_filename");
    }
    me.upload("/api/recordings", &[], "program.exe", tone()).await.problem(415, "unsupported_media_type");
    me.upload("/api/recordings", &[], "program.wav", b"MZ\x90\0this is no sound at all".repeat(20))
        .await
        .problem(415, "unsupported_media_type");
    me.upload("/api/recordings", &[], "zip.wav", b"PK\x03\x04".repeat(500))
        .await
        .problem(415, "unsupported_media_type");
    me.upload("/api/recordings", &[], "tone.mp3", tone()).await.problem(415, "unsupported_media_type");
    me.upload("/api/recordings", &[("language", "xx-none")], "tone.wav", tone()).await.problem(422, "invalid_fields");
    me.upload("/api/recordings", &[("title", &"t".repeat(201))], "tone.wav", tone())
        .await
        .problem(422, "invalid_fields");
    me.upload("/api/recordings", &[("folder", "x")], "tone.wav", tone()).await.problem(422, "invalid_fields");
    assert_eq!(me.get("/api/recordings").await.expect(200).json()["items"], json!([]));
    let left: Vec<_> = walk(&app.data.path().join("media"));
    assert!(left.is_empty(), "files of refused uploads: {left:?}");
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sound_beyond_the_budget_waits() {
    let app = TestApp::with(&[("RATE_LIMIT_AUDIO", "3/3600")]).await;
    let (me, other) = (app.member().await, app.member().await);
    let send = async |client: &Client| client.upload("/api/recordings", &[], "tone.wav", tone()).await;
    for _ in 0..3 {
        send(&me).await.expect(201);
    }
    let refused = send(&me).await;
    assert_eq!(refused.header("ratelimit-policy"), "\"audio\";q=3;w=3600");
    let number = |name: &str| refused.header(name).parse::<u64>().unwrap();
    assert_eq!((number("x-ratelimit-limit"), number("x-ratelimit-remaining")), (3, 0));
    // One comes back every twenty minutes.
    let wait = number("retry-after");
    assert!((1100..=1201).contains(&wait), "{wait}");
    assert_eq!(number("x-ratelimit-reset"), wait);
    assert_eq!(refused.header("ratelimit"), format!("\"audio\";r=0;t={wait}"));
    assert_eq!(refused.problem(429, "too_many_requests")["retryable"], true);
    assert_eq!(me.get("/api/recordings").await.expect(200).json()["items"].as_array().unwrap().len(), 3);
    assert_eq!(walk(&app.data.path().join("media")).len(), 3, "nothing of what is refused stays");
    me.get("/api/moods").await.expect(200);
    send(&other).await.expect(201);
    app.end().await;
}

fn walk(dir: &std::path::Path) -> Vec<std::path::PathBuf> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    let entries = entries.map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}
