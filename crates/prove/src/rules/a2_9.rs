//! A key for one thing opens everything, for ever.

use crate::lab::Lab;
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::spare::{Key, me};
use crate::wire::Request;
use serde_json::{Value, json};

pub(crate) static RULE: Rule = Rule {
    info: RuleInfo {
        id: "A2-9",
        finding: "A2-9",
        title: "An API key opens what it is for, until it ends",
        severity: Severity::High,
        asvs: "8.2.1",
        cwe: 862,
        expected: "Making a key without signing in: 401, for somebody else: 422. With the scope journal:read only reading \
                   entries: everything else 403. Never shown again. Damaged, deleted or reported: 401. Of others: 404.",
        help: "Keys belong to whoever made them, and reach only the areas that their scopes name.",
        weakened_by: "A2-9",
        writes: true,
    },
    attack: |lab, found| Box::pin(attack(lab, found)),
};

pub(crate) static ADDRESS: Rule = Rule {
    info: RuleInfo {
        id: "A2-9.address",
        finding: "A2-9",
        title: "An API key is used from its own addresses only",
        severity: Severity::Medium,
        asvs: "8.2.4",
        cwe: 284,
        expected: "A key for 192.0.2.0/24, used from here: 403 address_not_allowed, also with X-Forwarded-For: 192.0.2.1.",
        help: "Compare the peer's address with the key's list before the request is served.",
        weakened_by: "A2-9.address",
        writes: true,
    },
    attack: |lab, found| Box::pin(address(lab, found)),
};

const READING: &str = "/api/moods?limit=1";

fn wish() -> Value {
    json!({"name": "prove", "scopes": ["journal:read"], "expires_in_days": 1})
}

/// With other members.
fn with(mut wish: Value, name: &str, value: Value) -> Value {
    wish[name] = value;
    wish
}

/// Requests that reading entries does not include. Their content is wrong too, so that nothing happens where they pass.
fn beyond() -> Vec<Request> {
    vec![
        Request::post("/api/moods").json(&json!({"score": 99})),
        Request::post("/api/journal/entries").json(&json!({"title": ""})),
        Request::get("/api/recordings?limit=1"),
        Request::get("/api/auth/me"),
        Request::get("/auth/profile"),
        Request::new("PATCH", "/api/auth/me").json(&json!({"display_name": ""})),
        Request::get("/api/auth/sessions"),
        Request::get("/api/auth/events"),
        Request::get("/api/auth/2fa"),
        Request::get("/auth/api-keys"),
        Request::post("/api/auth/password").json(&json!({"current_password": "", "password": ""})),
    ]
}

/// The text with one letter changed.
fn damaged(key: &str, place: usize) -> String {
    let mut letters: Vec<char> = key.chars().collect();
    if let Some(letter) = letters.get_mut(place) {
        *letter = if *letter == 'a' { 'b' } else { 'a' };
    }
    letters.into_iter().collect()
}

async fn making(lab: &Lab, found: &mut Findings, token: &str, victim: &str) -> Result<(), Stop> {
    for body in [wish(), with(wish(), "user_id", json!(victim)), with(wish(), "userId", json!(victim))] {
        let answer = lab.send(&Request::post("/auth/api-keys").json(&body)).await?;
        let refused = answer.status == 401 && answer.member("/key").is_none();
        found.check(refused, || format!("making a key without signing in: {}", answer.brief()));
    }
    for name in ["user_id", "userId", "user", "owner"] {
        let body = with(wish(), name, json!(victim));
        let answer = lab.send(&Request::post("/auth/api-keys").bearer(token).json(&body)).await?;
        found.check(answer.status == 422, || format!("making a key with {name}: {}", answer.brief()));
    }
    Ok(())
}

async fn works(lab: &Lab, found: &mut Findings, key: &Key, when: &str) -> Result<(), Stop> {
    let answer = lab.send(&Request::get(READING).bearer(&key.text)).await?;
    found.control(answer.ok(), || format!("GET {READING} with a key {when}: {}", answer.brief()))
}

async fn ended(lab: &Lab, found: &mut Findings, key: &str, what: &str) -> Result<(), Stop> {
    let answer = lab.send(&Request::get(READING).bearer(key)).await?;
    found.check(answer.status == 401, || format!("{what}: {}", answer.brief()));
    Ok(())
}

