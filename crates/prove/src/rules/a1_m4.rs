//! What counts when nobody says where this runs.

use super::starts::GOOD;
use crate::instance::Bench;
use crate::rule::{Findings, RuleInfo, Severity, StartRule, Stop};
use crate::wire::Request;

pub(crate) static RULE: StartRule = StartRule {
    info: RuleInfo {
        id: "A1-M4.start",
        finding: "A1-M4",
        title: "Without ENVIRONMENT it is production",
        severity: Severity::Medium,
        asvs: "3.3.1",
        cwe: 1188,
        expected: "Started without ENVIRONMENT it says that production was assumed; cookies are Secure and __Host-, the session's \
                   is HttpOnly, and answers carry HSTS.",
        help: "Fail closed: development is what has to be asked for.",
        weakened_by: "A1-M4",
        writes: false,
    },
    trial: |bench, found| Box::pin(trial(bench, found)),
};

async fn trial(bench: &Bench, found: &mut Findings) -> Result<(), Stop> {
    // An empty setting counts as one that is not there.
    let settings = [("ENVIRONMENT", ""), ("SECRET_KEY", GOOD), ("PUBLIC_URL", "https://mind.example")];
    let instance = bench.start(&settings).await?;
    let said = instance.said().await;
    let assumed = said.lines().any(|line| line.contains("environment") && line.contains("production (defaulted)"));
    found.check(assumed, || "it does not say that production was assumed".to_owned());
    let account = instance.owner.account();
    let login = Request::post("/api/auth/login").same_origin().json(&account.body());
    let answer = instance.lab.send(&login).await?;
    found.control(answer.ok(), || format!("signing in with a good password answers {}", answer.brief()))?;
    let cookies: Vec<&str> = answer.all("set-cookie").collect();
    found.check(cookies.len() >= 2, || format!("signing in sets {} cookies", cookies.len()));
    for cookie in cookies {
        let name = cookie.split('=').next().unwrap_or("");
        let has = |wanted: &str| cookie.split(';').any(|part| part.trim().eq_ignore_ascii_case(wanted));
        let bound = name.starts_with("__Host-") && has("Secure") && has("Path=/");
        found.check(bound, || format!("the cookie {name} is not bound to an encrypted host"));
        found.check(name != "__Host-sid" || has("HttpOnly"), || "a script can read the session's cookie".to_owned());
    }
    let lasting = answer.header("strict-transport-security").unwrap_or("");
    found.check(lasting.contains("max-age="), || "no HSTS".to_owned());
    Ok(())
}
