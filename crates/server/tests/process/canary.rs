//! What people write and say is nowhere in clear: a word nobody uses is written everywhere, then looked for.

use crate::program::{PASSWORD, Program, create_user, log_of};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

const EMAIL: &str = "canary-writer@mind.example";
/// A mood, a reflection, tags, a title and a file name; what is said is checked by its words below.
const WRITTEN: &[&str] = &["quixotrembling", "zephyrmarrow", "tagglimmer", "titlewyvern", "namebrackish"];
/// The recording's words, as the model hears them: three of them that no program text has in this order.
const SAID: &[&str] = &["fail better", "fail again", "ever failed"];

fn variable(name: &str) -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "where this test's recording and model lie, not a setting")]
    std::env::var_os(name).map(PathBuf::from)
}

fn samples() -> PathBuf {
    variable("SAMPLES_DIR").unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/samples"))
}

fn models() -> PathBuf {
    variable("MODELS_DIR").unwrap_or_else(|| variable("HOME").expect("a home").join(".cache/mindvibe/models"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_kept_in_clear_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    live(&folder.path().join("data"), &[]).await;
    search(folder.path());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_kept_in_clear_on_postgres() {
    let folder = tempfile::tempdir().unwrap();
    let settings = store::testing::postgres_empty().await;
    let url = settings.url.as_ref().expect("an address").expose().clone();
    live(&folder.path().join("data"), &[("DATABASE_URL", &url)]).await;
    let dump = Command::new("pg_dump").arg("--inserts").arg(&url).output().unwrap();
    assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
    assert!(dump.stdout.len() > 10_000, "the dump holds the tables");
    std::fs::write(folder.path().join("dump.sql"), dump.stdout).unwrap();
    search(folder.path());
    store::testing::drop_database(&settings).await;
}

/// Writes and says everything once, with logs at their loudest.
async fn live(data: &Path, database: &[(&str, &str)]) {
    let sample = samples().join("beckett.wav");
    let sound = std::fs::read(&sample).unwrap_or_else(|_| panic!("no recording to upload: run `make samples`"));
    let models = models();
    let mut settings = vec![("LOG_LEVEL", "trace"), ("MODELS_DIR", models.to_str().unwrap())];
    settings.extend(database);
    create_user(data, database, EMAIL);
    let program = Program::start(data, &settings);
    let client = program.script(EMAIL).await;
    let post = async |path: &str, body: Value| {
        let answer = client
            .post(program.url(path))
            .header("idempotency-key", path.replace('/', "-"))
            .json(&body)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 201);
    };
    post("/api/moods", json!({"score": 2, "note": WRITTEN[0], "tags": [WRITTEN[2]]})).await;
    post("/api/journal/entries", json!({"title": WRITTEN[3], "content": WRITTEN[1], "tags": [WRITTEN[2]]})).await;
    let part = reqwest::multipart::Part::bytes(sound).file_name(format!("{}.wav", WRITTEN[4]));
    let form = reqwest::multipart::Form::new().text("title", WRITTEN[3]).part("file", part);
    let answer = client.post(program.url("/api/recordings")).multipart(form).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    let id = answer.json::<Value>().await.unwrap()["id"].as_str().unwrap().to_owned();
    let began = Instant::now();
    loop {
        let answer = client.get(program.url(&format!("/api/recordings/{id}"))).send().await.unwrap();
        match answer.json::<Value>().await.unwrap()["status"].as_str().unwrap() {
            "ready" => break,
            "waiting_for_model" => panic!("no speech model: run `make models`"),
            "failed" => panic!("the transcription failed"),
            _ => assert!(began.elapsed() < Duration::from_mins(3), "still not transcribed"),
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    let transcript = client.get(program.url(&format!("/api/recordings/{id}/transcript"))).send().await.unwrap();
    let heard = transcript.json::<Value>().await.unwrap()["text"].as_str().unwrap().to_lowercase();
    assert!(SAID.iter().all(|said| heard.contains(said)), "the search below looks for what was heard: {heard}");
    // A wrong request of each kind, so that refusals are in the log as well.
    client.post(program.url("/api/moods")).json(&json!({"score": WRITTEN[0], "note": 7})).send().await.unwrap();
    client.post(program.url("/api/moods")).body(WRITTEN[1]).send().await.unwrap();
    program.kill();
}

/// Looks through every file below `folder` for every canary, as text in either case and as UTF-16, hex and base64.
fn search(folder: &Path) {
    let mut searched = 0;
    let canaries: Vec<String> =
        WRITTEN.iter().chain(SAID).map(|word| (*word).to_owned()).chain([PASSWORD.to_owned()]).collect();
    for path in files(folder) {
        let bytes = std::fs::read(&path).unwrap();
        searched += bytes.len();
        let lower = bytes.to_ascii_lowercase();
        for canary in &canaries {
            for (form, needle) in forms(canary) {
                let haystack = if form == "text" { &lower } else { &bytes };
                let found = haystack.windows(needle.len()).any(|window| window == needle);
                assert!(!found, "{} holds {canary:?} as {form}", path.display());
            }
        }
    }
    assert!(searched > 100_000, "only {searched} bytes were searched");
    let log = std::fs::read_to_string(log_of(&folder.join("data"))).unwrap();
    assert!(log.contains("\"event\":\"request\""), "the log that was searched is the program's");
    assert!(log.contains("\"level\":\"TRACE\""), "the log is at its loudest");
}

fn forms(word: &str) -> Vec<(&'static str, Vec<u8>)> {
    use data_encoding::{BASE64_NOPAD, HEXLOWER};
    // Base64 depends on where the word begins in its three-byte group: the middle of each of the three is looked for.
    let base64 = |skip: usize| {
        let padded = format!("{}{word}", "x".repeat(skip));
        let text = BASE64_NOPAD.encode(padded.as_bytes());
        text.as_bytes()[4..text.len() - 4].to_vec()
    };
    vec![
        ("text", word.to_lowercase().into_bytes()),
        ("UTF-16", word.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("hex", HEXLOWER.encode(word.as_bytes()).into_bytes()),
        ("base64", base64(0)),
        ("base64", base64(1)),
        ("base64", base64(2)),
    ]
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}
