//! Passwords are guessed faster than they are counted.

use super::guesses::{BROWSER, login, refused, wrong};
use crate::lab::Lab;
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use futures_util::future::join_all;
use std::time::Duration;

pub(crate) static RULE: Rule = Rule {
    info: RuleInfo {
        id: "X-GHSA-7h8m-vrxx-vr4m",
        finding: "X-GHSA-7h8m-vrxx-vr4m",
        title: "Guesses at the same time do not outrun the lock",
        severity: Severity::High,
        asvs: "6.3.1",
        cwe: 362,
        expected: "Four wrong passwords, then 50 at once, each from another address: the first of them locks, and the right one, \
                   which comes while that one is still looked at, is refused. Three times, each with an account of its own.",
        help: "Count a try, in one transaction, before its secret is looked at; a check beforehand and a count afterwards let \
               everybody through who comes in between.",
        weakened_by: "X-GHSA-7h8m-vrxx-vr4m",
        writes: true,
    },
    attack: |lab, found| Box::pin(attack(lab, found)),
};

const GUESSES: usize = 50;
/// What comes before: one less than locks.
const BEFORE: usize = 4;
/// By so much the one that locks is ahead: enough for the network to keep the order, too little to look at a password.
const HEAD_START: Duration = Duration::from_millis(20);
const ROUNDS: usize = 3;

/// Whether the right one among many came in; `None` when there was no time to look at it.
async fn round(lab: &Lab, found: &mut Findings) -> Result<Option<bool>, Stop> {
    let account = lab.spare().await?;
    let (_, answer) = lab.enter(&account).await?;
    found.control(answer.ok(), || answer.brief())?;
    wrong(lab, found, &account, BEFORE).await?;
    // The second, because the queue of hashes is only so long.
    let tries: Vec<_> = (0..GUESSES).map(|number| login(BROWSER, &account, number == 1)).collect();
    let sent = tries.iter().enumerate().map(|(number, request)| async move {
        let delay = u32::try_from(number.min(2)).unwrap_or(0);
        tokio::time::sleep(HEAD_START * delay).await;
        lab.try_send(request).await
    });
    let mut inside = None;
    for (number, answer) in join_all(sent).await.into_iter().enumerate() {
        let answer = answer?;
        if number == 1 {
            inside = (answer.status != 503).then(|| !refused(&answer));
        } else {
            found.check(refused(&answer), || format!("a wrong password: {}", answer.brief()));
        }
    }
    Ok(inside)
}

async fn attack(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    if !lab.wire.many_addresses() {
        return Err(Stop::NotApplicable("from one address, its own limit answers before the lock does".to_owned()));
    }
    let (mut looked, mut entered) = (0, 0);
    for _ in 0..4 * ROUNDS {
        if looked == ROUNDS {
            break;
        }
        if let Some(inside) = round(lab, found).await? {
            looked += 1;
            entered += usize::from(inside);
        }
    }
    if looked < ROUNDS {
        return Stop::unsure("the server is too busy to look at passwords");
    }
    // Now and then the order in which two came may have been another one, but not always.
    found.check(entered < ROUNDS, || {
        format!("the right password, among {GUESSES} at once that the first of them locks out, came in each of {ROUNDS} times")
    });
    Ok(())
}
