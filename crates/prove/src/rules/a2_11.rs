//! Text that would be a statement if it were ever put into one.

use crate::lab::Lab;
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::wire::{Request, Response};
use serde_json::{Value, json};
use std::time::Duration;

pub(crate) static RULE: Rule = Rule {
    info: RuleInfo {
        id: "A2-11",
        finding: "A2-11",
        title: "What people write is never part of a statement",
        severity: Severity::High,
        asvs: "1.2.4",
        cwe: 89,
        expected: "Quotes, comments, unions, stacked statements and sleeps in notes, titles, addresses, ids and queries: no 5xx, \
                   nobody signed in, no list longer than before, no answer that waits; what was stored comes back letter for letter.",
        help: "Statements are constants; values are bound. A type that only takes constants makes the rest a compile error.",
        weakened_by: "A2-11",
        writes: true,
    },
    attack: |lab, found| Box::pin(attack(lab, found)),
};

const PAYLOADS: &[&str] = &[
    "' OR '1'='1",
    "' OR '1'='1' --",
    "'; DROP TABLE users; --",
    "' UNION SELECT null, null, null --",
    "\" OR \"\"=\"",
    "') OR ('1'='1",
    "'; SELECT pg_sleep(9); --",
    "' AND 9=(SELECT 9 FROM pg_sleep(9)) --",
    "' AND randomblob(900000000) --",
    "1; WAITFOR DELAY '0:0:9' --",
    "\\' OR 1=1 #",
    "%27%20OR%201%3D1",
];
/// A statement that sleeps sleeps for nine seconds.
const SOON: Duration = Duration::from_secs(7);

/// For a path: every byte that is not a letter or a digit written as two hexadecimal ones.
fn escaped(text: &str) -> String {
    let letter =
        |byte: u8| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(letter).collect()
}

fn sound(found: &mut Findings, what: &str, answer: &Response) {
    found.check(answer.status < 500, || format!("{what}: {}", answer.brief()));
    found.check(answer.took < SOON, || format!("{what}: it waited for {} s", answer.took.as_secs()));
}

fn items(answer: &Response) -> usize {
    answer.json().get("items").and_then(Value::as_array).map_or(0, Vec::len)
}

async fn attack(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let token = lab.token(0).await?;
    let post = |note: &str| Request::post("/api/moods").bearer(&token).json(&json!({"score": 0, "note": note}));
    let plain = lab.send(&post("a quiet day")).await?;
    found.control(plain.ok(), || format!("POST /api/moods with a plain note: {}", plain.brief()))?;
    if let Some(id) = plain.member("/id") {
        lab.delete(&format!("/api/moods/{id}"), &token).await;
    }
    let before = items(&lab.send(&Request::get("/api/moods").bearer(&token)).await?);
    for payload in PAYLOADS {
        let answer = lab.send(&post(payload)).await?;
        sound(found, &format!("the note {payload:?}"), &answer);
        if let Some(id) = answer.member("/id").filter(|_| answer.ok()) {
            let path = format!("/api/moods/{id}");
            let read = lab.send(&Request::get(&path).bearer(&token)).await?;
            let kept = read.member("/note");
            found.check(!read.ok() || kept.as_deref() == Some(payload), || {
                format!("the note {payload:?} comes back as {}", kept.as_deref().unwrap_or("nothing"))
            });
            lab.delete(&path, &token).await;
        }
        for path in ["/api/moods/", "/api/journal/entries/", "/api/moods?cursor=", "/api/journal/entries?cursor="] {
            let request = Request::get(&format!("{path}{}", escaped(payload))).bearer(&token);
            let answer = lab.send(&request).await?;
            sound(found, &request.line(), &answer);
            found.check(items(&answer) <= before, || format!("{} answers with more than there is", request.line()));
        }
        let body = json!({"email": payload, "password": payload});
        let answer = lab.send(&Request::post("/api/auth/login").same_origin().json(&body)).await?;
        sound(found, &format!("signing in as {payload:?}"), &answer);
        found.check(!answer.ok() && answer.header("set-cookie").is_none(), || {
            format!("signing in as {payload:?} with it as the password: {}", answer.brief())
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_stays_within_its_place_in_a_path() {
        assert_eq!(escaped("a' --"), "a%27%20%2D%2D");
        for payload in PAYLOADS {
            assert!(escaped(payload).bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'%'));
        }
    }
}
