//! What is outside and does not do its work: the provider that tokens are checked with, over real sockets.

use super::harness::House;
use crate::{ProviderSettings, Registration};
use data_encoding::BASE64URL_NOPAD;
use http::Method;
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// What a broken provider sends back, whatever it is asked; nothing at all is a provider that hangs.
const MANNERS: &[(&str, Option<&[u8]>)] = &[
    ("500", Some(b"HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\n{}")),
    (
        "cut mid-stream",
        Some(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{\"issuer\":"),
    ),
    ("garbage", Some(b"\x16\x03\x01\x02\x00 not http at all")),
    ("other words", Some(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<html></>")),
    ("hang", None),
];

async fn provider(answer: Option<&'static [u8]>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut asked = [0; 512];
                let _ = stream.read(&mut asked).await;
                match answer {
                    // Whoever hung up does not want it.
                    Some(answer) => stream.write_all(answer).await.unwrap_or(()),
                    None => tokio::time::sleep(Duration::from_mins(5)).await,
                }
            });
        }
    });
    issuer
}

/// On one engine: what hangs takes its time, and the database has no part in it.
#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_away_is_503_and_soon_not_asked() {
    let temporary = store::testing::sqlite().await;
    let db = temporary.db();
    let refusing = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let mut issuers = vec![("refused", refusing)];
    for (name, answer) in MANNERS {
        issuers.push((name, provider(*answer).await));
    }
    for (name, issuer) in issuers {
        let settings = ProviderSettings {
            id: "away".to_owned(),
            name: "Away".to_owned(),
            issuer: issuer.clone(),
            client_id: None,
            client_secret: None,
            audience: Some("us".to_owned()),
        };
        let house = House::tuned(&db, |config, _| {
            config.registration = Registration::Open;
            config.providers = vec![settings];
        })
        .await;
        let encode = |value: serde_json::Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let token = format!(
            "{}.{}.{}",
            encode(json!({"alg": "RS256", "kid": "one", "typ": "at+jwt"})),
            encode(json!({"iss": issuer, "aud": "us", "sub": "x", "exp": 4_000_000_000_i64})),
            BASE64URL_NOPAD.encode(&[7; 256]),
        );
        for number in 0..7 {
            let begun = Instant::now();
            let answer = house.with_token(Method::GET, "/auth/profile", &token, None).await;
            assert!(matches!(answer.status, 503 | 504), "{name} {number}: {}", answer.body);
            assert_eq!(answer.code(), "provider_unavailable", "{name}");
            assert_eq!((&answer.body["retryable"], answer.body["fallback"].is_object()), (&json!(true), true));
            assert!(answer.headers.contains_key("retry-after"), "{name}");
            assert!(number < 5 || begun.elapsed() < Duration::from_secs(2), "{name}: it is not asked any more");
        }
        let seen = house.identity.breakers()[0].snapshot();
        assert!((1..=5).contains(&seen.failed), "{name}: {seen:?}");
        assert_eq!(seen.state.name(), "open", "{name}");
    }
    temporary.end().await;
}
