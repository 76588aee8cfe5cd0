//! A server that was restarted takes a refresh token that was used up before.

use crate::instance::{Bench, Instance};
use crate::rule::{Findings, RuleInfo, Severity, StartRule, Stop};
use crate::spare::{Pair, me, refresh};
use crate::wire::Response;
use std::time::Duration;

pub(crate) static RULE: StartRule = StartRule {
    info: RuleInfo {
        id: "X-CVE-2026-9802",
        finding: "X-CVE-2026-9802",
        title: "A restart forgets no used refresh token",
        severity: Severity::High,
        asvs: "10.4.5",
        cwe: 613,
        expected: "A refresh token that was used, then the server was killed and started again: 401, within the seconds in \
                   which a lost answer is repeated and after them, and the whole family is dead.",
        help: "What was used is stored with the answer, and not remembered by the process.",
        weakened_by: "X-CVE-2026-9802",
        writes: false,
    },
    trial: |bench, found| Box::pin(trial(bench, found)),
};

/// An answer that was lost may be asked for again for ten seconds.
const AFTER_THE_GRACE: Duration = Duration::from_secs(11);

/// A new family: so many generations, each used for the next.
async fn family(instance: &Instance, generations: usize) -> Result<Vec<Pair>, Stop> {
    let lab = &instance.lab;
    let mut pairs = vec![lab.pair(&lab.account(0).await?).await?];
    while pairs.len() < generations {
        let answer = lab.send(&refresh(&pairs[pairs.len() - 1].refresh)).await?;
        match Pair::read(&answer) {
            Some(pair) => pairs.push(pair),
            None => return Stop::unsure(format!("/auth/refresh with a good token answers {}", answer.brief())),
        }
    }
    Ok(pairs)
}

fn dead(found: &mut Findings, what: &str, answer: &Response) {
    let silent = answer.member("/access_token").is_none();
    found.check(answer.status == 401 && silent, || format!("{what}: {}", answer.brief()));
}

/// The first token comes back, and with it all of its family is over.
async fn replay(instance: &Instance, found: &mut Findings, pairs: &[Pair]) -> Result<(), Stop> {
    let lab = &instance.lab;
    let (first, last) = (&pairs[0], &pairs[pairs.len() - 1]);
    let count = pairs.len();
    dead(
        found,
        &format!("after a restart, the first of {count} refresh tokens"),
        &lab.send(&refresh(&first.refresh)).await?,
    );
    dead(found, "the latest refresh token after that", &lab.send(&refresh(&last.refresh)).await?);
    dead(found, "the latest access token after that", &lab.send(&me(&last.access)).await?);
    Ok(())
}

async fn trial(bench: &Bench, found: &mut Findings) -> Result<(), Stop> {
    let mut instance = bench.start(&[]).await?;
    let (older, newer, sound) = (family(&instance, 3).await?, family(&instance, 2).await?, family(&instance, 2).await?);
    instance.restart().await?;
    let lab = &instance.lab;
    let served = lab.send(&me(&sound[1].access)).await?;
    found.control(served.ok(), || format!("an access token after a restart answers {}", served.brief()))?;
    let next = lab.send(&refresh(&sound[1].refresh)).await?;
    found.control(next.ok(), || format!("an unused refresh token after a restart answers {}", next.brief()))?;
    replay(&instance, found, &older).await?;
    tokio::time::sleep(AFTER_THE_GRACE).await;
    replay(&instance, found, &newer).await
}
