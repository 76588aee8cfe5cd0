//! Who behaves as only an attacker does is kept out for a while, and nobody beside them.

use crate::app::{PASSWORD, TestApp};
use crate::client::Client;
use guard::Role;
use serde_json::json;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;

/// More than the score at which one is kept out: it fades while they are asked for.
const PROBES: &[&str] =
    &["/.git/config", "/wp-login.php", "/.env", "/vendor/phpunit/phpunit", "/actuator/env", "/phpmyadmin/"];

/// The same address without anything that says who is there.
fn stranger(client: &Client) -> Client {
    client.without("cookie").without("x-csrf-token")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scanner_is_kept_out_and_its_neighbours_are_not() {
    let app = TestApp::sqlite().await;
    let email = app.person(Role::Member).await;
    let me = Client::browser(&app.base, &email, PASSWORD).await;
    let scanner = stranger(&me);
    for path in PROBES {
        scanner.get(path).await.problem(404, "not_found");
    }
    for path in ["/.git/HEAD", "/nowhere", "/openapi.json", "/api/moods"] {
        let refused = scanner.get(path).await;
        let wait: u64 = refused.header("retry-after").parse().unwrap();
        assert!((1..=61).contains(&wait), "{wait}");
        assert_eq!(refused.problem(429, "quarantined")["retryable"], true);
    }
    // Who sits behind the same address: signed in, they go on; others see the page and can sign in.
    me.get("/api/auth/me").await.expect(200);
    me.post("/api/moods", &json!({"score": 1})).await.expect(201);
    me.get("/nowhere").await.problem(404, "not_found");
    scanner.get("/health").await.expect(200);
    scanner.with("host", app.origin().trim_start_matches("http://")).get("/").await.expect(200);
    let again = scanner.post("/api/auth/login", &json!({"email": email, "password": PASSWORD})).await.expect(200);
    scanner.keeping(&again).get("/api/auth/me").await.expect(200);
    // A credential that is nobody's is none.
    scanner.with("authorization", "Bearer at_made_up").get("/api/moods").await.problem(429, "quarantined");
    app.anonymous().get("/api/setup").await.expect(200);
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_signed_in_is_not_scored() {
    let app = TestApp::sqlite().await;
    let me = app.member().await;
    for _ in 0..3 {
        for path in PROBES {
            me.get(path).await.problem(404, "not_found");
        }
    }
    stranger(&me).get("/api/moods").await.problem(401, "authentication_required");
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_tries_passwords_without_end_is_kept_from_trying() {
    let app = TestApp::sqlite().await;
    let email = app.person(Role::Member).await;
    let me = Client::browser(&app.base, &email, PASSWORD).await;
    let guesser = stranger(&me);
    let mut codes = Vec::new();
    for number in 0..60 {
        let body = json!({"email": format!("nobody{number}@mind.example"), "password": "not the right one at all"});
        codes.push(guesser.post("/api/auth/login", &body).await.json_code());
    }
    let of = |code: &str| codes.iter().filter(|seen| *seen == code).count();
    assert!(of("invalid_credentials") <= 5 && of("quarantined") >= 5, "{codes:?}");
    assert!(of("too_many_requests") >= 40, "{codes:?}");
    me.get("/api/auth/me").await.expect(200);
    guesser.get("/health").await.expect(200);
    guesser.post("/api/auth/login", &json!({"email": email, "password": PASSWORD})).await.problem(429, "quarantined");
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_word_within_a_word_is_no_attack() {
    let app = TestApp::sqlite().await;
    let nobody = app.anonymous();
    for path in [
        "/generate",
        "/api/journeys/generate",
        "/api/reflections/weekly/regenerate",
        "/api/auth/backup-codes/regenerate",
        "/rate",
        "/api/feedback/rating",
        "/strategy",
        "/environment",
        "/digital",
        "/administrators",
    ] {
        for _ in 0..3 {
            nobody.get(path).await.problem(404, "not_found");
        }
    }
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_that_are_no_request_are_counted_too() {
    let app = TestApp::sqlite().await;
    let server = app.base.trim_start_matches("http://").to_owned();
    // From 127.0.0.1, which no other client here is.
    for _ in 0..30 {
        let mut stream = tokio::net::TcpStream::connect(&server).await.unwrap();
        stream.write_all(b"\x16\x03\x01 this is no request\r\n\r\n").await.unwrap();
        let mut said = Vec::new();
        let _ = stream.read_to_end(&mut said).await;
    }
    let mut stream = tokio::net::TcpStream::connect(&server).await.unwrap();
    stream.write_all(b"GET /api/moods HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut said = Vec::new();
    stream.read_to_end(&mut said).await.unwrap();
    assert!(said.starts_with(b"HTTP/1.1 429 "), "{}", String::from_utf8_lossy(&said));
    app.anonymous().get("/api/setup").await.expect(200);
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scoring_can_be_told_to_watch_only() {
    let app = TestApp::with(&[("THREAT_SCORING", "log")]).await;
    let scanner = app.anonymous();
    for path in PROBES.iter().chain(PROBES) {
        scanner.get(path).await.problem(404, "not_found");
    }
    scanner.get("/api/moods").await.problem(401, "authentication_required");
    app.end().await;
}
