//! Passwords and codes are guessed from many addresses at once.

use crate::accounts::Account;
use crate::lab::Lab;
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::spare::second_step;
use crate::wire::{Request, Response};
use futures_util::future::join_all;

pub(crate) static RULE: Rule = Rule {
    info: RuleInfo {
        id: "A1-M6",
        finding: "A1-M6",
        title: "Wrong passwords lock an account, whichever way in is tried",
        severity: Severity::High,
        asvs: "6.3.1",
        cwe: 307,
        expected: "50 wrong passwords at once, each from another address; then the right one, on both surfaces: 401, the same as \
                   a wrong one. The second step of a sign-in that began before the lock, with a good code: 401 invalid_code.",
        help: "Count a try before its secret is looked at, by account, in one counter for every place that checks one.",
        weakened_by: "A1-M6",
        writes: true,
    },
    attack: |lab, found| Box::pin(attack(lab, found)),
};

const GUESSES: usize = 50;

fn login(path: &str, account: &Account, right: bool) -> Request {
    let body = if right { account.body() } else { account.wrong() };
    let request = Request::post(path).json(&body).patience(60);
    if path.starts_with("/api/") { request.same_origin() } else { request }
}

/// Whether nobody came in: 503 is a hash that could not be computed in time.
fn refused(answer: &Response) -> bool {
    let empty = answer.header("set-cookie").is_none() && answer.member("/access_token").is_none();
    empty && (answer.is(401, "invalid_credentials") || matches!(answer.status, 429 | 503))
}

async fn attack(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let account = lab.spare().await?;
    let (_, answer) = lab.enter(&account).await?;
    found.control(answer.ok(), || answer.brief())?;
    // Where there is only one address, its own limit would answer instead.
    let count = if lab.wire.many_addresses() { GUESSES } else { 5 };
    let guesses: Vec<Request> = (0..count).map(|_| login("/api/auth/login", &account, false)).collect();
    for answer in join_all(guesses.iter().map(|guess| lab.try_send(guess))).await {
        let answer = answer?;
        found.check(refused(&answer), || format!("a wrong password: {}", answer.brief()));
    }
    let wrong = lab.send(&login("/api/auth/login", &account, false)).await?;
    for path in ["/api/auth/login", "/auth/login"] {
        let answer = lab.send(&login(path, &account, true)).await?;
        let same = answer.status == wrong.status && answer.code() == wrong.code() && refused(&answer);
        found.check(same, || format!("POST {path}, the right password after {count} wrong ones: {}", answer.brief()));
        let detail = answer.member("/detail") == wrong.member("/detail");
        found.check(detail, || "a locked account is answered otherwise than a wrong password".to_owned());
    }
    begun_before(lab, found).await
}

/// A lock holds for the second step of what began before it.
async fn begun_before(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let enrolled = lab.enrolled().await?;
    let account = &enrolled.account;
    let [first, second, ..] = enrolled.backup_codes.as_slice() else {
        return Stop::unsure("there are no backup codes");
    };
    let open = lab.challenge(account).await?;
    let answer = lab.send(&second_step(&open, "backup_code", first)).await?;
    found.control(answer.ok(), || format!("a second step with a backup code answers {}", answer.brief()))?;
    let waiting = lab.challenge(account).await?;
    for _ in 0..6 {
        let answer = lab.send(&login("/api/auth/login", account, false)).await?;
        found.check(refused(&answer), || format!("a wrong password: {}", answer.brief()));
    }
    let answer = lab.send(&second_step(&waiting, "backup_code", second)).await?;
    let held = answer.is(401, "invalid_code") && answer.header("set-cookie").is_none();
    found.check(held, || format!("a good code for a sign-in that began before the lock: {}", answer.brief()));
    let answer = lab.send(&login("/api/auth/login", account, true)).await?;
    let silent = refused(&answer) && answer.member("/challenge_id").is_none();
    found.check(silent, || format!("the right password of a locked account with a second factor: {}", answer.brief()));
    Ok(())
}
