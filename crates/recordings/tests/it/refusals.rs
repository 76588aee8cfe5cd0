//! Uploads that are not taken: each refusal says why, and leaves nothing.

use crate::form::{BOUNDARY, Form};
use crate::house::{House, kept, sample, tone};
use axum::body::Body;
use axum::http::Request;
use bytes::Bytes;
use futures_util::stream;
use serde_json::json;
use std::io;
use std::path::Path;
use std::time::Duration;
use store::Db;

store::conformance!(every_refusal_says_why_and_leaves_nothing);

/// What is wrong, the body, and the status, code and field that say so.
type Case = (&'static str, Vec<u8>, (u16, &'static str, &'static str));

async fn nothing_left(house: &House, why: &str) {
    assert!(house.files().is_empty(), "{why}: {:?}", house.files());
    assert_eq!(house.get("/api/recordings").await.is(200).json()["items"], json!([]), "{why}");
}

async fn every_refusal_says_why_and_leaves_nothing(db: Db) {
    let house = House::with(db, Path::new("/nonexistent"), |_| ()).await;
    let wav = tone();
    let zip = b"PK\x03\x04".repeat(200);
    let exe = b"MZ\x90\0\x03\0\0\0".repeat(200);
    let html = b"<html><script>alert(1)</script>".repeat(50);
    let (long_title, long_name) = ("x".repeat(201), format!("{}.wav", "x".repeat(252)));
    let cases: Vec<Case> = vec![
        ("traversal", Form::new().file("../../etc/passwd.wav", &wav).bytes(), (400, "invalid_filename", "")),
        ("backslash", Form::new().file("..\\win.wav", &wav).bytes(), (400, "invalid_filename", "")),
        ("control", Form::new().file("a\u{7}b.wav", &wav).bytes(), (400, "invalid_filename", "")),
        ("end of text", Form::new().file("a\0b.wav", &wav).bytes(), (400, "invalid_filename", "")),
        ("tab", Form::new().file("a\tb.wav", &wav).bytes(), (400, "invalid_filename", "")),
        ("reserved", Form::new().file("con.wav", &wav).bytes(), (400, "invalid_filename", "")),
        ("hidden", Form::new().file(".wav", &wav).bytes(), (400, "invalid_filename", "")),
        ("bidi", Form::new().file("a\u{202e}b.wav", &wav).bytes(), (400, "invalid_filename", "")),
        ("long name", Form::new().file(&long_name, &wav).bytes(), (400, "invalid_filename", "")),
        ("no name", Form::new().file("", &wav).bytes(), (400, "invalid_filename", "")),
        ("no name at all", Form::new().text("file", "RIFF").bytes(), (400, "invalid_filename", "")),
        (
            "an encoded name",
            Form::new().part("form-data; name=\"file\"; filename*=UTF-8''..%2F..%2Fa.wav", &wav).bytes(),
            (400, "invalid_filename", ""),
        ),
        ("extension", Form::new().file("a.exe", &wav).bytes(), (415, "unsupported_media_type", "")),
        ("no extension", Form::new().file("wav", &wav).bytes(), (415, "unsupported_media_type", "")),
        ("a zip", Form::new().file("a.wav", &zip).bytes(), (415, "unsupported_media_type", "")),
        ("a program", Form::new().file("a.wav", &exe).bytes(), (415, "unsupported_media_type", "")),
        ("a page", Form::new().file("a.mp3", &html).bytes(), (415, "unsupported_media_type", "")),
        ("disagreement", Form::new().file("a.mp3", &wav).bytes(), (415, "unsupported_media_type", "")),
        ("cut sound", Form::new().file("a.wav", &wav[..40]).bytes(), (415, "unsupported_media_type", "")),
        ("empty", Form::new().file("a.wav", b"").bytes(), (422, "empty", "file")),
        ("no file", Form::new().text("title", "A").bytes(), (422, "missing", "file")),
        ("title", Form::new().text("title", &long_title).file("a.wav", &wav).bytes(), (422, "too_long", "title")),
        (
            "language",
            Form::new().text("language", "klingon").file("a.wav", &wav).bytes(),
            (422, "unknown_language", "language"),
        ),
        ("late title", Form::new().file("a.wav", &wav).text("title", "A").bytes(), (422, "misplaced", "title")),
        (
            "title after language",
            Form::new().text("language", "en").text("title", "A").file("a.wav", &wav).bytes(),
            (422, "misplaced", "title"),
        ),
        ("two files", Form::new().file("a.wav", &wav).file("b.wav", &wav).bytes(), (422, "duplicate", "file")),
        ("unknown", Form::new().text("user_id", "1").file("a.wav", &wav).bytes(), (422, "unknown_field", "form")),
        ("unknown, late", Form::new().file("a.wav", &wav).text("x", "1").bytes(), (422, "unknown_field", "form")),
        ("cut off", Form::new().file("a.wav", &wav).cut(), (400, "malformed_multipart", "")),
        ("no form", b"RIFF and so on".to_vec(), (400, "malformed_multipart", "")),
        ("nothing", Vec::new(), (400, "malformed_multipart", "")),
    ];
    for (name, body, (status, code, field)) in cases {
        let answer = house.upload(body).await;
        assert_eq!(answer.refusal(), (status, code.to_owned(), field.to_owned()), "{name}");
        if status == 415 {
            assert!(
                answer.json()["detail"].as_str().unwrap().contains("Allowed: wav, mp3, m4a, flac, ogg, opus, webm")
            );
        }
        nothing_left(&house, name).await;
    }
    let wrong =
        Request::post("/api/recordings").header("content-type", "audio/wav").header("content-length", wav.len());
    assert_eq!(house.send(house.user, wrong, wav.clone()).await.status, 415);
    let unbounded = Request::post("/api/recordings").header("content-type", "multipart/form-data");
    assert_eq!(house.send(house.user, unbounded, wav).await.refusal().1, "malformed_multipart");
    nothing_left(&house, "headers").await;
}

/// The largest file that is taken, and one byte more: with its length announced, and without.
#[tokio::test(flavor = "multi_thread")]
async fn the_limit_holds_to_the_byte() {
    let temporary = store::testing::sqlite().await;
    let sound = sample("beckett.wav");
    let limit = sound.len() as u64;
    let house = House::with(temporary.db(), Path::new("/nonexistent"), |config| config.max_bytes = limit).await;
    let mut longer = sound.clone();
    longer.push(0);
    let refusal = house.upload(Form::new().file("a.wav", &longer).bytes()).await.refusal();
    assert_eq!((refusal.0, refusal.1.as_str()), (413, "too_large"));
    let endless = stream::iter((0..2000).map(|n| {
        let head = Form::new().file("a.wav", b"RIFF").cut();
        io::Result::Ok(Bytes::from(if n == 0 { head[..head.len() - 2].to_vec() } else { vec![7; 64 * 1024] }))
    }));
    assert_eq!(house.upload(Body::from_stream(endless)).await.status, 413);
    nothing_left(&house, "too large").await;
    house.upload(Form::new().file("a.wav", &sound).bytes()).await.is(201);
    let lying = Request::post("/api/recordings")
        .header("content-type", format!("multipart/form-data; boundary={BOUNDARY}"))
        .header("content-length", "10737418240");
    assert_eq!(house.send(house.user, lying, Body::empty()).await.status, 413);
    temporary.end().await;
}

/// What somebody's recordings may take together: the one that fits to the byte is taken, the next is not, deleted or no.
#[tokio::test(flavor = "multi_thread")]
async fn the_quota_holds_to_the_byte() {
    let temporary = store::testing::sqlite().await;
    let sound = kept(&sample("beckett.wav"), speech::Container::Wav);
    let quota = 2 * sound.len() as u64;
    let house = House::with(temporary.db(), Path::new("/nonexistent"), |config| config.quota_bytes = quota).await;
    let mut longer = sound.clone();
    longer.extend([0; 2]);
    // One sample more, and a header that says so.
    let data = u32::from_le_bytes(longer[40..44].try_into().unwrap());
    assert_eq!(&longer[36..40], b"data");
    longer[40..44].copy_from_slice(&(data + 2).to_le_bytes());
    let whole = u32::from_le_bytes(longer[4..8].try_into().unwrap());
    longer[4..8].copy_from_slice(&(whole + 2).to_le_bytes());
    house.upload(Form::new().file("a.wav", &sound).bytes()).await.is(201);
    let refusal = house.upload(Form::new().file("b.wav", &longer).bytes()).await.refusal();
    assert_eq!((refusal.0, refusal.1.as_str()), (413, "quota_exceeded"));
    house.upload(Form::new().file("c.wav", &sound).bytes()).await.is(201);
    let refusal = house.upload(Form::new().file("d.wav", &sound).bytes()).await.refusal();
    assert_eq!((refusal.0, refusal.1.as_str()), (413, "quota_exceeded"));
    temporary.end().await;
}

/// A client that stops sending, and one that leaves.
#[tokio::test(flavor = "multi_thread")]
async fn silence_and_departure_leave_nothing() {
    let temporary = store::testing::sqlite().await;
    let silence = Duration::from_millis(200);
    let house = House::with(temporary.db(), Path::new("/nonexistent"), |config| config.silence = silence).await;
    let begun = || {
        let head = Form::new().file("a.wav", &vec![7; 600_000]).cut();
        stream::iter([io::Result::Ok(Bytes::from(head[..head.len() - 2].to_vec()))])
    };
    let silent = futures_util::StreamExt::chain(begun(), stream::pending());
    let refusal = house.upload(Body::from_stream(silent)).await.refusal();
    assert_eq!((refusal.0, refusal.1.as_str()), (400, "upload_stalled"));
    nothing_left(&house, "silence").await;

    let broken = stream::iter([Err(io::Error::from(io::ErrorKind::ConnectionReset))]);
    let broken = futures_util::StreamExt::chain(begun(), broken);
    assert_eq!(house.upload(Body::from_stream(broken)).await.refusal().1, "malformed_multipart");
    nothing_left(&house, "a broken connection").await;

    let silent = futures_util::StreamExt::chain(begun(), stream::pending());
    let left = tokio::time::timeout(silence / 4, house.upload(Body::from_stream(silent))).await;
    assert!(left.is_err(), "it was still waiting");
    for _ in 0..100 {
        if house.files().is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    nothing_left(&house, "departure").await;
    temporary.end().await;
}
