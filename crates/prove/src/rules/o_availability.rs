//! Work for one that everybody waits for: what one stranger could ask of the predecessors to stop them.

use super::guesses::{BROWSER, login};
use crate::accounts::fresh;
use crate::lab::Lab;
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::spare::refresh;
use crate::wire::{Request, Response, WireError};
use futures_util::future::{join, join_all};
use std::future::Future;
use std::time::Duration;

pub(crate) static REFRESH: Rule = Rule {
    info: RuleInfo {
        id: "O-2",
        finding: "O-2",
        title: "A made-up refresh token costs the server nothing",
        severity: Severity::High,
        asvs: "15.2.2",
        cwe: 407,
        expected: "Forty made-up refresh tokens at once: 401 each, none after more than two seconds, however many live tokens \
                   there are; and meanwhile /health answers within a second.",
        help: "Find a token by the hash of its random part, which is an index; nothing is compared one by one.",
        weakened_by: "O-2",
        writes: true,
    },
    attack: |lab, found| Box::pin(made_up(lab, found)),
};

pub(crate) static SIGN_INS: Rule = Rule {
    info: RuleInfo {
        id: "O-3",
        finding: "O-3",
        title: "While many sign in, everybody else is served",
        severity: Severity::High,
        asvs: "15.4.4",
        cwe: 400,
        expected: "Sixteen wrong passwords at once: 401, or 503 for want of time; and meanwhile /health answers each time within \
                   a second and a half.",
        help: "Hash on threads of their own, bounded in number and lower in priority, with a queue that gives up.",
        weakened_by: "O-3",
        writes: false,
    },
    attack: |lab, found| Box::pin(sign_ins(lab, found)),
};

const TOKENS: usize = 40;
const TOKEN_WAITS: Duration = Duration::from_secs(2);
const LOGINS: usize = 16;
/// How often it is asked in the meantime, and with what pause.
const ASKED: usize = 10;
const PAUSE: Duration = Duration::from_millis(100);

/// One that could be one of the server's: its kind and its length, and other random letters. The last is kept, because
/// not every letter can end one.
fn another(real: &str) -> String {
    let (kind, secret) = real.split_once('_').unwrap_or(("", real));
    let length = secret.len().saturating_sub(1);
    let noise = std::iter::repeat_with(|| format!("{:016x}", crate::material::noise()));
    let mut letters = noise.take(length.div_ceil(16)).collect::<Vec<_>>().concat();
    letters.truncate(length);
    let last = secret.chars().last().map(String::from).unwrap_or_default();
    if kind.is_empty() { format!("{letters}{last}") } else { format!("{kind}_{letters}{last}") }
}

/// Asks whether it is alive, again and again, while something else goes on.
async fn meanwhile<T>(lab: &Lab, work: impl Future<Output = T>) -> (T, Vec<Result<Response, WireError>>) {
    let asking = async {
        let mut answers = Vec::new();
        for _ in 0..ASKED {
            tokio::time::sleep(PAUSE).await;
            answers.push(lab.try_send(&Request::get("/health").patience(10)).await);
        }
        answers
    };
    join(work, asking).await
}

fn alive(found: &mut Findings, what: &str, answers: &[Result<Response, WireError>], within: Duration) {
    for answer in answers {
        match answer {
            Ok(answer) => found.check(answer.ok() && answer.took <= within, || {
                format!("/health, {what}: {} after {} ms", answer.brief(), answer.took.as_millis())
            }),
            Err(error) => found.check(false, || format!("/health, {what}: {error}")),
        }
    }
}

async fn made_up(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let account = lab.account(2).await?;
    let mut real = lab.pair(&account).await?;
    // A few families, as people with a telephone and a tablet have.
    for _ in 0..2 {
        real = lab.pair(&account).await?;
    }
    let answer = lab.send(&refresh(&real.refresh)).await?;
    found.control(answer.ok(), || format!("/auth/refresh with a good token answers {}", answer.brief()))?;
    let count = if lab.wire.many_addresses() { TOKENS } else { 3 };
    let requests: Vec<_> = (0..count).map(|_| refresh(&another(&real.refresh)).limit_expected().patience(60)).collect();
    let work = join_all(requests.iter().map(|request| lab.try_send(request)));
    let (answers, asked) = meanwhile(lab, work).await;
    for answer in answers {
        let answer = answer?;
        found.check(matches!(answer.status, 401 | 429) && answer.took <= TOKEN_WAITS, || {
            format!("a made-up refresh token: {} after {} ms", answer.brief(), answer.took.as_millis())
        });
    }
    alive(found, "while refresh tokens are looked up", &asked, Duration::from_secs(1));
    Ok(())
}

async fn sign_ins(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let health = lab.send(&Request::get("/health")).await?;
    found.control(health.ok(), || format!("/health answers {}", health.brief()))?;
    let count = if lab.wire.many_addresses() { LOGINS } else { 4 };
    // Nobody's: no account is locked by this.
    let tries: Vec<Request> = (0..count).map(|_| login(BROWSER, &fresh(), false).limit_expected()).collect();
    let work = join_all(tries.iter().map(|request| lab.try_send(request)));
    let (answers, asked) = meanwhile(lab, work).await;
    for answer in answers {
        let answer = answer?;
        found.check(matches!(answer.status, 401 | 429 | 503), || format!("a wrong password: {}", answer.brief()));
    }
    alive(found, "while passwords are hashed", &asked, Duration::from_millis(1500));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_token_looks_like_the_real_one() {
        let real = format!("refresh_{}Q", "a".repeat(42));
        let made = another(&real);
        assert!(
            made != real && made.len() == real.len() && made.starts_with("refresh_") && made.ends_with('Q'),
            "{made}"
        );
        assert_ne!(another(&real), made);
        assert_eq!(another("abcdefgh").len(), 8);
    }
}
