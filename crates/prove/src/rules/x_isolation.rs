//! What proves one thing is taken for another.

use crate::lab::{Lab, Session};
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::spare::{Enrolled, Key, Pair, me, refresh, second_step};
use crate::wire::{Request, Response};
use serde_json::{Value, json};

pub(crate) static RULE: Rule = Rule {
    info: RuleInfo {
        id: "X-CVE-2026-114607",
        finding: "X-CVE-2026-114607",
        title: "Each kind of token proves its own thing only",
        severity: Severity::Critical,
        asvs: "9.2.2",
        cwe: 1270,
        expected: "Everything an account can hold (session, anti-forgery value, access and refresh token, challenge, trusted \
                   device, API key and its secret, authenticator's secret, ids), sent as everything else, on both surfaces and \
                   as every link of a letter: never taken. Afterwards each is still good for its own thing.",
        help: "Give every kind its own prefix, hash domain and table; the purpose is part of what is looked up.",
        weakened_by: "X-CVE-2026-114607",
        writes: true,
    },
    attack: |lab, found| Box::pin(attack(lab, found)),
};

/// A thing that somebody holds, and the places where it is good.
struct Held {
    what: &'static str,
    text: String,
    own: &'static [&'static str],
}

/// An API key and an access token may each come in either header: one verifier tells them apart.
const TOKEN: &[&str] = &["bearer", "x-api-key"];

/// All that one account holds, so that a mix-up within one account is seen too.
struct Purse {
    enrolled: Enrolled,
    session: Session,
    pair: Pair,
    challenge: String,
    device: String,
    key: Key,
}

impl Purse {
    async fn fill(lab: &Lab) -> Result<Self, Stop> {
        let enrolled = lab.enrolled().await?;
        let (session, account) = (enrolled.session.clone(), &enrolled.account);
        let [_, second, ..] = enrolled.backup_codes.as_slice() else {
            return Stop::unsure("there are no backup codes");
        };
        let device = lab.trusted_device(&enrolled).await?;
        let answer = lab.send(&Request::post("/auth/login").json(&account.body())).await?;
        let waiting = answer.member("/challenge_id").unwrap_or_default();
        let body = json!({"challenge_id": waiting, "backup_code": second});
        let answer = lab.send(&Request::post("/auth/login/second-factor").json(&body)).await?;
        let Some(pair) = Pair::read(&answer) else {
            return Stop::unsure(format!("the second step of the token surface answers {}", answer.brief()));
        };
        let wish =
            json!({"name": "prove", "scopes": ["identity:read"], "expires_in_days": 1, "signing": {"kind": "hmac"}});
        let key = lab.api_key(&pair.access, &wish).await?;
        let challenge = lab.challenge(account).await?;
        Ok(Self { enrolled, session, pair, challenge, device, key })
    }

    fn all(&self) -> Vec<Held> {
        let held = |what, text: &str, own| Held { what, text: text.to_owned(), own };
        vec![
            held("a session", &self.session.sid, &["session"]),
            held("an anti-forgery value", &self.session.csrf, &["anti-forgery"]),
            held("an access token", &self.pair.access, TOKEN),
            held("a refresh token", &self.pair.refresh, &["refresh"]),
            held("a challenge", &self.challenge, &["challenge", "challenge options"]),
            held("a trusted device", &self.device, &["device"]),
            held("an API key", &self.key.text, TOKEN),
            held("an API key's signing secret", self.key.signing_secret.as_deref().unwrap_or(""), &[]),
            held("an authenticator's secret", &self.enrolled.written, &[]),
            held("a used code", &self.enrolled.used, &[]),
            held("the id of a key", &self.key.id, &[]),
            held("the id of an account", &self.session.user_id, &[]),
            held("the address", &self.enrolled.account.email, &[]),
        ]
    }
}

