//! The door that clients of OpenAI know.

use crate::form::Form;
use crate::house::{BECKETT, House, sample, tone, words};
use serde_json::{Value, json};
use std::path::Path;
use store::Db;

const DOOR: &str = "/v1/audio/transcriptions";

fn form() -> Form {
    Form::new().file("speech.wav", &sample("beckett.wav")).text("model", "whisper-1").text("language", "en")
}

store::conformance!(speech_is_answered_and_nothing_is_kept);

async fn speech_is_answered_and_nothing_is_kept(db: Db) {
    let house = House::new(db).await;
    let plain = house.upload_to(DOOR, form().bytes()).await.is(200).json();
    assert_eq!(words(plain["text"].as_str().unwrap()), words(BECKETT));
    assert_eq!(plain.as_object().unwrap().len(), 1);
    assert!(house.files().is_empty());
    assert_eq!(house.get("/api/recordings").await.json()["items"], json!([]));
}

/// How a transcript is written does not depend on the database: each format is one run of the model, so one database.
#[tokio::test(flavor = "multi_thread")]
async fn every_format_is_answered_and_nothing_is_kept() {
    let temporary = store::testing::sqlite().await;
    let house = House::new(temporary.db()).await;
    for (format, has) in [("text", "Ever tried"), ("srt", "00:00:0"), ("vtt", "WEBVTT")] {
        let answer = house.upload_to(DOOR, form().text("response_format", format).bytes()).await.is(200);
        assert!(answer.text().contains(has), "{format}: {}", answer.text());
        assert!(answer.header("content-type").contains('/') && !answer.header("content-type").contains("json"));
    }
    let verbose = form()
        .text("response_format", "verbose_json")
        .text("timestamp_granularities[]", "word")
        .text("timestamp_granularities[]", "segment")
        .text("temperature", "0")
        .text("prompt", "Samuel Beckett");
    let verbose = house.upload_to(DOOR, verbose.bytes()).await.is(200).json();
    assert_eq!((&verbose["task"], &verbose["language"]), (&json!("transcribe"), &json!("en")));
    assert!(verbose["duration"].as_f64().unwrap() > 9.0 && verbose["segments"][0]["id"] == 0);
    assert_eq!(verbose["words"].as_array().unwrap().len(), words(BECKETT).len());
    assert!(house.files().is_empty());
    assert_eq!(house.get("/api/recordings").await.json()["items"], json!([]));
    temporary.end().await;
}

fn error(answer: &Value) -> (String, String) {
    let text = |key: &str| answer["error"][key].as_str().unwrap_or_default().to_owned();
    assert!(answer["error"]["message"].is_string() && answer["error"]["type"].is_string(), "{answer}");
    (text("code"), text("param"))
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_have_the_provider_s_shape_and_leave_nothing() {
    let temporary = store::testing::sqlite().await;
    let house = House::new(temporary.db()).await;
    let named = || Form::new().file("a.wav", &tone());
    let model = || named().text("model", "base");
    for (body, status, param) in [
        (named().bytes(), 422, "model"),
        (Form::new().text("model", "base").bytes(), 422, "file"),
        (model().file("b.wav", &tone()).bytes(), 422, "file"),
        (model().text("temperature", "2").bytes(), 422, "temperature"),
        (model().text("response_format", "docx").bytes(), 422, "response_format"),
        (model().text("language", "xx").bytes(), 422, "language"),
        (model().text("prompt", &"x".repeat(1001)).bytes(), 422, "prompt"),
        (model().text("voice", "x").bytes(), 422, "form"),
        (Form::new().text("model", "base").file("../a.wav", &tone()).bytes(), 400, ""),
        (Form::new().text("model", "base").file("a.wav", b"PK\x03\x04 and more").bytes(), 415, ""),
        (model().cut(), 400, ""),
    ] {
        let answer = house.upload_to(DOOR, body).await;
        assert_eq!((answer.status.as_u16(), error(&answer.json()).1.as_str()), (status, param), "{}", answer.text());
        assert!(house.files().is_empty(), "{param}");
    }
    temporary.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_model_it_says_what_to_do() {
    let temporary = store::testing::sqlite().await;
    let house = House::with(temporary.db(), Path::new("/nonexistent"), |_| ()).await;
    let form = Form::new().text("model", "whisper-1").file("a.wav", &tone());
    let answer = house.upload_to(DOOR, form.bytes()).await.is(503);
    assert_eq!(error(&answer.json()).0, "model_missing");
    assert!(answer.text().contains("make models") && !answer.text().contains("nonexistent"), "{}", answer.text());
    temporary.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sound_is_counted_by_its_length_and_leaves_nothing_when_it_is_too_much() {
    let temporary = store::testing::sqlite().await;
    // Enough for the sample once, and not twice: it lasts about ten seconds.
    let house = House::limited(temporary.db(), |rates| rates.audio = vec![guard::Window::per(15, 3600)]).await;
    let first = house.upload_to(DOOR, form().bytes()).await.is(200);
    assert!(!first.header("ratelimit-policy").contains("audio"), "the nearest limit of calls is told as ever");
    let refused = house.upload_to(DOOR, form().bytes()).await.is(429);
    assert_eq!(error(&refused.json()).0, "too_many_requests");
    assert_eq!(refused.header("ratelimit-policy"), "\"audio\";q=15;w=3600");
    let number = |name: &str| refused.header(name).parse::<u32>().unwrap();
    let (left, wait) = (number("x-ratelimit-remaining"), number("retry-after"));
    assert!((3..=6).contains(&left), "what is left is told: {left}");
    // One comes back every four minutes.
    assert!((240 * 3..=240 * 8).contains(&wait), "and when there is enough: {wait}");
    let recording = house.upload(Form::new().file("speech.wav", &sample("beckett.wav")).bytes()).await.is(429);
    assert_eq!(recording.refusal().1, "too_many_requests", "it is one budget for both doors");
    assert!(house.files().is_empty());
    house.upload(Form::new().file("short.wav", &tone()).bytes()).await.is(201);
    temporary.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_third_at_once_is_asked_to_wait() {
    let temporary = store::testing::sqlite().await;
    let house = House::new(temporary.db()).await;
    let sound = sample("beckett.wav");
    let send = || house.upload_to(DOOR, Form::new().text("model", "base").file("a.wav", &sound).bytes());
    let (one, two, three) = tokio::join!(send(), send(), send());
    let mut statuses = [one.status.as_u16(), two.status.as_u16(), three.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 429]);
    assert!(house.files().is_empty());
    temporary.end().await;
}
