//! Whoever holds a session guesses the secret that is asked for again, where nobody counts.

use super::guesses::{empty, right_is_refused, wrong};
use crate::lab::Lab;
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::wire::{Request, Response};
use serde_json::{Value, json};

pub(crate) static RULE: Rule = Rule {
    info: RuleInfo {
        id: "X-CVE-2026-123521",
        finding: "X-CVE-2026-123521",
        title: "A secret that is asked for again is counted as at sign-in",
        severity: Severity::High,
        asvs: "6.3.1",
        cwe: 307,
        expected: "Wrong secrets where a session is confirmed, a password changed and an app switched off: at most five are looked at \
                   (three codes a minute); together with wrong ones at sign-in, five lock: then the right one is refused at both.",
        help: "One counter for every place that checks a secret of the account, asked before the secret is looked at.",
        weakened_by: "X-CVE-2026-123521",
        writes: true,
    },
    attack: |lab, found| Box::pin(attack(lab, found)),
};

const CODE: &str = "ZZ-ZZZZZ-ZZZZZ";
const TRIES: usize = 8;

async fn attack(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    step_up(lab, found).await?;
    change(lab, found).await?;
    codes(lab, found).await
}

/// A wrong one, or one that is not looked at.
fn held(found: &mut Findings, what: &str, answer: &Response) {
    let held = empty(answer) && matches!(answer.status, 401 | 429 | 503);
    found.check(held, || format!("{what}: {}", answer.brief()));
}

async fn step_up(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let account = lab.spare().await?;
    let (mut session, _) = lab.enter(&account).await?;
    let confirm = |session: &_, password: &Value| {
        let request = Request::post("/api/auth/step-up").same_origin().signed_in(session);
        request.json(&json!({"password": password})).limit_expected()
    };
    let answer = lab.send(&confirm(&session, &account.body()["password"])).await?;
    found.control(answer.ok(), || format!("confirming a session with the right password: {}", answer.brief()))?;
    session = session.after(&answer);
    let mut looked = 0;
    for _ in 0..TRIES {
        let answer = lab.send(&confirm(&session, &account.wrong()["password"])).await?;
        held(found, "confirming a session with a wrong password", &answer);
        looked += usize::from(answer.status == 401);
    }
    found
        .check((1..=3).contains(&looked), || format!("{looked} passwords were looked at where a session is confirmed"));
    wrong(lab, found, &account, 5_usize.saturating_sub(looked)).await?;
    let answer = lab.send(&confirm(&session, &account.body()["password"])).await?;
    held(found, "confirming a session with the right password after five wrong ones", &answer);
    right_is_refused(lab, found, &account, "wrong ones where a session is confirmed").await
}

async fn change(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let account = lab.spare().await?;
    let (session, _) = lab.enter(&account).await?;
    let next = crate::accounts::fresh().password;
    let change = |session: &_, current: &Value, next: &str| {
        let request = Request::post("/api/auth/password").same_origin().signed_in(session).patience(60);
        request.json(&json!({"current_password": current, "password": next})).limit_expected()
    };
    let right = &account.body()["password"];
    let answer = lab.send(&change(&session, right, &next)).await?;
    found.control(answer.ok(), || format!("changing a password with the right one: {}", answer.brief()))?;
    let session = session.after(&answer);
    let account = crate::accounts::Account { password: next, ..account };
    let again = crate::accounts::fresh().password;
    for _ in 0..4 {
        let answer = lab.send(&change(&session, &account.wrong()["password"], &again)).await?;
        held(found, "changing a password with a wrong one", &answer);
    }
    wrong(lab, found, &account, 1).await?;
    let answer = lab.send(&change(&session, &account.body()["password"], &again)).await?;
    held(found, "changing a password with the right one after five wrong ones", &answer);
    right_is_refused(lab, found, &account, "wrong ones where it is changed").await
}

/// Where codes are asked for.
async fn codes(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let enrolled = lab.enrolled().await?;
    let session = &enrolled.session;
    let ask =
        |path: &str, body: &Value| Request::post(path).same_origin().signed_in(session).json(body).limit_expected();
    let both = [("/api/auth/2fa/disable", "code"), ("/api/auth/step-up", "backup_code")];
    let mut looked = 0;
    for _ in 0..3 {
        for (path, member) in both {
            let answer = lab.send(&ask(path, &json!({member: CODE}))).await?;
            held(found, &format!("a wrong code at {path}"), &answer);
            looked += usize::from(answer.status == 401);
        }
    }
    // Switching the app on was one of three.
    found.check((1..=3).contains(&looked), || format!("{looked} codes were looked at where they are asked for again"));
    wrong(lab, found, &enrolled.account, 5_usize.saturating_sub(looked)).await?;
    let code = enrolled.backup_codes.first().ok_or_else(|| Stop::Unsure("there are no backup codes".to_owned()))?;
    for (path, member) in both {
        let answer = lab.send(&ask(path, &json!({member: code}))).await?;
        held(found, &format!("a good code at {path} after five wrong tries"), &answer);
    }
    right_is_refused(lab, found, &enrolled.account, "wrong codes where they are asked for again").await
}