async fn attack(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let (token, stranger) = (lab.take_token(1).await?, lab.take_token(0).await?);
    making(lab, found, &token, &lab.session(0).await?.user_id).await?;
    let key = lab.api_key(&token, &wish()).await?;
    works(lab, found, &key, "that was just made").await?;
    let answer = lab.send(&Request::get(READING).header("X-API-Key", &key.text)).await?;
    found.control(answer.ok(), || format!("GET {READING} with X-API-Key: {}", answer.brief()))?;
    for request in beyond() {
        let line = request.line();
        let answer = lab.send(&request.bearer(&key.text)).await?;
        found.check(answer.status == 403, || format!("{line} with a key for journal:read: {}", answer.brief()));
    }
    let more = lab.send(&Request::post("/auth/api-keys").bearer(&key.text).json(&wish())).await?;
    let refused = matches!(more.status, 401 | 403) && more.member("/key").is_none();
    found.check(refused, || format!("making a key with a key: {}", more.brief()));

    let list = lab.send(&Request::get("/auth/api-keys").bearer(&token)).await?;
    found.control(list.text().contains(&key.id), || format!("the list of keys answers {}", list.brief()))?;
    let secret = key.text.split('_').nth(3).unwrap_or(&key.text);
    found.check(!list.text().contains(secret), || "the list of keys shows their secrets".to_owned());
    let path = format!("/auth/api-keys/{}", key.id);
    let answer = lab.send(&Request::new("DELETE", &path).bearer(&stranger)).await?;
    found.check(answer.status == 404, || format!("deleting somebody else's key: {}", answer.brief()));
    let list = lab.send(&Request::get("/auth/api-keys").bearer(&stranger)).await?;
    found.check(!list.text().contains(&key.id), || "the list of keys shows those of others".to_owned());
    for place in [9, 20, key.text.len() - 1] {
        ended(lab, found, &damaged(&key.text, place), "a key with one letter changed").await?;
    }
    ended(lab, found, &key.text[..key.text.len() - 9], "a key without its checksum").await?;
    works(lab, found, &key, "that others have tried to guess").await?;
    let answer = lab.send(&Request::new("DELETE", &path).bearer(&token)).await?;
    found.control(answer.ok(), || format!("deleting a key answers {}", answer.brief()))?;
    ended(lab, found, &key.text, "a key that was deleted").await?;

    let key = lab.api_key(&token, &wish()).await?;
    works(lab, found, &key, "that was just made").await?;
    let report = lab.send(&Request::post("/api/keys/report").json(&json!({"key": key.text}))).await?;
    found.check(report.ok(), || format!("reporting a key that was found: {}", report.brief()));
    ended(lab, found, &key.text, "a key that was reported").await?;
    let owner = lab.send(&me(&token)).await?;
    found.control(owner.ok(), || format!("the owner's token after all that: {}", owner.brief()))
}

async fn address(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let token = lab.take_token(2).await?;
    let bound = lab.api_key(&token, &with(wish(), "addresses", json!(["192.0.2.0/24"]))).await?;
    let free = lab.api_key(&token, &wish()).await?;
    works(lab, found, &free, "without a list of addresses").await?;
    if lab.wire.many_addresses() {
        let home = lab.api_key(&token, &with(wish(), "addresses", json!(["127.0.0.0/8"]))).await?;
        works(lab, found, &home, "for 127.0.0.0/8").await?;
        lab.delete(&format!("/auth/api-keys/{}", home.id), &token).await;
    }
    for name in ["X-Nothing", "X-Forwarded-For", "X-Real-IP", "CF-Connecting-IP"] {
        let answer = lab.send(&Request::get(READING).bearer(&bound.text).header(name, "192.0.2.1")).await?;
        found.check(answer.is(403, "address_not_allowed"), || {
            format!("a key for 192.0.2.0/24 from here, with {name}: {}", answer.brief())
        });
    }
    for key in [bound, free] {
        lab.delete(&format!("/auth/api-keys/{}", key.id), &token).await;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_letter_is_changed() {
        assert_eq!(
            (damaged("abc", 0).as_str(), damaged("abc", 2).as_str(), damaged("abc", 9).as_str()),
            ("bbc", "aba", "abc")
        );
    }
}
