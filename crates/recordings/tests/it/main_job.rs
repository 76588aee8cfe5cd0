//! From the upload of real speech to its transcript, and what one does with it.

use crate::form::Form;
use crate::house::{BECKETT, House, id, kept, models, sample, tone, words};
use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;
use store::Db;

store::conformance!(
    speech_becomes_text_once,
    a_job_that_died_is_finished_once,
    what_waits_for_a_model_goes_on_when_there_is_one,
    the_sound_comes_back_in_parts,
    deleted_things_come_back_and_in_time_are_destroyed,
    the_same_upload_twice_is_one_recording,
    what_is_not_yours_is_not_there,
    what_nobody_owns_is_swept,
    a_failed_recording_is_tried_again_when_asked,
);

/// Sound without words. In a named language, so that the model need not find it out.
fn hum() -> Form {
    Form::new().text("language", "en").file("a.wav", &tone())
}

fn ready(recording: &Value) -> bool {
    assert_ne!(recording["status"], "failed", "{recording}");
    recording["status"] == "ready"
}

async fn speech_becomes_text_once(db: Db) {
    let house = House::new(db).await;
    let form =
        Form::new().text("title", " Fail better ").text("language", "en").file("beckett.wav", &sample("beckett.wav"));
    let created = house.upload(form.bytes()).await.is(201);
    assert_eq!(created.header("etag"), "\"v1\"");
    let created = created.json();
    assert_eq!((&created["title"], &created["status"]), (&json!("Fail better"), &json!("queued")));
    assert_eq!((&created["container"], &created["file_name"]), (&json!("wav"), &json!("beckett.wav")));
    let path = format!("/api/recordings/{}", id(&created));
    let refusal = house.get(&format!("{path}/transcript")).await.refusal();
    assert_eq!((refusal.0, refusal.1.as_str()), (404, "transcript_not_ready"));
    assert_eq!(house.get(&format!("{path}/export?format=txt")).await.status, 404);

    let running = house.work().await;
    let recording = house.until(&id(&created), ready).await;
    assert_eq!((&recording["progress"], &recording["language"]), (&json!(1.0), &json!("en")));
    assert_eq!((&recording["problem"], &recording["version"]), (&Value::Null, &json!(1)));
    assert!((9.0..12.0).contains(&recording["duration_s"].as_f64().unwrap()), "{recording}");

    let transcript = house.get(&format!("{path}/transcript")).await.is(200).json();
    assert_eq!(words(transcript["text"].as_str().unwrap()), words(BECKETT));
    assert_eq!((&transcript["provider"], &transcript["recording_id"]), (&json!("local"), &created["id"]));
    let first = &transcript["segments"][0]["words"][0];
    assert!(first["start"].as_f64().unwrap() < first["end"].as_f64().unwrap(), "{first}");
    for (format, media, has) in [
        ("txt", "text/plain", "Ever tried"),
        ("srt", "application/x-subrip", " --> "),
        ("vtt", "text/vtt", "WEBVTT"),
        ("json", "application/json", "\"words\""),
    ] {
        let file = house.get(&format!("{path}/export?format={format}")).await.is(200);
        assert!(file.text().contains(has), "{format}: {}", file.text());
        let name = format!("filename=\"Fail better.{format}\"");
        assert!(file.header("content-disposition").contains(&name), "{}", file.header("content-disposition"));
        let found = file.header("content-type");
        assert!(found.starts_with(media) || format == "srt", "{format}: {found}");
        assert!(file.header("content-security-policy").contains("sandbox"));
    }
    let refusal = house.get(&format!("{path}/export?format=exe")).await.refusal();
    assert_eq!((refusal.0, refusal.2.as_str()), (422, "format"));

    let rename = |tag: &'static str| {
        let request = Request::patch(path.clone()).header("if-match", tag).header("content-type", "application/json");
        house.send(house.user, request, r#"{"title":"Again"}"#)
    };
    assert_eq!(rename("\"v1\"").await.is(200).json()["title"], "Again");
    assert_eq!(rename("\"v1\"").await.refusal().1, "stale");
    let page = house.get("/api/recordings?limit=1").await.is(200).json();
    assert_eq!((&page["items"][0]["title"], page.get("next_cursor")), (&json!("Again"), None));
    running.shutdown(Duration::from_secs(5)).await;
    assert_eq!(house.files().len(), 1);
}

