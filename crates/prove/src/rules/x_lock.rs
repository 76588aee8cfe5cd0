//! A locked account is entered by a side door.
//!
//! Refresh tokens are not among the doors: they hold nothing that can be guessed, and a stranger's wrong passwords must not
//! end what the owner has open.

use super::guesses::{BROWSER, TOKENS, empty, right_is_refused, wrong};
use crate::accounts::Account;
use crate::ceremony::{Asked, finish, sign_in, unreadable};
use crate::lab::Lab;
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::wire::{Request, Response};
use serde_json::json;

pub(crate) static RULE: Rule = Rule {
    info: RuleInfo {
        id: "X-CVE-2026-9798",
        finding: "X-CVE-2026-9798",
        title: "A lock holds at every door, for what began before it, too",
        severity: Severity::High,
        asvs: "6.3.1",
        cwe: 307,
        expected: "After five wrong passwords: the right one on both surfaces, a good code for a sign-in that began before (both \
                   surfaces), a passkey for one that began before (first and second step), the right password and a passkey \
                   where a session is confirmed: 401.",
        help: "Ask the lock where a secret is looked at, and not where a sign-in begins.",
        weakened_by: "X-CVE-2026-9798",
        writes: true,
    },
    attack: |lab, found| Box::pin(attack(lab, found)),
};

const LOCKING: usize = 5;

async fn attack(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    for (path, step) in [(BROWSER, "/api/auth/second-factor"), (TOKENS, "/auth/login/second-factor")] {
        codes(lab, found, path, step).await?;
    }
    session(lab, found).await?;
    passkeys(lab, found).await
}

fn refused(found: &mut Findings, what: &str, answer: &Response) {
    found.check(answer.status == 401 && empty(answer), || {
        format!("{what}, while the account is locked: {}", answer.brief())
    });
}

/// As the surface of a path wants to be asked.
fn ask(path: &str) -> Request {
    let request = Request::post(path).patience(60);
    if path.starts_with("/api/") { request.same_origin() } else { request }
}

async fn waiting(lab: &Lab, path: &str, account: &Account) -> Result<String, Stop> {
    let answer = lab.send(&ask(path).json(&account.body())).await?;
    let waiting = answer.member("/challenge_id");
    waiting.ok_or_else(|| Stop::Unsure(format!("POST {path} with a second factor answers {}", answer.brief())))
}

/// The second step of a sign-in that began before the lock. An account takes three codes a minute: one has switched its app
/// on, one is the control.
async fn codes(lab: &Lab, found: &mut Findings, path: &str, step: &str) -> Result<(), Stop> {
    let enrolled = lab.enrolled().await?;
    let account = &enrolled.account;
    let [first, second, ..] = enrolled.backup_codes.as_slice() else {
        return Stop::unsure("there are no backup codes");
    };
    let proof = |challenge: &str, code: &str| ask(step).json(&json!({"challenge_id": challenge, "backup_code": code}));
    let answer = lab.send(&proof(&waiting(lab, path, account).await?, first)).await?;
    found.control(answer.ok(), || format!("POST {step} with a backup code answers {}", answer.brief()))?;
    let begun = waiting(lab, path, account).await?;
    wrong(lab, found, account, LOCKING).await?;
    refused(found, &format!("a good code at {step}"), &lab.send(&proof(&begun, second)).await?);
    right_is_refused(lab, found, account, "five wrong ones").await
}

/// What asks for the password within a session that was open before.
async fn session(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let account = lab.spare().await?;
    let (mut session, _) = lab.enter(&account).await?;
    let confirm = json!({"password": account.password});
    let answer = lab.send(&ask("/api/auth/step-up").signed_in(&session).json(&confirm)).await?;
    found.control(answer.ok(), || format!("confirming a session with the right password: {}", answer.brief()))?;
    session = session.after(&answer);
    wrong(lab, found, &account, LOCKING).await?;
    let answer = lab.send(&ask("/api/auth/step-up").signed_in(&session).json(&confirm)).await?;
    refused(found, "confirming a session with the right password", &answer);
    let change = json!({"current_password": account.password, "password": crate::accounts::fresh().password});
    let answer = lab.send(&ask("/api/auth/password").signed_in(&session).json(&change)).await?;
    refused(found, "changing the password with the right one", &answer);
    right_is_refused(lab, found, &account, "five wrong ones").await
}

/// What is asked of a passkey, as an answer that has no ceremony of its own shows it.
async fn options(lab: &Lab, request: &Request) -> Result<Asked, Stop> {
    let answer = lab.send(request).await?;
    let options = answer.json().get("passkey").filter(|options| options.is_object()).cloned();
    let options = options.ok_or_else(|| Stop::Unsure(format!("{} answers {}", request.line(), answer.brief())))?;
    Ok(Asked { id: String::new(), options })
}

/// A passkey: signing in by it, as the second step, and to confirm a session; each asked before the lock.
async fn passkeys(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let account = lab.spare().await?;
    let (session, _) = lab.enter(&account).await?;
    let device = lab.device(&account).await?;
    let asked = match lab.begin_passkey(&session).await {
        // Without passkeys there is no such door.
        Err(Stop::NotApplicable(_)) => return Ok(()),
        asked => asked?,
    };
    let made = device.create(&asked.options).ok_or_else(unreadable)?;
    let answer = lab.send(&finish(&session, &asked.id, &made)).await?;
    found.control(answer.status == 201, || format!("adding a passkey answers {}", answer.brief()))?;
    let session = session.after(&answer);
    let show = |asked: &Asked| device.get(&asked.options, &session.user_id).ok_or_else(unreadable);
    let asked = lab.ask_passkey(&account).await?;
    let answer = lab.send(&sign_in(&asked, &show(&asked)?)).await?;
    found.control(answer.ok(), || format!("signing in by a passkey answers {}", answer.brief()))?;

    let first = lab.ask_passkey(&account).await?;
    let begun = waiting(lab, BROWSER, &account).await?;
    let second = ask("/api/auth/second-factor/options").json(&json!({"challenge_id": begun}));
    let second = options(lab, &second).await?;
    let again = options(lab, &ask("/api/auth/step-up/options").signed_in(&session)).await?;
    wrong(lab, found, &account, LOCKING).await?;
    refused(found, "a passkey", &lab.send(&sign_in(&first, &show(&first)?)).await?);
    let step = ask("/api/auth/second-factor").json(&json!({"challenge_id": begun, "passkey": show(&second)?}));
    refused(found, "a passkey as the second step", &lab.send(&step).await?);
    let confirm = ask("/api/auth/step-up").signed_in(&session).json(&json!({"passkey": show(&again)?}));
    refused(found, "confirming a session with a passkey", &lab.send(&confirm).await?);
    Ok(())
}
