//! Requests that are too much: of bytes, of depth, of headers.

use crate::lab::Lab;
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::wire::{Body, Request, Response, WireError};
use serde_json::json;

pub(crate) static RULE: Rule = Rule {
    info: RuleInfo {
        id: "A1-M8",
        finding: "A1-M8",
        title: "What is too large is refused early",
        severity: Severity::Medium,
        asvs: "4.2.5",
        cwe: 770,
        expected: "JSON of 1 MiB and a byte announced: 413 before a byte of it is sent. The same in chunks: 413. Chunks that \
                   lie: 400 or 413. 100,000 levels: 400 at once. gzip: 415. 17 KiB to sign in: 413. Headers over 16 KiB and \
                   URLs over 8 KiB: 4xx.",
        help: "Bound every body before it is read, and count while it is.",
        weakened_by: "A1-M8",
        writes: false,
    },
    attack: |lab, found| Box::pin(attack(lab, found)),
};

const MEBIBYTE: usize = 1024 * 1024;
const PATIENCE: u64 = 8;

/// Sends, and counts a server that waits for more as one that did not refuse.
async fn expect(
    lab: &Lab,
    found: &mut Findings,
    what: &str,
    request: Request,
    statuses: &[u16],
) -> Result<Option<Response>, Stop> {
    match lab.try_send(&request.patience(PATIENCE)).await {
        Ok(answer) => {
            found.check(statuses.contains(&answer.status), || format!("{what}: {}", answer.brief()));
            Ok(Some(answer))
        }
        Err(WireError::Timeout(seconds)) => {
            found.check(false, || format!("{what}: no refusal within {seconds} s"));
            Ok(None)
        }
        // Cut off without a word: nothing was taken, but nobody was told why.
        Err(WireError::Broken(how)) => {
            found.check(false, || format!("{what}: no answer ({how})"));
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

fn note(length: usize) -> Vec<u8> {
    let mut body = br#"{"score":1,"note":""#.to_vec();
    body.resize(length - 2, b'a');
    body.extend(b"\"}");
    body
}

async fn attack(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let token = lab.token(1).await?;
    let post = || Request::post("/api/moods").bearer(&token);
    let json = "application/json";
    let control = lab.send(&post().json(&json!({"score": 99}))).await?;
    found.control(control.status == 422, || format!("POST /api/moods with score 99: {}", control.brief()))?;

    let announced = post().framed(json, Body::Announced(MEBIBYTE as u64 + 1));
    expect(lab, found, "1 MiB and a byte announced", announced, &[413]).await?;
    expect(lab, found, "1 MiB and a byte sent", post().content(json, note(MEBIBYTE + 1)), &[413]).await?;
    let endless = Body::Endless { head: b"{\"note\":\"".to_vec(), filler: vec![b'a'; 64 * 1024], times: 64 };
    expect(lab, found, "4 MiB in chunks", post().framed(json, endless), &[413]).await?;
    for (what, bytes) in [
        ("a chunk that is longer than it says", "4\r\n{\"score\":1}\r\n0\r\n\r\n"),
        ("a chunk of 2^68 bytes", "fffffffffffffffff\r\n{}\r\n0\r\n\r\n"),
        ("a chunk of no number", "xyz\r\n{}\r\n0\r\n\r\n"),
    ] {
        let request = post().framed(json, Body::Chunked(bytes.as_bytes().to_vec()));
        expect(lab, found, what, request, &[400, 413]).await?;
    }
    for (what, open) in [("100,000 arrays", "["), ("100,000 objects", "{\"a\":")] {
        let request = post().content(json, open.repeat(100_000).into_bytes());
        if let Some(answer) = expect(lab, found, what, request, &[400]).await? {
            // Over a network most of it is the way; on loopback it is all of it.
            let limit = if lab.wire.many_addresses() { 1000 } else { 5000 };
            found.check(answer.took.as_millis() < limit, || format!("{what}: {} ms", answer.took.as_millis()));
        }
    }
    let packed = post().header("Content-Encoding", "gzip").content(json, vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]);
    expect(lab, found, "a body packed with gzip", packed, &[415]).await?;
    for path in ["/api/auth/login", "/auth/login"] {
        let body = json!({"email": "a@example.com", "password": "x".repeat(17 * 1024)}).to_string().into_bytes();
        expect(lab, found, "17 KiB to sign in", Request::post(path).content(json, body), &[413]).await?;
    }
    heads(lab, found).await?;
    let still = lab.send(&Request::get("/health")).await?;
    found.check(still.ok(), || format!("the server afterwards: {}", still.brief()));
    Ok(())
}

async fn heads(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let refused = [400, 414, 431];
    let long = Request::get("/health").header("X-Long", &"a".repeat(17 * 1024));
    expect(lab, found, "a header of 17 KiB", long, &refused).await?;
    let mut many = Request::get("/health");
    for number in 0..40 {
        many = many.header(&format!("X-Part-{number}"), &"a".repeat(450));
    }
    expect(lab, found, "18 KiB of headers", many, &refused).await?;
    let url = Request::get(&format!("/health?x={}", "a".repeat(9 * 1024)));
    expect(lab, found, "a URL of 9 KiB", url, &refused).await?;
    Ok(())
}
