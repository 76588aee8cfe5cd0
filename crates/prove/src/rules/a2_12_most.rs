//! Sessions that are made and never end, until nothing else fits.

use crate::instance::Bench;
use crate::lab::Session;
use crate::rule::{Findings, RuleInfo, Severity, StartRule, Stop};
use crate::wire::Request;
use serde_json::Value;

pub(crate) static RULE: StartRule = StartRule {
    info: RuleInfo {
        id: "A2-12.most",
        finding: "A2-12",
        title: "An account has twenty sessions at most, and they are counted",
        severity: Severity::Medium,
        asvs: "7.1.2",
        cwe: 770,
        expected: "The 22nd sign-in of one account ends the first two: 401, the newest: 200, the list has twenty. The figures of \
                   who monitors count the live ones.",
        help: "End the oldest in the transaction that begins another; delete what is over every few minutes.",
        weakened_by: "A2-12.most",
        writes: false,
    },
    trial: |bench, found| Box::pin(trial(bench, found)),
};

const MOST: usize = 20;
const BEYOND: usize = 2;

fn me(session: &Session) -> Request {
    Request::get("/api/auth/me").cookies(session)
}

async fn trial(bench: &Bench, found: &mut Findings) -> Result<(), Stop> {
    let limits = [("RATE_LIMIT_SIGN_IN_BY_ADDRESS", "1000/60"), ("RATE_LIMIT_ANONYMOUS", "10000/60")];
    let instance = bench.start(&limits).await?;
    let lab = &instance.lab;
    let account = lab.account(0).await?;
    let mut sessions = Vec::new();
    for _ in 0..MOST + BEYOND {
        sessions.push(lab.enter(&account).await?.0);
    }
    for at in [BEYOND, MOST, MOST + BEYOND - 1] {
        let answer = lab.send(&me(&sessions[at])).await?;
        found.control(answer.ok(), || format!("sign-in {} of {}: {}", at + 1, MOST + BEYOND, answer.brief()))?;
    }
    for (at, session) in sessions.iter().enumerate().take(BEYOND) {
        let answer = lab.send(&me(session)).await?;
        found.check(answer.status == 401, || format!("sign-in {} of {}: {}", at + 1, MOST + BEYOND, answer.brief()));
    }
    let list = lab.send(&Request::get("/api/auth/sessions?limit=100").cookies(&sessions[MOST])).await?;
    let listed = list.json().get("items").and_then(Value::as_array).map_or(0, Vec::len);
    found.check((1..=MOST).contains(&listed), || format!("{listed} sessions are listed"));
    let owner = instance.owner.enrol().await?;
    let health = lab.send(&Request::get("/api/monitoring/health/detailed").cookies(&owner)).await?;
    let live = health.json().get("live_sessions").and_then(Value::as_u64).unwrap_or(0);
    // Theirs and the owner's; other members may have one of each surface.
    let plausible = (MOST as u64 + 1..MOST as u64 + 10).contains(&live);
    found.check(plausible, || format!("the figures count {live} live sessions"));
    Ok(())
}
