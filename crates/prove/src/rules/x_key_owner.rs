//! An API key is made for whoever the request names.

use crate::lab::Lab;
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::spare::me;
use crate::wire::{Request, Response};
use serde_json::{Value, json};

pub(crate) static RULE: Rule = Rule {
    info: RuleInfo {
        id: "X-CVE-2025-61928",
        finding: "X-CVE-2025-61928",
        title: "An API key is one's own",
        severity: Severity::Critical,
        asvs: "8.2.2",
        cwe: 639,
        expected: "POST /auth/api-keys with user_id, userId and the like of somebody else: 401 for who is not signed in, 422 for who \
                   is, on both surfaces. Neither of the two has another key afterwards.",
        help: "The owner is who asks; refuse members of the body that nobody reads.",
        weakened_by: "X-CVE-2025-61928",
        writes: true,
    },
    attack: |lab, found| Box::pin(attack(lab, found)),
};

const NAMES: &[&str] = &["user_id", "userId", "user", "owner_id", "account_id", "sub", "email"];

fn wish() -> Value {
    json!({"name": "prove", "scopes": ["identity:read"], "expires_in_days": 1})
}

async fn keys(lab: &Lab, token: &str) -> Result<Vec<String>, Stop> {
    let answer = lab.send(&Request::get("/auth/api-keys").bearer(token)).await?;
    let items = answer.json().get("items").and_then(Value::as_array).cloned();
    let items = items.ok_or_else(|| Stop::Unsure(format!("GET /auth/api-keys answers {}", answer.brief())))?;
    Ok(items.iter().filter_map(|item| item.get("id")?.as_str().map(ToOwned::to_owned)).collect())
}

/// Whether a key was given away, and to whose account it opens.
async fn judge(lab: &Lab, found: &mut Findings, what: &str, expected: u16, answer: &Response) -> Result<(), Stop> {
    found.check(answer.status == expected, || format!("{what}: {}", answer.brief()));
    if let Some(key) = answer.member("/key") {
        let opened = lab.send(&me(&key)).await?;
        let whose = opened.member("/user/id").unwrap_or_default();
        found.check(false, || format!("{what}: a key that opens the account {whose}"));
    }
    Ok(())
}

async fn attack(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    // Anew, because a key is made only by who has signed in lately.
    let (own, theirs) = (lab.take_token(0).await?, lab.take_token(1).await?);
    let (session, _) = lab.sign_in(0).await?;
    let victim = lab.session(1).await?.user_id;
    let email = lab.account(1).await?.email;
    let before = (keys(lab, &own).await?, keys(lab, &theirs).await?);
    let post = || Request::post("/auth/api-keys");
    for name in NAMES {
        let mut body = wish();
        body[*name] = json!(if *name == "email" { &email } else { &victim });
        for (who, expected, request) in [
            ("nobody", 401, post()),
            ("nobody in a browser", 401, post().same_origin()),
            ("somebody else", 422, post().bearer(&own)),
            ("somebody else in a browser", 422, post().same_origin().signed_in(&session)),
        ] {
            let answer = lab.send(&request.json(&body)).await?;
            judge(lab, found, &format!("an API key with {name}, made by {who}"), expected, &answer).await?;
        }
    }
    let after = (keys(lab, &own).await?, keys(lab, &theirs).await?);
    found.check(after.0 == before.0, || "who asked has another key".to_owned());
    found.check(after.1 == before.1, || "who was named has another key".to_owned());
    for id in after.1.iter().filter(|id| !before.1.contains(id)) {
        lab.delete(&format!("/auth/api-keys/{id}"), &theirs).await;
    }
    let key = lab.api_key(&own, &wish()).await?;
    let opened = lab.send(&me(&key.text)).await?;
    let whose = opened.member("/user/id");
    found.control(whose.as_ref() == Some(&session.user_id), || {
        format!("a key of one's own answers {}", opened.brief())
    })?;
    lab.delete(&format!("/auth/api-keys/{}", key.id), &own).await;
    Ok(())
}
