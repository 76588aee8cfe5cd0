//! Where limits are shared by a fleet, whoever takes away what they are kept in may ask without end.

use super::a2_5::guess;
use crate::instance::Bench;
use crate::rule::{Findings, RuleInfo, Severity, StartRule, Stop};

pub(crate) static RULE: StartRule = StartRule {
    info: RuleInfo {
        id: "A1-S1",
        finding: "A1-S1",
        title: "Without Redis, limits hold at half the rate",
        severity: Severity::High,
        asvs: "6.3.1",
        cwe: 636,
        expected: "An instance whose Redis does not answer, with four passwords an hour and address: it starts, two are looked \
                   at, the third is 429. The log says once that Redis is away.",
        help: "Count in the process as well, at half the rate, and go by that while nothing else answers.",
        weakened_by: "A1-S1",
        writes: false,
    },
    trial: |bench, found| Box::pin(trial(bench, found)),
};

/// A port where nothing listens.
const AWAY: &str = "redis://127.0.0.1:9";

async fn trial(bench: &Bench, found: &mut Findings) -> Result<(), Stop> {
    let instance = bench.start(&[("REDIS_URL", AWAY), ("RATE_LIMIT_SIGN_IN_BY_ADDRESS", "4/3600")]).await?;
    let lab = &instance.lab;
    let from = lab.wire.fresh_address();
    let mut looked_at = 0;
    for _ in 0..6 {
        let answer = lab.send(&guess(from)).await?;
        found.check(matches!(answer.status, 401 | 429), || format!("a wrong password answers {}", answer.brief()));
        looked_at += usize::from(answer.status == 401);
    }
    found.control(looked_at > 0, || "no password is looked at".to_owned())?;
    found.check(looked_at <= 2, || format!("{looked_at} of 6 passwords were looked at where 4 an hour are allowed"));
    let told = instance.said().await.matches("relay_away").count();
    found.check(told == 1, || format!("it was told {told} times that Redis is away"));
    Ok(())
}