/// Kills the worker in the middle (dropping it is what its death looks like) and starts another one.
async fn a_job_that_died_is_finished_once(db: Db) {
    let mut house = House::new(db).await;
    let created = house.upload(Form::new().file("a.wav", &sample("two_cities.wav")).bytes()).await.is(201).json();
    let running = house.work().await;
    house.until(&id(&created), |recording| recording["status"] == "working").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    drop(running);
    let half = house.get(&format!("/api/recordings/{}", id(&created))).await.json();
    assert_eq!(half["status"], "working", "killed in the middle");
    house.restart(&models());
    let running = house.work().await;
    house.until(&id(&created), ready).await;
    running.shutdown(Duration::from_secs(5)).await;
    let text = house.get(&format!("/api/recordings/{}/transcript", id(&created))).await.is(200).json();
    assert!(words(text["text"].as_str().unwrap()).starts_with(&words("It was the best of times")), "{text}");
    let mut tx = house.db.lookup().await.unwrap();
    let counts = store::jobs::counts(&mut tx).await.unwrap();
    let states: Vec<_> = counts.iter().map(|count| (count.kind.as_str(), count.state.as_str(), count.n)).collect();
    assert_eq!(states, [("recordings.transcribe", "done", 1)]);
}

async fn what_waits_for_a_model_goes_on_when_there_is_one(db: Db) {
    let empty = tempfile::tempdir().unwrap();
    let mut house = House::with(db, empty.path(), |_| ()).await;
    assert!(house.state.model().is_err());
    let created = house.upload(hum().bytes()).await.is(201).json();
    let running = house.work().await;
    let tidying = tokio::spawn(recordings::keep_tidy(house.state.clone()));
    house.until(&id(&created), |recording| recording["status"] == "waiting_for_model").await;
    tidying.abort();
    running.shutdown(Duration::from_secs(5)).await;
    house.restart(&models());
    let running = house.work().await;
    let tidying = tokio::spawn(recordings::keep_tidy(house.state.clone()));
    house.until(&id(&created), ready).await;
    tidying.abort();
    running.shutdown(Duration::from_secs(5)).await;
}

async fn the_sound_comes_back_in_parts(db: Db) {
    let house = House::new(db).await;
    let sent = sample("beckett.wav");
    let created = house.upload(Form::new().file("Größe.wav", &sent).bytes()).await.is(201).json();
    let sound = kept(&sent, speech::Container::Wav);
    assert_eq!(created["size_bytes"], sound.len());
    let path = format!("/api/recordings/{}/audio", id(&created));
    let whole = house.get(&path).await.is(200);
    assert!(whole.body == sound, "the same bytes");
    assert_eq!((whole.header("content-type"), whole.header("accept-ranges")), ("audio/wav", "bytes"));
    assert_eq!(whole.header("content-disposition"), "attachment", "a player does not mind");
    assert_eq!(whole.header("x-content-type-options"), "nosniff");
    assert_eq!(whole.header("cross-origin-resource-policy"), "same-origin");
    assert!(whole.header("content-security-policy").contains("sandbox"));
    let tag = whole.header("etag").to_owned();
    let part = async |range: &str, if_range: Option<&str>| {
        let mut request = Request::get(&path).header("range", range);
        if let Some(tag) = if_range {
            request = request.header("if-range", tag);
        }
        house.send(house.user, request, Body::empty()).await
    };
    let length = sound.len();
    for (range, first, last) in [
        ("bytes=0-0", 0, 0),
        ("bytes=65530-65545", 65530, 65545),
        ("bytes=100000-299999", 100_000, 299_999),
        ("bytes=-7", length - 7, length - 1),
    ] {
        let part = part(range, Some(&tag)).await.is(206);
        assert!(part.body == sound[first..=last], "{range}");
        assert_eq!(part.header("content-range"), format!("bytes {first}-{last}/{length}"));
        assert_eq!(part.header("content-length"), part.body.len().to_string());
    }
    part("bytes=0-1", Some("\"another\"")).await.is(200);
    let outside = part(&format!("bytes={length}-"), None).await.is(416);
    assert_eq!(outside.header("content-range"), format!("bytes */{length}"));
    assert_eq!(outside.refusal().1, "range_not_satisfiable");
    let saved = house.get(&format!("{path}?download=1")).await.is(200);
    let name = "attachment; filename=\"Gr__e.wav\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe.wav";
    assert_eq!(saved.header("content-disposition"), name);
    assert!(saved.header("content-security-policy").contains("sandbox"));
    assert_eq!(house.get(&format!("{path}?download=2")).await.refusal().2, "download");

    // Sealed: nothing of the sound is on disk as it came.
    let file = std::fs::read(&house.files()[0]).unwrap();
    assert!(!file.windows(32).any(|window| window == &sound[70_000..70_032]));
    assert!(!house.files()[0].to_string_lossy().contains("wav"));
}

