//! What starts on nothing, and what it opens to others while it runs.

use crate::instance::{Bench, Start};
use crate::rule::{Findings, RuleInfo, Severity, StartRule, Stop};
use crate::wire::Request;
use serde_json::json;

pub(crate) static FRESH: StartRule = StartRule {
    info: RuleInfo {
        id: "O-5",
        finding: "O-5",
        title: "It starts on an empty folder, and again on a full one",
        severity: Severity::Medium,
        asvs: "13.1.1",
        cwe: 703,
        expected: "With an empty folder and no database: it serves, /ready is 200, its owner is set up, a member signs up, signs in \
                   and writes; killed and started again, what was written is there.",
        help: "Let the gate begin with an empty folder each time.",
        weakened_by: "O-5",
        writes: false,
    },
    trial: |bench, found| Box::pin(fresh(bench, found)),
};

pub(crate) static PORTS: StartRule = StartRule {
    info: RuleInfo {
        id: "A1-L3",
        finding: "A1-L3",
        title: "It opens the port it was told to open, and no other",
        severity: Severity::Medium,
        asvs: "13.2.2",
        cwe: 668,
        expected: "A running instance listens at its LISTEN_ADDR alone: there is no port of a database that could be published by \
                   mistake.",
        help: "The database of a default installation is a file. Where it is a server, publish no port of it.",
        weakened_by: "A1-L3",
        writes: false,
    },
    trial: |bench, found| Box::pin(ports(bench, found)),
};

async fn fresh(bench: &Bench, found: &mut Findings) -> Result<(), Stop> {
    // With good settings and nothing else; that it serves at all is what is tried.
    let start = bench.try_start(&[]).await?;
    found.check(matches!(start, Start::Serves), || "it does not start on an empty folder".to_owned());
    let mut instance = bench.start(&[]).await?;
    found.controls += 1;
    let token = instance.lab.take_token(0).await?;
    let mood = Request::post("/api/moods").bearer(&token).json(&json!({"score": 1, "note": "before"}));
    let written = instance.lab.send(&mood).await?;
    found.check(written.status == 201, || format!("a first note: {}", written.brief()));
    instance.restart().await?;
    let ready = instance.lab.send(&Request::get("/ready")).await?;
    found.check(ready.status == 200, || format!("GET /ready: {}", ready.brief()));
    let id = written.member("/id").unwrap_or_default();
    let read = instance.lab.send(&Request::get(&format!("/api/moods/{id}")).bearer(&token)).await?;
    let kept = read.member("/note").as_deref() == Some("before");
    found.check(read.ok() && kept, || format!("the first note after a restart: {}", read.brief()));
    Ok(())
}

async fn ports(bench: &Bench, found: &mut Findings) -> Result<(), Stop> {
    let instance = bench.start(&[]).await?;
    let health = instance.lab.send(&Request::get("/health")).await?;
    found.control(health.ok(), || format!("GET /health answers {}", health.brief()))?;
    let own = instance.port();
    let open = instance.listening()?;
    found.control(open.contains(&own), || format!("its own port {own} is not among those it listens at: {open:?}"))?;
    let others: Vec<_> = open.into_iter().filter(|port| *port != own).collect();
    found.check(others.is_empty(), || format!("it also listens at {others:?}"));
    Ok(())
}
