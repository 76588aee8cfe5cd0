//! Sign-in and sign-up tell who has an account here.

use crate::accounts::{Account, fresh, sign_up_request};
use crate::lab::Lab;
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::wire::{Request, Response};
use serde_json::json;

pub(crate) static SIGN_IN: Rule = Rule {
    info: RuleInfo {
        id: "A1-H4",
        finding: "A1-H4",
        title: "A failed sign-in looks the same for known and unknown addresses",
        severity: Severity::High,
        asvs: "6.3.8",
        cwe: 204,
        expected: "Interleaved wrong passwords for known and unknown addresses: 401 invalid_credentials, bodies equal byte by \
                   byte but for the correlation id, the same headers, the same length.",
        help: "One refusal for every reason; an unknown address costs the same hash as a known one.",
        weakened_by: "A1-H4",
        writes: false,
    },
    attack: |lab, found| Box::pin(sign_in(lab, found)),
};

pub(crate) static SIGN_UP: Rule = Rule {
    info: RuleInfo {
        id: "A1-H4.signup",
        finding: "A1-H4",
        title: "A sign-up looks the same for taken and free addresses",
        severity: Severity::High,
        asvs: "6.3.8",
        cwe: 204,
        expected: "Interleaved sign-ups with a taken and a free address: the same status, body, headers and length.",
        help: "Answer that a confirmation will be sent, whatever the address; the mail tells the rest.",
        weakened_by: "A1-H4",
        writes: true,
    },
    attack: |lab, found| Box::pin(sign_up(lab, found)),
};

pub(crate) static LETTERS: Rule = Rule {
    info: RuleInfo {
        id: "A1-H4.letters",
        finding: "A1-H4",
        title: "Asking for a letter looks the same for known and unknown addresses",
        severity: Severity::High,
        asvs: "6.3.8",
        cwe: 204,
        expected: "A reset of the password and another confirmation, for a known and an unknown address: 202, the same body, \
                   headers and length.",
        help: "Write the errand down and answer at once; whether there is anybody to write to is found out later.",
        weakened_by: "A1-H4",
        writes: true,
    },
    attack: |lab, found| Box::pin(letters(lab, found)),
};

/// Headers that differ with time and count, not with the account.
const MOVING: &[&str] = &["x-request-id", "date", "ratelimit", "x-ratelimit-remaining", "x-ratelimit-reset"];

/// All of an answer that must not depend on the account, as text.
fn outline(answer: &Response) -> (u16, Vec<String>, String) {
    let id = answer.header("x-request-id").unwrap_or("");
    let text = answer.text();
    let body = if id.is_empty() { text } else { text.replace(id, "ID") };
    let mut headers: Vec<String> = answer
        .headers
        .iter()
        .map(|(name, value)| if MOVING.contains(&name.as_str()) { name.clone() } else { format!("{name}: {value}") })
        .collect();
    headers.sort_unstable();
    (answer.status, headers, body)
}

fn compare(found: &mut Findings, known: &Response, unknown: &Response) {
    let ((status, headers, body), other) = (outline(known), outline(unknown));
    found.check(status == other.0, || format!("status {status} for a known address, {} for an unknown one", other.0));
    found.check(body == other.2, || "the bodies differ".to_owned());
    let odd =
        headers.iter().find(|line| !other.1.contains(line)).or(other.1.iter().find(|line| !headers.contains(line)));
    found.check(odd.is_none(), || {
        format!("the headers differ: {}", odd.and_then(|line| line.split(':').next()).unwrap_or_default())
    });
}

/// An address that nobody has, as long as the known one.
fn stranger(known: &Account) -> String {
    let noise = format!("{:016x}{:016x}", crate::material::noise(), crate::material::noise());
    let (local, domain) = known.email.split_once('@').unwrap_or(("prove", "example.com"));
    let name: String = noise.chars().cycle().take(local.len().max(12)).collect();
    format!("{name}@{domain}")
}