async fn deleted_things_come_back_and_in_time_are_destroyed(db: Db) {
    let house = House::new(db).await;
    let created = house.upload(hum().bytes()).await.is(201).json();
    let path = format!("/api/recordings/{}", id(&created));
    let delete = |tag: &'static str| {
        house.send(house.user, Request::delete(path.clone()).header("if-match", tag), Body::empty())
    };
    assert_eq!(house.send(house.user, Request::delete(path.clone()), Body::empty()).await.status, 428);
    assert_eq!(house.post(&format!("{path}/restore")).await.refusal().1, "not_deleted");
    let deleted = delete("\"v1\"").await.is(200).json();
    assert!(deleted["undo_until"].is_string());
    for gone in ["", "/audio", "/transcript"] {
        assert_eq!(house.get(&format!("{path}{gone}")).await.status, 404);
    }
    assert_eq!(house.get("/api/recordings").await.json()["items"], json!([]));
    let restored = house.post(&format!("{path}/restore")).await.is(200).json();
    assert_eq!((&restored["version"], &restored["status"]), (&json!(3), &json!("queued")));
    // Two jobs by now, one text.
    let running = house.work().await;
    house.until(&id(&created), ready).await;
    delete("\"v3\"").await.is(200);
    house.later(Duration::from_hours(29 * 24));
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(house.files().len(), 1);
    house.post(&format!("{path}/restore")).await.is(200);
    delete("*").await.is(200);
    // The first two deletions' jobs come and find that it was restored.
    house.later(Duration::from_hours(2 * 24));
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(house.files().len(), 1, "29 days were undone");
    house.later(Duration::from_hours(29 * 24));
    for _ in 0..100 {
        if house.files().is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(house.files().is_empty(), "30 days are over");
    running.shutdown(Duration::from_secs(5)).await;
    assert_eq!(house.post(&format!("{path}/restore")).await.status, 404);
}

async fn the_same_upload_twice_is_one_recording(db: Db) {
    let house = House::new(db).await;
    let send = |title: &'static str| {
        let media = format!("multipart/form-data; boundary={}", crate::form::BOUNDARY);
        let request = Request::post("/api/recordings").header("content-type", media).header("idempotency-key", "k1");
        house.send(house.user, request, Form::new().text("title", title).file("a.wav", &tone()).bytes())
    };
    let first = send("One").await.is(201).json();
    assert_eq!(send("One").await.is(201).json(), first);
    assert_eq!(send("Two").await.refusal().1, "idempotency_key_reused");
    assert_eq!(house.files().len(), 1);
    assert_eq!(house.get("/api/recordings").await.json()["items"].as_array().unwrap().len(), 1);
}

