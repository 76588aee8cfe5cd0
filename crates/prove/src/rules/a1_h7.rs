//! A backup code that was looked at once opens the account again and again.

use crate::lab::{Lab, Session};
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::spare::second_step;
use crate::wire::Request;
use futures_util::future::join_all;
use serde_json::Value;

pub(crate) static RULE: Rule = Rule {
    info: RuleInfo {
        id: "A1-H7",
        finding: "A1-H7",
        title: "A backup code works once",
        severity: Severity::High,
        asvs: "6.5.1",
        cwe: 294,
        expected: "A backup code: 200. The same one for the next sign-in: 401 invalid_code. One code 20 times at once: one 200. \
                   The list of factors tells how many are left, and none of them.",
        help: "Delete the code in the transaction of what it proves, and look at how many rows that took.",
        weakened_by: "A1-H7",
        writes: true,
    },
    attack: |lab, found| Box::pin(attack(lab, found)),
};

pub(crate) static TOTP: Rule = Rule {
    info: RuleInfo {
        id: "A1-H7.totp",
        finding: "A1-H7",
        title: "A code of an authenticator app works once",
        severity: Severity::High,
        asvs: "6.5.1",
        cwe: 294,
        expected: "The code that switched the app on, shown again for a sign-in within its half minute: 401 invalid_code.",
        help: "Keep the last step that was used, and take only later ones.",
        weakened_by: "A1-H7.totp",
        writes: true,
    },
    attack: |lab, found| Box::pin(totp(lab, found)),
};

const AT_ONCE: usize = 20;

/// How many codes are left, as their owner sees it; the answer may hold none of them.
async fn left(lab: &Lab, found: &mut Findings, session: &Session, codes: &[String]) -> Result<Option<u64>, Stop> {
    let answer = lab.send(&Request::get("/api/auth/2fa").cookies(session)).await?;
    let text = answer.text();
    found.check(!codes.iter().any(|code| text.contains(code.as_str())), || "backup codes are shown again".to_owned());
    Ok(answer.json().get("backup_codes_left").and_then(Value::as_u64))
}

async fn attack(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    // An account takes three codes a minute, and switching the app on was one.
    let enrolled = lab.enrolled().await?;
    let code = enrolled.backup_codes.first().ok_or_else(|| Stop::Unsure("there are no backup codes".to_owned()))?;
    let before = left(lab, found, &enrolled.session, &enrolled.backup_codes).await?;
    let challenge = lab.challenge(&enrolled.account).await?;
    let answer = lab.send(&second_step(&challenge, "backup_code", code)).await?;
    found.control(answer.ok(), || format!("a second step with a backup code answers {}", answer.brief()))?;
    let challenge = lab.challenge(&enrolled.account).await?;
    let again = lab.send(&second_step(&challenge, "backup_code", code)).await?;
    found.check(again.is(401, "invalid_code") && again.header("set-cookie").is_none(), || {
        format!("the same backup code for the next sign-in: {}", again.brief())
    });
    let after = left(lab, found, &enrolled.session, &enrolled.backup_codes).await?;
    let one_less = after.zip(before).is_some_and(|(after, before)| after + 1 == before);
    found.check(one_less, || format!("of {before:?} backup codes {after:?} are left after one was used"));
    at_once(lab, found).await
}

/// One code, for several sign-ins that wait, at the same time.
async fn at_once(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let enrolled = lab.enrolled().await?;
    let code = enrolled.backup_codes.first().ok_or_else(|| Stop::Unsure("there are no backup codes".to_owned()))?;
    let mut challenges = Vec::new();
    for _ in 0..4 {
        challenges.push(lab.challenge(&enrolled.account).await?);
    }
    let tries: Vec<Request> = challenges
        .iter()
        .cycle()
        .take(AT_ONCE)
        .map(|challenge| second_step(challenge, "backup_code", code).limit_expected().patience(60))
        .collect();
    let mut entered = 0;
    for answer in join_all(tries.iter().map(|request| lab.try_send(request))).await {
        let answer = answer?;
        entered += usize::from(answer.ok());
        found.check(answer.ok() || matches!(answer.status, 401 | 410 | 429 | 503), || {
            format!("one of {AT_ONCE} uses of one backup code at once: {}", answer.brief())
        });
    }
    found.check(entered == 1, || format!("one backup code, {AT_ONCE} times at once, let {entered} in"));
    Ok(())
}

async fn totp(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let enrolled = lab.enrolled().await?;
    let challenge = lab.challenge(&enrolled.account).await?;
    let again = lab.send(&second_step(&challenge, "totp", &enrolled.used)).await?;
    found.check(again.is(401, "invalid_code") && again.header("set-cookie").is_none(), || {
        format!("the code that switched the app on, shown again: {}", again.brief())
    });
    let code = enrolled.backup_codes.first().ok_or_else(|| Stop::Unsure("there are no backup codes".to_owned()))?;
    let challenge = lab.challenge(&enrolled.account).await?;
    let answer = lab.send(&second_step(&challenge, "backup_code", code)).await?;
    found.control(answer.ok(), || format!("a second step with a backup code answers {}", answer.brief()))
}
