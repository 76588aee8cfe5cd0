//! A way in that asks for no password.

use crate::lab::Lab;
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::wire::Request;
use serde_json::json;

pub(crate) static RULE: Rule = Rule {
    info: RuleInfo {
        id: "A2-2",
        finding: "A2-2",
        title: "Nobody comes in without a password",
        severity: Severity::Critical,
        asvs: "6.3.4",
        cwe: 287,
        expected: "/mobile-auth/login, logout and verify: 404, whatever the method. Login with an address alone, or a name \
                   alone: 422; with an empty password: 401 or 422; never a cookie or a token.",
        help: "Remove the route; every way in goes through the same check of the password.",
        weakened_by: "A2-2",
        writes: false,
    },
    attack: |lab, found| Box::pin(attack(lab, found)),
};

async fn attack(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let account = lab.account(1).await?;
    let (_, answer) = lab.sign_in(1).await?;
    found.control(answer.ok(), || answer.brief())?;
    let names = json!({"username": account.email, "email": account.email});
    for path in ["/mobile-auth/login", "/mobile-auth/logout", "/mobile-auth/verify", "/api/mobile-auth/login"] {
        for method in ["GET", "POST", "PUT"] {
            let mut request = Request::new(method, path);
            if method != "GET" {
                request = request.json(&names);
            }
            let answer = lab.send(&request).await?;
            found.check(answer.status == 404, || format!("{method} {path}: {}", answer.brief()));
        }
    }
    let bodies = [
        (json!({"email": account.email}), &[422_u16][..]),
        (json!({"username": account.email}), &[422]),
        (json!({"email": account.email, "password": null}), &[422]),
        (json!({"email": account.email, "password": ""}), &[401, 422]),
        (json!({"email": account.email, "password": [""]}), &[422]),
    ];
    for path in ["/api/auth/login", "/auth/login"] {
        for (body, statuses) in &bodies {
            let answer = lab.send(&Request::post(path).json(body)).await?;
            let empty = answer.header("set-cookie").is_none() && answer.json().get("access_token").is_none();
            found.check(statuses.contains(&answer.status) && empty, || {
                let members = body.as_object().map(|body| body.keys().cloned().collect::<Vec<_>>().join(", "));
                format!("POST {path} with {} and no password: {}", members.unwrap_or_default(), answer.brief())
            });
        }
    }
    Ok(())
}
