//! Strangers lock an account, and its owner sits at a device that they trust.

use super::guesses::{BROWSER, empty, login, refused, right_is_refused, tried_in_vain, wrong};
use crate::lab::Lab;
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};

pub(crate) static RULE: Rule = Rule {
    info: RuleInfo {
        id: "A1-M6.device",
        finding: "A1-M6",
        title: "Strangers cannot lock anybody out of a device they trust",
        severity: Severity::Medium,
        asvs: "6.3.1",
        cwe: 645,
        expected: "Five wrong passwords from elsewhere; then the right one: 401 from elsewhere and with another account's device, \
                   200 with the owner's. Five wrong ones with that device: the right one with it is 401, too.",
        help: "Count tries on a trusted device in a lane of its own, and let the cookie choose it only for its own account.",
        weakened_by: "A1-M6.device",
        writes: true,
    },
    attack: |lab, found| Box::pin(attack(lab, found)),
};

const LOCKING: usize = 5;

async fn attack(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let (owner, stranger) = (lab.enrolled().await?, lab.enrolled().await?);
    let (device, foreign) = (lab.trusted_device(&owner).await?, lab.trusted_device(&stranger).await?);
    let account = &owner.account;
    let with =
        |device: &str, right| login(BROWSER, account, right).header("Cookie", &format!("__Host-device={device}"));

    let answer = lab.send(&with(&device, true)).await?;
    found.control(answer.ok(), || format!("a sign-in on a trusted device answers {}", answer.brief()))?;
    wrong(lab, found, account, LOCKING).await?;
    right_is_refused(lab, found, account, "five wrong ones").await?;
    let answer = lab.send(&with(&foreign, true)).await?;
    found.check(refused(&answer), || format!("the right password with another account's device: {}", answer.brief()));
    let answer = lab.send(&with(&device, true)).await?;
    found.check(answer.ok() && answer.cookie("__Host-sid").is_some(), || {
        format!(
            "the right password on a device that its owner trusts, while strangers lock them out: {}",
            answer.brief()
        )
    });

    tried_in_vain(lab, found, &with(&device, false), LOCKING).await?;
    let answer = lab.send(&with(&device, true)).await?;
    found.check(answer.status == 401 && empty(&answer), || {
        format!("the right password on a trusted device after five wrong ones on it: {}", answer.brief())
    });
    Ok(())
}
