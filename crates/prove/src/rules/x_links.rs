//! The link of a letter leads to whoever asked for the letter.

use crate::accounts::fresh;
use crate::instance::{Bench, Instance};
use crate::rule::{Findings, RuleInfo, Severity, StartRule, Stop};
use crate::wire::Request;
use serde_json::json;

pub(crate) static RULE: StartRule = StartRule {
    info: RuleInfo {
        id: "X-GHSA-2wmj-46rj-qm2w",
        finding: "X-GHSA-2wmj-46rj-qm2w",
        title: "Links in letters lead to PUBLIC_URL, whatever a request calls the server",
        severity: Severity::Critical,
        asvs: "4.1.3",
        cwe: 640,
        expected: "Asking for a new password, for an account or for another letter under a forged Host, X-Forwarded-Host, \
                   X-Forwarded-Server, X-Original-URL or Forwarded: every link of every letter begins with PUBLIC_URL.",
        help: "Write links from the setting; no header of a request has a part in them.",
        weakened_by: "X-GHSA-2wmj-46rj-qm2w",
        writes: false,
    },
    trial: |bench, found| Box::pin(trial(bench, found)),
};

const FORGED: &[(&str, &str)] = &[
    ("Host", "evil.test"),
    ("X-Forwarded-Host", "evil.test"),
    ("X-Forwarded-Server", "evil.test"),
    ("X-Host", "evil.test"),
    ("X-Original-URL", "https://evil.test/reset"),
    ("Forwarded", "for=192.0.2.1;host=evil.test;proto=http"),
];
/// The letters of one address are counted; here they are what is looked at.
const SETTINGS: &[(&str, &str)] = &[("RATE_LIMIT_LETTERS", "1000/60")];

/// Asks so, and looks at the letter that follows. A request that is refused makes none, which is as well.
async fn ask(instance: &Instance, found: &mut Findings, what: &str, request: &Request, to: &str) -> Result<(), Stop> {
    let before = instance.owner.letters(to).await?.len();
    let answer = instance.lab.send(request).await?;
    found.check(!answer.text().contains("evil.test"), || format!("{what}: the name is repeated in the answer"));
    if !answer.ok() {
        found.check((400..500).contains(&answer.status), || format!("{what}: {}", answer.brief()));
        return Ok(());
    }
    let letters = instance.owner.wait_for_letters(to, before + 1).await?;
    for letter in letters.iter().take(letters.len() - before) {
        let links = letter.links();
        found.check(!links.is_empty(), || format!("{what}: the letter {:?} has no link", letter.subject));
        let ours = links.iter().all(|link| link.strip_prefix(&instance.url).is_some_and(|rest| rest.starts_with('/')));
        found.check(ours, || format!("{what}: a link of the letter {:?} leads elsewhere", letter.subject));
        let named = letter.text.contains("evil.test") || letter.subject.contains("evil.test");
        found.check(!named, || format!("{what}: the letter {:?} repeats the name", letter.subject));
    }
    Ok(())
}

async fn trial(bench: &Bench, found: &mut Findings) -> Result<(), Stop> {
    let instance = bench.start(SETTINGS).await?;
    let account = instance.lab.account(0).await?;
    let reset = || Request::post("/api/auth/password-reset").same_origin().json(&json!({"email": account.email}));
    let before = instance.owner.letters(&account.email).await?.len();
    let plain = instance.lab.send(&reset()).await?;
    let letters = instance.owner.wait_for_letters(&account.email, before + 1).await?;
    let proper = letters.first().and_then(|letter| letter.token("reset"));
    found.control(plain.ok() && proper.is_some(), || format!("a reset without forgery answers {}", plain.brief()))?;
    let waiting = fresh();
    instance.owner.sign_up(&waiting).await?;
    let again = json!({"email": waiting.email});
    for (name, value) in FORGED {
        ask(&instance, found, &format!("a reset with {name}"), &reset().header(name, value), &account.email).await?;
        let newcomer = fresh();
        let sign_up = crate::accounts::sign_up_request(&newcomer).header(name, value);
        ask(&instance, found, &format!("a sign-up with {name}"), &sign_up, &newcomer.email).await?;
        let resend = Request::post("/api/auth/resend-verification").same_origin().json(&again).header(name, value);
        ask(&instance, found, &format!("another letter with {name}"), &resend, &waiting.email).await?;
    }
    Ok(())
}
