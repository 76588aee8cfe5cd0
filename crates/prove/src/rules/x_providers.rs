//! Whoever registers somebody's address first waits in their account for them to come by another provider.

use crate::accounts::{Account, fresh};
use crate::instance::{Bench, Instance, Issuer, Person};
use crate::lab::Session;
use crate::material::{noise, seconds};
use crate::rule::{Findings, RuleInfo, Severity, StartRule, Stop};
use crate::wire::{Request, Response};
use serde_json::{Value, json};

pub(crate) static RULE: StartRule = StartRule {
    info: RuleInfo {
        id: "X-CVE-2026-53516",
        finding: "X-CVE-2026-53516",
        title: "An address registered before leads nobody from another provider into that account",
        severity: Severity::Critical,
        asvs: "6.8.1",
        cwe: 287,
        expected: "The address registered and never confirmed, then its owner comes by a provider: an account of their own; \
                   the password of before opens nothing, then or by its letter. Registered and confirmed: no session. An \
                   address that the provider does not vouch for: no session.",
        help: "Know people of other providers by issuer and subject; connect accounts only for whoever is signed in to both.",
        weakened_by: "X-CVE-2026-53516",
        writes: false,
    },
    trial: |bench, found| Box::pin(trial(bench, found)),
};

fn person(email: &str, verified: Value) -> Person {
    Person { subject: format!("prove-{:016x}", noise()), email: email.to_owned(), verified }
}

/// Signs in by the provider, as a browser does; where that ends.
pub(super) async fn come(instance: &Instance, issuer: &Issuer, person: &Person) -> Result<Response, Stop> {
    let left = instance.lab.send(&Request::get(Issuer::BEGIN)).await?;
    let (location, state) = (left.header("location").unwrap_or(""), left.cookie("__Host-oidc"));
    let back = seconds(&left).and_then(|now| issuer.consent(location, person, now));
    let (Some(state), Some(back)) = (state, back) else {
        return Stop::unsure(format!("{} does not lead to the provider: {}", Issuer::BEGIN, left.brief()));
    };
    instance.lab.send(&Request::get(&back).header("Cookie", &format!("__Host-oidc={state}"))).await
}

/// Who has come; `None` when nobody was let in.
async fn who(instance: &Instance, answer: &Response) -> Result<Option<(Session, Response)>, Stop> {
    let (Some(sid), Some(csrf)) = (answer.cookie("__Host-sid"), answer.cookie("__Host-csrf")) else { return Ok(None) };
    let mut session = Session::of(sid, csrf, String::new());
    let me = instance.lab.send(&Request::get("/api/auth/me").cookies(&session)).await?;
    session.user_id = me.member("/user/id").unwrap_or_default();
    Ok(Some((session, me)))
}

/// Signing in with the password, on both surfaces.
pub(super) fn sign_ins(account: &Account) -> [Request; 2] {
    let body = account.body();
    [Request::post("/api/auth/login").same_origin().json(&body), Request::post("/auth/login").json(&body)]
}

async fn refused(instance: &Instance, found: &mut Findings, what: &str, account: &Account) -> Result<(), Stop> {
    for request in sign_ins(account) {
        let answer = instance.lab.send(&request).await?;
        found.check(answer.status == 401, || format!("{what}, {}: {}", request.line(), answer.brief()));
    }
    Ok(())
}

/// Registered by somebody who cannot read the mail.
async fn never_confirmed(instance: &Instance, issuer: &Issuer, found: &mut Findings) -> Result<(), Stop> {
    let attacker = fresh();
    let letter = instance.owner.sign_up(&attacker).await?;
    let answer = come(instance, issuer, &person(&attacker.email, json!(true))).await?;
    let Some((_, me)) = who(instance, &answer).await? else {
        return Stop::unsure(format!("somebody new is not let in by the provider: {}", answer.brief()));
    };
    let theirs = me.member("/user/email").as_deref() == Some(attacker.email.as_str());
    found.control(theirs, || "whoever came by the provider is somebody else".to_owned())?;
    refused(instance, found, "the password of a registration that was never confirmed", &attacker).await?;
    // The owner of the mailbox opens the attacker's letter after all.
    let late = instance.owner.confirm(&letter).await?;
    found.check(late.status == 410, || format!("the letter of that registration, later: {}", late.brief()));
    refused(instance, found, "that password after the letter was opened", &attacker).await
}

/// Registered by somebody who could read the mail once, and stayed signed in.
async fn confirmed(instance: &Instance, issuer: &Issuer, found: &mut Findings) -> Result<(), Stop> {
    let lab = &instance.lab;
    let attacker = lab.spare().await?;
    let (session, _) = lab.enter(&attacker).await?;
    let victim = person(&attacker.email, json!(true));
    for turn in ["first", "second"] {
        let answer = come(instance, issuer, &victim).await?;
        let shared = match who(instance, &answer).await? {
            Some((theirs, _)) => theirs.user_id == session.user_id,
            None => false,
        };
        found.check(!shared, || format!("the {turn} sign-in by the provider opens an account that somebody else made"));
    }
    let list = lab.send(&Request::get("/api/auth/connections").cookies(&session)).await?;
    let empty = list.json().get("items").and_then(Value::as_array).is_some_and(Vec::is_empty);
    found.check(list.ok() && empty, || "the account that was there is connected with the provider now".to_owned());
    Ok(())
}

async fn trial(bench: &Bench, found: &mut Findings) -> Result<(), Stop> {
    let issuer = Issuer::start().await?;
    let instance = bench.start(&issuer.settings()).await?;
    never_confirmed(&instance, &issuer, found).await?;
    confirmed(&instance, &issuer, found).await?;
    for verified in [json!(false), json!("true"), json!(1), json!(null)] {
        let nobody = fresh();
        let answer = come(&instance, &issuer, &person(&nobody.email, verified.clone())).await?;
        let inside = who(&instance, &answer).await?.is_some();
        found.check(!inside, || format!("an address with email_verified {verified} is believed"));
    }
    Ok(())
}