async fn sign_in(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    // Four wrong tries an account at most: a fifth may lock it.
    const TRIES: usize = 4;
    let known = lab.account(3).await?;
    let (_, answer) = lab.sign_in(3).await?;
    found.control(answer.ok(), || answer.brief())?;
    for (path, browser) in [("/api/auth/login", true), ("/auth/login", false)] {
        for round in 0..TRIES / 2 {
            let password = format!("not the password {round}");
            let mut pair = Vec::new();
            for email in [known.email.clone(), stranger(&known)] {
                let mut request = Request::post(path);
                if browser {
                    request = request.same_origin();
                }
                let answer = lab.send(&request.json(&json!({"email": email, "password": password}))).await?;
                found.check(answer.is(401, "invalid_credentials"), || {
                    format!("POST {path}, wrong password: {}", answer.brief())
                });
                found.check(answer.header("set-cookie").is_none(), || format!("POST {path}, wrong password: a cookie"));
                pair.push(answer);
            }
            compare(found, &pair[0], &pair[1]);
        }
    }
    Ok(())
}

async fn letters(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let known = lab.account(3).await?;
    for path in ["/api/auth/password-reset", "/api/auth/resend-verification"] {
        let ask = |email: &str| Request::post(path).same_origin().json(&json!({"email": email}));
        // First of all: where there is nothing to ask for letters, both answers are the same and prove nothing.
        let first = lab.send(&ask(&known.email)).await?;
        found.control(first.ok(), || format!("POST {path} for a known address: {}", first.brief()))?;
        let second = lab.send(&ask(&stranger(&known))).await?;
        for answer in [&first, &second] {
            found.check(answer.status == 202, || format!("POST {path}: {}", answer.brief()));
        }
        compare(found, &first, &second);
    }
    Ok(())
}

async fn sign_up(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let taken = lab.account(0).await?;
    // Three sign-ups a minute and address.
    let rounds = if lab.wire.many_addresses() { 3 } else { 1 };
    for _ in 0..rounds {
        let free = fresh();
        let same_password = Account { email: taken.email.clone(), password: free.password.clone() };
        let first = lab.send(&sign_up_request(&same_password)).await?;
        let second = lab.send(&sign_up_request(&free)).await?;
        if first.is(403, "registration_closed") && second.is(403, "registration_closed") {
            return Err(Stop::NotApplicable("registration is closed".to_owned()));
        }
        if first.is(403, "invite_required") && second.is(403, "invite_required") {
            return Err(Stop::NotApplicable("accounts are made by invitation".to_owned()));
        }
        lab.also_remove(free.clone());
        found.control(second.ok(), || format!("signing up with a free address answers {}", second.brief()))?;
        // An account begins with its letter's link; until then it is answered as one that nobody has.
        let body = json!({"email": free.email, "password": free.password});
        let login = lab.send(&Request::post("/api/auth/login").same_origin().json(&body)).await?;
        found.check(login.is(401, "invalid_credentials"), || {
            format!("signing in before the address is confirmed answers {}", login.brief())
        });
        compare(found, &first, &second);
        // The taken account must still be its owner's.
        let stolen = json!({"email": taken.email, "password": free.password});
        let login = lab.send(&Request::post("/api/auth/login").same_origin().json(&stolen)).await?;
        found.check(login.status == 401, || format!("a second sign-up changed the password: {}", login.brief()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn answer(id: &str, detail: &str, extra: Option<&str>) -> Response {
        let mut headers = vec![("x-request-id".to_owned(), id.to_owned())];
        headers.extend(extra.map(|name| (name.to_owned(), "1".to_owned())));
        let body = format!("{{\"detail\":\"{detail}\",\"correlation_id\":\"{id}\"}}").into_bytes();
        Response { status: 401, headers, body, took: Duration::ZERO, sent: 0 }
    }

    #[test]
    fn only_the_id_may_differ() {
        let wrong = |other: &Response| {
            let mut found = Findings::default();
            compare(&mut found, &answer("a-1", "Invalid", None), other);
            found.wrong
        };
        assert!(wrong(&answer("b-2", "Invalid", None)).is_empty());
        assert_eq!(wrong(&answer("b-2", "No such user", None)), ["the bodies differ"]);
        assert_eq!(wrong(&answer("b-2", "Invalid", Some("x-locked"))), ["the headers differ: x-locked"]);
    }

    #[test]
    fn a_stranger_is_as_long_as_the_known() {
        let known = Account { email: "prove-0123456789abcdef@example.com".into(), password: String::new() };
        assert_eq!(stranger(&known).len(), known.email.len());
        assert_ne!(stranger(&known), stranger(&known));
    }
}
