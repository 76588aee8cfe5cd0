//! A stolen refresh token is used so soon that nobody can tell who was first.

use crate::lab::Lab;
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::spare::{Pair, me, refresh};
use std::time::{Duration, Instant};

pub(crate) static RULE: Rule = Rule {
    info: RuleInfo {
        id: "X-KEYCLOAK-50999",
        finding: "X-KEYCLOAK-50999",
        title: "An old refresh token ends the family within the same second, too",
        severity: Severity::High,
        asvs: "10.4.5",
        cwe: 613,
        expected: "/auth/refresh three times within a second, from one program at one address; then the first token again: 401, \
                   and after that 401 for all the tokens of the family.",
        help: "Order the generations by number and not by time; only the latest one but one may be asked for again.",
        weakened_by: "X-KEYCLOAK-50999",
        writes: true,
    },
    attack: |lab, found| Box::pin(attack(lab, found)),
};

/// Every pair of a new family, made as fast as the server answers; and how long that took.
async fn family(lab: &Lab, found: &mut Findings) -> Result<(Vec<Pair>, Duration), Stop> {
    let account = lab.account(1).await?;
    let from = lab.wire.fresh_address();
    let mut pairs = vec![lab.pair(&account).await?];
    let began = Instant::now();
    for _ in 0..3 {
        let Some(last) = pairs.last() else { break };
        // Past the manners of the lab: three requests are no burden.
        let answer = lab.wire.send(&refresh(&last.refresh).from(from)).await?;
        let next = Pair::read(&answer).filter(|_| answer.ok());
        found.control(next.is_some(), || format!("/auth/refresh with a good token answers {}", answer.brief()))?;
        pairs.extend(next);
    }
    let took = began.elapsed();
    let answer = lab.wire.send(&refresh(&pairs[0].refresh).from(from)).await?;
    let silent = answer.status == 401 && answer.member("/access_token").is_none();
    found.check(silent, || {
        format!("the first refresh token, {} ms after it was used: {}", took.as_millis(), answer.brief())
    });
    Ok((pairs, took))
}

async fn attack(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let mut within = 0;
    for _ in 0..5 {
        let (pairs, took) = family(lab, found).await?;
        within += usize::from(took < Duration::from_secs(1));
        for (number, pair) in pairs.iter().enumerate().rev() {
            for (what, request) in [("access", me(&pair.access)), ("refresh", refresh(&pair.refresh))] {
                let answer = lab.send(&request).await?;
                let dead = answer.status == 401 && answer.member("/access_token").is_none();
                found.check(dead, || format!("{what} token {number} of the family after that: {}", answer.brief()));
            }
        }
        if within == 2 {
            return Ok(());
        }
    }
    Stop::unsure("the server does not answer three times within a second")
}