async fn what_is_not_yours_is_not_there(db: Db) {
    let house = House::new(db).await;
    let created = house.upload(Form::new().file("a.wav", &tone()).bytes()).await.is(201).json();
    let path = format!("/api/recordings/{}", id(&created));
    let json = "application/json";
    for (request, body) in [
        (Request::get(path.clone()), ""),
        (Request::get(format!("{path}/audio")), ""),
        (Request::get(format!("{path}/transcript")), ""),
        (Request::get(format!("{path}/export?format=txt")), ""),
        (Request::post(format!("{path}/restore")), ""),
        (Request::post(format!("{path}/retry")), ""),
        (Request::delete(path.clone()).header("if-match", "*"), ""),
        (Request::patch(path.clone()).header("if-match", "*").header("content-type", json), r#"{"title":"Mine"}"#),
    ] {
        assert_eq!(house.send(house.other, request, body).await.status, 404);
    }
    assert_eq!(house.send(house.other, Request::get("/api/recordings"), "").await.json()["items"], json!([]));
    assert_eq!(house.get("/api/recordings/not-an-id").await.status, 404);
    assert_eq!(house.get(&path).await.json(), created);
    let nobody = house.send_as("nobody", Request::get(path), Body::empty()).await;
    assert_eq!(nobody.status, 401);
}

async fn what_nobody_owns_is_swept(db: Db) {
    let house = House::new(db).await;
    let created = house.upload(Form::new().file("a.wav", &tone()).bytes()).await.is(201).json();
    let kept = house.files();
    let folder = kept[0].parent().unwrap();
    let orphan = uuid::Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0000);
    let stray = folder.with_file_name("00");
    std::fs::create_dir_all(&stray).unwrap();
    for name in [orphan.to_string(), format!("{orphan}.part"), "README".to_owned()] {
        std::fs::write(stray.join(name), b"x").unwrap();
    }
    let sweep = async || {
        let tidying = tokio::spawn(recordings::keep_tidy(house.state.clone()));
        tokio::time::sleep(Duration::from_millis(700)).await;
        tidying.abort();
    };
    sweep().await;
    assert_eq!(house.files().len(), 4, "an upload may be under way");
    house.later(Duration::from_hours(2));
    sweep().await;
    let mut left = house.files();
    left.sort();
    let mut expected = vec![stray.join("README"), kept[0].clone()];
    expected.sort();
    assert_eq!(left, expected);
    house.get(&format!("/api/recordings/{}/audio", id(&created))).await.is(200);
}

async fn a_failed_recording_is_tried_again_when_asked(db: Db) {
    let house = House::new(db).await;
    let created = house.upload(hum().bytes()).await.is(201).json();
    let path = format!("/api/recordings/{}", id(&created));
    assert_eq!(house.post(&format!("{path}/retry")).await.refusal().1, "not_failed");
    // Somebody took the file away.
    let (file, aside) = (house.files()[0].clone(), house.files()[0].with_extension("aside"));
    std::fs::rename(&file, &aside).unwrap();
    let running = house.work().await;
    let failed = house.until(&id(&created), |recording| recording["status"] == "failed").await;
    assert_eq!(failed["problem"]["code"], "media_missing");
    assert!(!failed["problem"]["detail"].as_str().unwrap().contains('/'), "no path: {failed}");
    assert_eq!(house.get(&format!("{path}/audio")).await.refusal(), (500, "internal".into(), String::new()));
    std::fs::rename(&aside, &file).unwrap();
    let queued = house.post(&format!("{path}/retry")).await.is(202).json();
    assert_eq!((&queued["status"], &queued["problem"]), (&json!("queued"), &Value::Null));
    house.until(&id(&created), ready).await;
    running.shutdown(Duration::from_secs(5)).await;
    assert!(Path::new(&file).exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_listened_to_once_more_is_counted_once_more() {
    let temporary = store::testing::sqlite().await;
    let house = House::limited(temporary.db(), |rates| rates.audio = vec![guard::Window::per(1, 3600)]).await;
    let created = house.upload(Form::new().file("a.wav", &tone()).bytes()).await.is(201).json();
    std::fs::remove_file(&house.files()[0]).unwrap();
    let running = house.work().await;
    house.until(&id(&created), |recording| recording["status"] == "failed").await;
    running.shutdown(Duration::from_secs(5)).await;
    let path = format!("/api/recordings/{}", id(&created));
    let refused = house.post(&format!("{path}/retry")).await.is(429);
    assert_eq!(refused.header("ratelimit-policy"), "\"audio\";q=1;w=3600");
    assert_eq!(house.get(&path).await.json()["status"], "failed", "and nothing changed");
    temporary.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_upload_is_counted_once() {
    let temporary = store::testing::sqlite().await;
    let house = House::limited(temporary.db(), |rates| rates.audio = vec![guard::Window::per(1, 3600)]).await;
    let send = |key: &'static str| {
        let media = format!("multipart/form-data; boundary={}", crate::form::BOUNDARY);
        let request = Request::post("/api/recordings").header("content-type", media).header("idempotency-key", key);
        house.send(house.user, request, Form::new().file("a.wav", &tone()).bytes())
    };
    let first = send("k1").await.is(201).json();
    assert_eq!(send("k1").await.is(201).json(), first);
    send("k2").await.is(429);
    assert_eq!(house.files().len(), 1);
    temporary.end().await;
}
