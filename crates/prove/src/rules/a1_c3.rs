//! A script on the page can take the session with it.

use crate::lab::{Lab, Session};
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::wire::{Request, Response};
use serde_json::{Value, json};
use std::collections::BTreeSet;

pub(crate) static RULE: Rule = Rule {
    info: RuleInfo {
        id: "A1-C3",
        finding: "A1-C3",
        title: "A browser's session lives in a cookie no script can read",
        severity: Severity::Critical,
        asvs: "3.3.4",
        cwe: 922,
        expected: "Login from a browser: no token in the body; __Host-sid with Path=/, Secure, HttpOnly, SameSite=Lax and no \
                   Domain. /auth/login with Sec-Fetch-Site: 403. Logout: Clear-Site-Data, cookies expired, session dead.",
        help: "The browser's surface must answer with cookies only, and the scripts' surface must refuse browsers.",
        weakened_by: "A1-C3",
        writes: false,
    },
    attack: |lab, found| Box::pin(attack(lab, found)),
};

/// The attributes of a cookie in lower case, without those that only say how long it lives.
fn attributes(answer: &Response, name: &str) -> Option<BTreeSet<String>> {
    let line =
        answer.all("set-cookie").find(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with('=')))?;
    let parts = line.split(';').skip(1).map(|part| part.trim().to_ascii_lowercase());
    Some(parts.filter(|part| !part.starts_with("max-age=") && !part.starts_with("expires=")).collect())
}

fn set(list: &[&str]) -> BTreeSet<String> {
    list.iter().map(|part| (*part).to_owned()).collect()
}

/// The name of a member, at any depth, that holds what looks like a credential.
fn token_member(value: &Value) -> Option<String> {
    match value {
        Value::Object(members) => members.iter().find_map(|(name, value)| {
            let lower = name.to_ascii_lowercase();
            let named = ["token", "secret", "jwt", "sid"].iter().any(|word| lower.contains(word));
            if named && value.is_string() { Some(name.clone()) } else { token_member(value) }
        }),
        Value::Array(items) => items.iter().find_map(token_member),
        Value::String(text) => {
            let looks = ["eyJ", "at_", "sid_", "rt_"].iter().any(|start| text.starts_with(start));
            (looks && text.len() > 20).then(|| format!("{}…", text.chars().take(3).collect::<String>()))
        }
        _ => None,
    }
}

fn login(found: &mut Findings, session: &Session, answer: &Response) {
    let member = token_member(&answer.json());
    found.check(member.is_none(), || format!("the body of a browser's login holds {}", member.unwrap_or_default()));
    let body = answer.text();
    found.check(!body.contains(&session.sid), || "the body of a browser's login holds the session itself".to_owned());
    let sid = attributes(answer, "__Host-sid").unwrap_or_default();
    found.check(sid == set(&["path=/", "secure", "httponly", "samesite=lax"]), || {
        format!("__Host-sid has the attributes {sid:?}")
    });
    let csrf = attributes(answer, "__Host-csrf").unwrap_or_default();
    let sound =
        csrf.contains("path=/") && csrf.contains("secure") && !csrf.iter().any(|part| part.starts_with("domain="));
    found.check(sound, || format!("__Host-csrf has the attributes {csrf:?}"));
    found.check(session.sid.len() >= 26, || "the session's id has less than 128 bits".to_owned());
}

async fn attack(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let account = lab.account(0).await?;
    let (session, answer) = lab.sign_in(0).await?;
    found.control(answer.ok(), || answer.brief())?;
    login(found, &session, &answer);
    let body = json!({"email": account.email, "password": account.password});

    // Any one of the headers by which a browser gives itself away.
    for (name, value) in [("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Dest", "empty")] {
        let answer = lab.send(&Request::post("/api/auth/login").header(name, value).json(&body)).await?;
        let member = token_member(&answer.json());
        found.check(member.is_none(), || format!("login with {name} answers {}", member.unwrap_or_default()));
    }
    let token = lab.token(0).await?;
    found.control(!token.is_empty(), || "no token".to_owned())?;
    for site in ["same-origin", "same-site", "none"] {
        let answer = lab.send(&Request::post("/auth/login").header("Sec-Fetch-Site", site).json(&body)).await?;
        let refused = answer.status == 403 && token_member(&answer.json()).is_none();
        found.check(refused, || format!("POST /auth/login with Sec-Fetch-Site: {site}: {}", answer.brief()));
    }
    logout(lab, found, &session).await
}

async fn logout(lab: &Lab, found: &mut Findings, session: &Session) -> Result<(), Stop> {
    let answer = lab.send(&Request::post("/api/auth/logout").same_origin().signed_in(session)).await?;
    found.check(answer.ok(), || format!("POST /api/auth/logout: {}", answer.brief()));
    let clear = answer.header("clear-site-data").unwrap_or("");
    let both = clear.contains("\"cache\"") && clear.contains("\"storage\"");
    found.check(both, || format!("logout sends Clear-Site-Data: {clear}"));
    let expired =
        answer.all("set-cookie").any(|line| line.starts_with("__Host-sid=;") || line.starts_with("__Host-sid=\"\""));
    found.check(expired, || "logout does not expire the cookie".to_owned());
    let after = lab.send(&Request::get("/api/auth/me").cookies(session)).await?;
    found.check(after.status == 401, || format!("the session after logout: {}", after.brief()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_found_wherever_it_hides() {
        assert_eq!(token_member(&json!({"user": {"access_token": "x"}})).as_deref(), Some("access_token"));
        assert_eq!(token_member(&json!([{"x": "eyJhbGciOiJIUzI1NiJ9.e30"}])).as_deref(), Some("eyJ…"));
        assert_eq!(token_member(&json!({"user": {"id": "1", "email": "at@example.com"}})), None);
    }
}
