//! A second factor that can be switched on and never off, and codes for a lost telephone that open nothing.

use crate::lab::{Lab, Session};
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::spare::second_step;
use crate::wire::Request;
use serde_json::json;

pub(crate) static RULE: Rule = Rule {
    info: RuleInfo {
        id: "O-8",
        finding: "O-8",
        title: "Who lost the telephone gets in, and can switch the second factor off",
        severity: Severity::Medium,
        asvs: "6.5.1",
        cwe: 703,
        expected: "A sign-in with the password and a backup code is served; another code switches the app off (204); after that \
                   the password alone signs in.",
        help: "Try the way out of every setting, not only the way in.",
        weakened_by: "O-8",
        writes: true,
    },
    attack: |lab, found| Box::pin(attack(lab, found)),
};

async fn attack(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let enrolled = lab.enrolled().await?;
    found.controls += 1;
    let [first, second, ..] = enrolled.backup_codes.as_slice() else {
        return Stop::unsure("there are no two backup codes");
    };
    let challenge = lab.challenge(&enrolled.account).await?;
    let entered = lab.send(&second_step(&challenge, "backup_code", first)).await?;
    found.check(entered.ok(), || format!("the second step with a backup code: {}", entered.brief()));
    let session = Session::read(&entered).unwrap_or_else(|| enrolled.session.clone());
    let off = Request::post("/api/auth/2fa/disable").same_origin().signed_in(&session).json(&json!({"code": second}));
    let answer = lab.send(&off).await?;
    found.check(answer.ok(), || format!("switching the app off with a backup code: {}", answer.brief()));
    let request = Request::post("/api/auth/login").same_origin().json(&enrolled.account.body());
    let answer = lab.send(&request).await?;
    found.check(answer.ok() && answer.cookie("__Host-sid").is_some(), || {
        format!("the password alone, after the app was switched off: {}", answer.brief())
    });
    Ok(())
}
