//! Passwords are guessed from many addresses at once.

use super::guesses::{BROWSER, TOKENS, login, refused};
use crate::lab::Lab;
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::wire::Request;
use futures_util::future::join_all;

pub(crate) static RULE: Rule = Rule {
    info: RuleInfo {
        id: "A1-M6",
        finding: "A1-M6",
        title: "Wrong passwords lock an account",
        severity: Severity::High,
        asvs: "6.3.1",
        cwe: 307,
        expected: "50 wrong passwords at once, each from another address; then the right one, on both surfaces: 401, the same as \
                   a wrong one.",
        help: "Count a try before its secret is looked at, by account, in one counter for every place that checks one.",
        weakened_by: "A1-M6",
        writes: true,
    },
    attack: |lab, found| Box::pin(attack(lab, found)),
};

const GUESSES: usize = 50;

async fn attack(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let account = lab.spare().await?;
    let (_, answer) = lab.enter(&account).await?;
    found.control(answer.ok(), || answer.brief())?;
    // Where there is only one address, its own limit would answer instead.
    let count = if lab.wire.many_addresses() { GUESSES } else { 5 };
    let guesses: Vec<Request> = (0..count).map(|_| login(BROWSER, &account, false)).collect();
    for answer in join_all(guesses.iter().map(|guess| lab.try_send(guess))).await {
        let answer = answer?;
        found.check(refused(&answer), || format!("a wrong password: {}", answer.brief()));
    }
    let wrong = lab.send(&login(BROWSER, &account, false)).await?;
    for path in [BROWSER, TOKENS] {
        let answer = lab.send(&login(path, &account, true)).await?;
        let same = answer.status == wrong.status && answer.code() == wrong.code() && refused(&answer);
        found.check(same, || format!("POST {path}, the right password after {count} wrong ones: {}", answer.brief()));
        let detail = answer.member("/detail") == wrong.member("/detail");
        found.check(detail, || "a locked account is answered otherwise than a wrong password".to_owned());
    }
    Ok(())
}
