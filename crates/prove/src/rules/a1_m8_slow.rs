//! Requests that never end, and more of them than one client needs.

use crate::lab::Lab;
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::wire::{Line, Request};
use futures_util::future::join;
use std::net::Ipv4Addr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, sleep, timeout};

pub(crate) static SLOW: Rule = Rule {
    info: RuleInfo {
        id: "A1-M8.slow",
        finding: "A1-M8",
        title: "A request that trickles in is not waited for",
        severity: Severity::Medium,
        asvs: "13.2.6",
        cwe: 400,
        expected: "A byte every half second: a head is cut off within 20 s, a body within 45 s, with 408 or without a word.",
        help: "A head has ten seconds in all; a body has thirty between two pieces, and 1 KiB a second on the whole.",
        weakened_by: "A1-M8.slow",
        writes: false,
    },
    attack: |lab, found| Box::pin(slow(lab, found)),
};

pub(crate) static CONNECTIONS: Rule = Rule {
    info: RuleInfo {
        id: "A1-M8.connections",
        finding: "A1-M8",
        title: "One client cannot hold every connection",
        severity: Severity::Medium,
        asvs: "13.2.6",
        cwe: 770,
        expected: "300 connections from one address, held open: some are refused, and another address is served.",
        help: "Bound the connections of a client as well as the whole.",
        weakened_by: "A1-M8.connections",
        writes: false,
    },
    attack: |lab, found| Box::pin(connections(lab, found)),
};

pub(crate) static AT_ONCE: Rule = Rule {
    info: RuleInfo {
        id: "A1-M8.at-once",
        finding: "A1-M8",
        title: "One client cannot have everything worked on at once",
        severity: Severity::Medium,
        asvs: "13.2.6",
        cwe: 770,
        expected: "160 requests of one client whose bodies do not come: the next one is 429 too_many_at_once with Retry-After, \
                   and another address is served.",
        help: "Bound the requests of a client that are under way; a limit of rate bounds only how often they begin.",
        weakened_by: "A1-M8.at-once",
        writes: true,
    },
    attack: |lab, found| Box::pin(at_once(lab, found)),
};

const DRIP: Duration = Duration::from_millis(500);
const HELD: usize = 300;
const BEGUN: usize = 160;

/// How a trickle ended: what the server said, or that it waits and waits.
async fn trickle(lab: &Lab, head: &str, patience: u64) -> Result<Option<String>, Stop> {
    let line = lab.wire.line(None).await?;
    let (mut reader, mut writer) = tokio::io::split(line);
    let began = Instant::now();
    // A server that has had enough may have closed already.
    let _ = writer.write_all(head.as_bytes()).await;
    let mut said = Vec::new();
    let mut piece = [0; 4096];
    while began.elapsed() < Duration::from_secs(patience) {
        tokio::select! {
            read = reader.read(&mut piece) => match read {
                Ok(count @ 1..) => said.extend_from_slice(&piece[..count]),
                Ok(0) | Err(_) => return Ok(Some(String::from_utf8_lossy(&said).into_owned())),
            },
            () = sleep(DRIP) => {
                if writer.write_all(b"x").await.is_err() {
                    return Ok(Some(String::from_utf8_lossy(&said).into_owned()));
                }
            }
        }
    }
    // Who has answered has not waited, even if the connection is still there.
    Ok((!said.is_empty()).then(|| String::from_utf8_lossy(&said).into_owned()))
}

async fn slow(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let health = lab.send(&Request::get("/health")).await?;
    found.control(health.ok(), || format!("/health answers {}", health.brief()))?;
    let host = lab.wire.authority();
    let head = format!("GET /health HTTP/1.1\r\nHost: {host}\r\nX-Slow: ");
    let body = format!(
        "POST /api/auth/login HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: 9000\r\n\r\n"
    );
    let (head, body) = join(trickle(lab, &head, 20), trickle(lab, &body, 45)).await;
    for (what, ended) in [("head", head?), ("body", body?)] {
        let fine = ended.as_deref().is_some_and(|said| said.is_empty() || said.starts_with("HTTP/1.1 4"));
        found.check(fine, || match &ended {
            None => format!("a {what} that trickles in is waited for"),
            Some(said) => format!("a {what} that trickles in: {}", said.lines().next().unwrap_or_default()),
        });
    }
    let still = lab.send(&Request::get("/health")).await?;
    found.check(still.ok(), || format!("the server afterwards: {}", still.brief()));
    Ok(())
}

fn one_address(lab: &Lab) -> Result<Option<Ipv4Addr>, Stop> {
    match lab.wire.fresh_address() {
        Some(address) => Ok(Some(address)),
        None => Err(Stop::NotApplicable("it would keep out whoever shares the only address there is".to_owned())),
    }
}

/// Sends the head of a request; the beginning of what is answered, if anything is.
async fn begin(line: &mut Box<dyn Line>, head: &str, patience: Duration) -> String {
    // A line that is refused may be closed before all is written.
    let _ = line.write_all(head.as_bytes()).await;
    let mut said = [0; 512];
    match timeout(patience, line.read(&mut said)).await {
        Ok(Ok(count)) => String::from_utf8_lossy(&said[..count]).into_owned(),
        Ok(Err(_)) | Err(_) => String::new(),
    }
}

async fn connections(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let from = one_address(lab)?;
    let head = format!("GET /health HTTP/1.1\r\nHost: {}\r\n\r\n", lab.wire.authority());
    let mut open = Vec::new();
    for _ in 0..HELD {
        let Ok(mut line) = lab.wire.line(from).await else { break };
        if !begin(&mut line, &head, Duration::from_secs(5)).await.starts_with("HTTP/1.1 200") {
            break;
        }
        open.push(line);
    }
    found.control(open.len() >= 6, || format!("a client has {} connections, fewer than a browser", open.len()))?;
    found.check(open.len() < HELD, || format!("one client holds {HELD} connections"));
    let elsewhere = lab.send(&Request::get("/health")).await?;
    found.check(elsewhere.ok(), || format!("another address meanwhile: {}", elsewhere.brief()));
    Ok(())
}

async fn at_once(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let from = one_address(lab)?;
    let token = lab.token(2).await?;
    let head = format!(
        "POST /api/moods HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
         Content-Length: 2\r\n\r\n",
        lab.wire.authority()
    );
    let mut begun = Vec::new();
    for _ in 0..BEGUN {
        let mut line = lab.wire.line(from).await?;
        let _ = line.write_all(head.as_bytes()).await;
        begun.push(line);
    }
    sleep(Duration::from_secs(1)).await;
    let next = lab.send(&Request::get("/api/setup").from(from).limit_expected()).await?;
    let told = next.is(429, "too_many_at_once") && next.header("retry-after").is_some();
    found.check(told, || format!("the next request of a client with {BEGUN} under way: {}", next.brief()));
    let elsewhere = lab.send(&Request::get("/health")).await?;
    found.control(elsewhere.ok(), || format!("another address meanwhile: {}", elsewhere.brief()))?;
    drop(begun);
    Ok(())
}