/// One request a verifier, with this text as what it looks for.
fn verifiers(text: &str, purse: &Purse, links: bool) -> Vec<(&'static str, Request)> {
    let account = &purse.enrolled.account;
    let cookie = |value: String| Request::get("/api/auth/me").header("Cookie", &value);
    let post = |path: &str, body: &Value| Request::post(path).same_origin().json(body);
    let forged = Session { csrf: text.to_owned(), ..purse.session.clone() };
    let step = json!({"challenge_id": text, "totp": "000000"});
    let login = post("/api/auth/login", &account.body());
    let mut all = vec![
        ("session", cookie(format!("__Host-sid={text}"))),
        ("bearer", me(text)),
        ("x-api-key", Request::get("/api/auth/me").header("X-API-Key", text)),
        ("basic", Request::get("/api/auth/me").header("Authorization", &format!("Basic {text}"))),
        ("refresh", refresh(text)),
        ("challenge", second_step(text, "totp", "000000")),
        ("challenge of the token surface", Request::post("/auth/login/second-factor").json(&step)),
        ("challenge options", post("/api/auth/second-factor/options", &json!({"challenge_id": text}))),
        ("ceremony", post("/api/auth/passkeys/sign-in/finish", &json!({"ceremony_id": text, "credential": {}}))),
        ("anti-forgery", post("/api/moods", &json!({"score": 99})).signed_in(&forged)),
        ("device", login.header("Cookie", &format!("__Host-device={text}"))),
    ];
    if links {
        let password = format!("{} stolen", account.password);
        all.extend([
            ("verify link", post("/api/auth/verify-email", &json!({"token": text}))),
            ("unlock link", post("/api/auth/unlock", &json!({"token": text}))),
            ("not-me link", post("/api/auth/not-me", &json!({"token": text}))),
            ("reset link", post("/api/auth/password-reset/confirm", &json!({"token": text, "password": password}))),
        ]);
    }
    all
}

/// Whether a verifier took what it was shown.
fn taken(verifier: &str, answer: &Response) -> bool {
    match verifier {
        // Past the protection, its content is wrong.
        "anti-forgery" => answer.status != 403,
        // The password is right; what a device adds to it is the second step.
        "device" => answer.ok() && answer.member("/challenge_id").is_none(),
        _ => !(400..500).contains(&answer.status) && answer.status != 503,
    }
}

/// Each is good where it belongs; what would be used up by that comes last.
async fn own(lab: &Lab, found: &mut Findings, purse: &Purse) -> Result<(), Stop> {
    let account = &purse.enrolled.account;
    let options = json!({"challenge_id": purse.challenge});
    let login = Request::post("/api/auth/login").same_origin().json(&account.body());
    for (what, request) in [
        ("a session", Request::get("/api/auth/me").cookies(&purse.session)),
        ("an access token", me(&purse.pair.access)),
        ("an API key", me(&purse.key.text)),
        ("a challenge", Request::post("/api/auth/second-factor/options").same_origin().json(&options)),
        ("a trusted device", login.header("Cookie", &format!("__Host-device={}", purse.device))),
        ("a refresh token", refresh(&purse.pair.refresh)),
    ] {
        let answer = lab.send(&request).await?;
        let good = answer.ok() && (what != "a trusted device" || answer.cookie("__Host-sid").is_some());
        found.control(good, || format!("{what}, for its own thing, answers {}", answer.brief()))?;
    }
    let write = Request::post("/api/moods").same_origin().signed_in(&purse.session).json(&json!({"score": 99}));
    let answer = lab.send(&write).await?;
    found.control(answer.status == 422, || format!("an anti-forgery value, for its own thing: {}", answer.brief()))
}

async fn attack(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let purse = Purse::fill(lab).await?;
    // One address may use ten links an hour; there the links are left to the rule about resets.
    let links = lab.wire.many_addresses();
    for held in purse.all() {
        for (verifier, request) in verifiers(&held.text, &purse, links) {
            if held.own.contains(&verifier) {
                continue;
            }
            // A limit that answers has taken nothing either.
            let answer = lab.send(&request.limit_expected()).await?;
            found.check(!taken(verifier, &answer), || format!("{} as {verifier}: {}", held.what, answer.brief()));
        }
    }
    own(lab, found, &purse).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_refusal_is_told_from_an_entry() {
        let answer = |status: u16, body: &str, cookie: Option<&str>| Response {
            status,
            headers: cookie.map(|cookie| ("set-cookie".to_owned(), cookie.to_owned())).into_iter().collect(),
            body: body.as_bytes().to_vec(),
            took: Duration::ZERO,
            sent: 0,
        };
        assert!(taken("bearer", &answer(200, "{}", None)) && !taken("bearer", &answer(401, "{}", None)));
        assert!(taken("refresh", &answer(500, "{}", None)), "what breaks has not refused");
        assert!(taken("anti-forgery", &answer(422, "{}", None)) && !taken("anti-forgery", &answer(403, "{}", None)));
        assert!(!taken("device", &answer(200, r#"{"challenge_id":"step_x"}"#, None)));
        assert!(taken("device", &answer(200, r#"{"status":"signed_in"}"#, Some("__Host-sid=sid_x; Path=/"))));
    }
}
