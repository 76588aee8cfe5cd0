//! Codes are guessed a few at a time, in one sign-in after another.

use super::guesses::{empty, right_is_refused, wrong};
use crate::lab::Lab;
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::spare::second_step;
use std::time::Instant;

pub(crate) static RULE: Rule = Rule {
    info: RuleInfo {
        id: "X-CVE-2025-64102",
        finding: "X-CVE-2025-64102",
        title: "Codes are counted by account, whichever sign-in they come in",
        severity: Severity::High,
        asvs: "6.5.5",
        cwe: 307,
        expected: "Eight wrong codes in four sign-ins at once: at most three are looked at, and then not even a good code in a \
                   fifth one. Four wrong passwords and a wrong code in one sign-in: a good code in another one is 401.",
        help: "Limit and lock by account, before the code is looked at; what waits for a code has no counter of its own.",
        weakened_by: "X-CVE-2025-64102",
        writes: true,
    },
    attack: |lab, found| Box::pin(attack(lab, found)),
};

const WRONG: &str = "ZZ-ZZZZZ-ZZZZZ";
/// Codes an account takes at once; another one every so many seconds.
const ALLOWED: u64 = 3;
const RETURNS: u64 = 20;

async fn attack(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    limit(lab, found).await?;
    lock(lab, found).await
}

async fn limit(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let enrolled = lab.enrolled().await?;
    let [first, second, ..] = enrolled.backup_codes.as_slice() else {
        return Stop::unsure("there are no backup codes");
    };
    let began = Instant::now();
    let challenge = lab.challenge(&enrolled.account).await?;
    let answer = lab.send(&second_step(&challenge, "backup_code", first)).await?;
    found.control(answer.ok(), || format!("a second step with a backup code answers {}", answer.brief()))?;
    let mut challenges = Vec::new();
    for _ in 0..4 {
        challenges.push(lab.challenge(&enrolled.account).await?);
    }
    // Begun now: the password takes a slow server longer than the limit needs to let another code in.
    let fresh = lab.challenge(&enrolled.account).await?;
    // Switching the app on was a code, too.
    let mut looked = 2;
    for challenge in challenges.iter().chain(&challenges) {
        let proof = if looked % 2 == 0 { ("totp", "000000") } else { ("backup_code", WRONG) };
        let answer = lab.send(&second_step(challenge, proof.0, proof.1).limit_expected()).await?;
        looked += u64::from(answer.status != 429);
        let silent = empty(&answer) && (answer.is(401, "invalid_code") || answer.status == 429);
        found.check(silent, || format!("a wrong code: {}", answer.brief()));
    }
    let allowed = ALLOWED + 1 + began.elapsed().as_secs() / RETURNS;
    found.check(looked <= allowed, || format!("{looked} codes of one account were looked at within a minute"));
    let answer = lab.send(&second_step(&fresh, "backup_code", second).limit_expected()).await?;
    let held = empty(&answer) && matches!(answer.status, 401 | 429);
    found.check(held, || format!("a good code in a fresh sign-in, after wrong ones in others: {}", answer.brief()));
    Ok(())
}

async fn lock(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let enrolled = lab.enrolled().await?;
    let account = &enrolled.account;
    let code = enrolled.backup_codes.first().ok_or_else(|| Stop::Unsure("there are no backup codes".to_owned()))?;
    let (one, other) = (lab.challenge(account).await?, lab.challenge(account).await?);
    wrong(lab, found, account, 4).await?;
    let answer = lab.send(&second_step(&one, "backup_code", WRONG)).await?;
    found.check(answer.is(401, "invalid_code"), || format!("a wrong code: {}", answer.brief()));
    let answer = lab.send(&second_step(&other, "backup_code", code)).await?;
    let held = empty(&answer) && answer.is(401, "invalid_code");
    found.check(held, || {
        format!("a good code after four wrong passwords and a wrong code elsewhere: {}", answer.brief())
    });
    right_is_refused(lab, found, account, "four wrong ones and a wrong code").await
}
