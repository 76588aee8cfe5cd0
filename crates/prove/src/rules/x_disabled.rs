//! Somebody whose account was disabled goes on with what they were signed in to.

use super::x_providers::sign_ins;
use crate::instance::Bench;
use crate::rule::{Findings, RuleInfo, Severity, StartRule, Stop};
use crate::spare::{me, refresh};
use crate::wire::Request;
use serde_json::json;
use std::time::Duration;

pub(crate) static RULE: StartRule = StartRule {
    info: RuleInfo {
        id: "X-CVE-2023-22492",
        finding: "X-CVE-2023-22492",
        title: "Nothing of a disabled account works any more",
        severity: Severity::High,
        asvs: "7.4.2",
        cwe: 613,
        expected: "After the account was disabled: its unused refresh token 401 at once; its access token, session and API \
                   key 401, and its password on both surfaces 401, within two seconds. Others are served as before.",
        help: "Ask for the account's state wherever a credential is taken, refreshing included.",
        weakened_by: "X-CVE-2023-22492",
        writes: false,
    },
    trial: |bench, found| Box::pin(trial(bench, found)),
};

/// How long another process may go on with what it looked up a moment ago.
const EVERYWHERE: Duration = Duration::from_secs(2);

async fn trial(bench: &Bench, found: &mut Findings) -> Result<(), Stop> {
    let instance = bench.start(&[]).await?;
    let lab = &instance.lab;
    let (account, other) = (lab.account(0).await?, lab.account(1).await?);
    let (session, _) = lab.enter(&account).await?;
    let (pair, spent, others) = (lab.pair(&account).await?, lab.pair(&account).await?, lab.pair(&other).await?);
    let wish = json!({"name": "prove", "scopes": ["journal:read"], "expires_in_days": 1});
    let key = lab.api_key(&pair.access, &wish).await?;
    let shown = [
        ("the session", Request::get("/api/auth/me").cookies(&session)),
        ("the access token", me(&pair.access)),
        ("the API key", Request::get("/api/moods?limit=1").bearer(&key.text)),
    ];
    for (what, request) in &shown {
        let answer = lab.send(request).await?;
        found.control(answer.ok(), || format!("{what} while the account is active: {}", answer.brief()))?;
    }
    let next = lab.send(&refresh(&spent.refresh)).await?;
    found.control(next.ok(), || format!("refreshing while the account is active: {}", next.brief()))?;

    let disabled = instance.command(&["user", "disable", "--email", &account.email]).await?;
    found.control(disabled.status == Some(0), || format!("disabling the account ends with {:?}", disabled.status))?;
    let answer = lab.send(&refresh(&pair.refresh)).await?;
    let silent = answer.member("/access_token").is_none();
    found.check(answer.status == 401 && silent, || format!("refreshing a disabled account: {}", answer.brief()));
    tokio::time::sleep(EVERYWHERE).await;
    for (what, request) in &shown {
        let answer = lab.send(request).await?;
        found.check(answer.status == 401, || format!("{what} of a disabled account: {}", answer.brief()));
    }
    for request in sign_ins(&account) {
        let answer = lab.send(&request).await?;
        found.check(answer.is(401, "invalid_credentials"), || {
            format!("{} with the password of a disabled account: {}", request.line(), answer.brief())
        });
    }
    let served = lab.send(&me(&others.access)).await?;
    found.control(served.ok(), || format!("somebody else after that: {}", served.brief()))
}
