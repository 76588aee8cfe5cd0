//! A password is set anew by somebody who has not read the owner's mail.

use crate::accounts::Account;
use crate::lab::Lab;
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::wire::Request;
use serde_json::{Value, json};

pub(crate) static RULE: Rule = Rule {
    info: RuleInfo {
        id: "X-CVE-2026-18963",
        finding: "X-CVE-2026-18963",
        title: "Only the letter's link sets a password",
        severity: Severity::Critical,
        asvs: "6.4.3",
        cwe: 640,
        expected: "Asking for a reset under a forged X-Forwarded-Host or Forwarded: the same 202 as ever. Setting a password with the address, the account's id, a made-up or no token: 410 or 422; the old password \
                   still opens the account.",
        help: "A reset is named by the token of its letter alone; the letter's link begins with PUBLIC_URL.",
        weakened_by: "X-CVE-2026-18963",
        writes: true,
    },
    attack: |lab, found| Box::pin(attack(lab, found)),
};

async fn asking(lab: &Lab, found: &mut Findings, account: &Account) -> Result<(), Stop> {
    let ask = || Request::post("/api/auth/password-reset").json(&json!({"email": account.email}));
    let plain = lab.send(&ask().same_origin()).await?;
    found.control(plain.status == 202, || format!("POST /api/auth/password-reset answers {}", plain.brief()))?;
    for (name, value) in [("X-Forwarded-Host", "evil.test"), ("Forwarded", "host=evil.test;proto=http")] {
        let answer = lab.send(&ask().same_origin().header(name, value)).await?;
        let same = answer.status == plain.status && answer.body == plain.body;
        found.check(same, || format!("asking for a reset with {name}: {}", answer.brief()));
        found.check(!answer.text().contains("evil.test"), || format!("{name} is repeated in the answer"));
    }
    Ok(())
}

async fn attack(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let account = lab.spare().await?;
    let (session, _) = lab.enter(&account).await?;
    asking(lab, found, &account).await?;
    let letters = "A".repeat(43);
    let password = format!("{} stolen", account.password);
    let tokens = [
        ("the address", json!(account.email)),
        ("the account's id", json!(session.user_id)),
        ("a session", json!(session.sid)),
        ("a made-up link", json!(format!("reset_{letters}"))),
        ("an empty link", json!("reset_")),
        ("nothing", json!("")),
        ("a piece of SQL", json!("' or 1=1 --")),
        ("null", Value::Null),
        ("true", json!(true)),
        ("letters", json!(letters)),
        ("an object", json!({"$ne": null})),
        ("a list", json!(["reset"])),
    ];
    let mut bodies: Vec<(&str, Value)> =
        tokens.into_iter().map(|(what, token)| (what, json!({"token": token, "password": password}))).collect();
    if lab.wire.many_addresses() {
        bodies.push(("no token", json!({"password": password})));
        bodies.push(("an address beside it", json!({"password": password, "email": account.email})));
        bodies.push(("an id beside it", json!({"password": password, "user_id": session.user_id})));
    } else {
        // Ten links an hour from one address.
        bodies.truncate(9);
    }
    for (what, body) in bodies {
        let request = Request::post("/api/auth/password-reset/confirm").same_origin().json(&body);
        let answer = lab.send(&request).await?;
        found.check(matches!(answer.status, 410 | 422), || {
            format!("setting a password with {what} for a token: {}", answer.brief())
        });
    }
    let stolen = Account { password, ..account.clone() };
    let answer = lab.send(&Request::post("/api/auth/login").same_origin().json(&stolen.body())).await?;
    found.check(answer.status == 401, || format!("the password that was never set: {}", answer.brief()));
    let still = lab.send(&Request::get("/api/auth/me").cookies(&session)).await?;
    found.check(still.ok(), || format!("the owner's session after all that: {}", still.brief()));
    let own = lab.send(&Request::post("/api/auth/login").same_origin().json(&account.body())).await?;
    found.check(own.ok(), || format!("the owner's password after all that: {}", own.brief()));
    Ok(())
}
