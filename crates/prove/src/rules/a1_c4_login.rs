//! A page of somebody else signs the browser in as the attacker, who then reads what is written there.

use crate::lab::Lab;
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::wire::Request;
use serde_json::json;

pub(crate) static RULE: Rule = Rule {
    info: RuleInfo {
        id: "A1-C4.login",
        finding: "A1-C4",
        title: "Another site cannot sign the browser in",
        severity: Severity::Critical,
        asvs: "3.5.1",
        cwe: 352,
        expected: "POST /api/auth/login, /api/auth/signup and /auth/login with a good password and a foreign Origin or \
                   Sec-Fetch-Site: cross-site: 403 and no cookie.",
        help: "The check of the origin holds for sign-in and sign-up too.",
        weakened_by: "A1-C4",
        writes: false,
    },
    attack: |lab, found| Box::pin(attack(lab, found)),
};

async fn attack(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let account = lab.account(2).await?;
    let (_, answer) = lab.sign_in(2).await?;
    found.control(answer.ok(), || answer.brief())?;
    let body = json!({"email": account.email, "password": account.password});
    // A sign-up that could not succeed anyway: should the check be missing, no account comes of it.
    let empty = json!({"email": "nobody", "password": ""});
    let foreign = [("Origin", "https://evil.test"), ("Origin", "null"), ("Sec-Fetch-Site", "cross-site")];
    for (path, body) in [("/api/auth/login", &body), ("/auth/login", &body), ("/api/auth/signup", &empty)] {
        for (name, value) in foreign {
            let answer = lab.send(&Request::post(path).header(name, value).json(body)).await?;
            let refused = answer.status == 403 && answer.header("set-cookie").is_none();
            found.check(refused, || format!("POST {path} with {name}: {value}: {}", answer.brief()));
        }
    }
    Ok(())
}
