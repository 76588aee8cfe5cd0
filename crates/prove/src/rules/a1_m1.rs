//! Passwords that a list would guess.

use crate::accounts::{Account, fresh, sign_up_request};
use crate::lab::Lab;
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};

pub(crate) static RULE: Rule = Rule {
    info: RuleInfo {
        id: "A1-M1",
        finding: "A1-M1",
        title: "Weak passwords are refused at sign-up",
        severity: Severity::Medium,
        asvs: "6.2.4",
        cwe: 521,
        expected: "Common, short, one-sided and over-long passwords, and one made of the address: 422. A long plain one is \
                   taken.",
        help: "Check length in code points, the list of common passwords, and words of the person's own.",
        weakened_by: "A1-M1",
        writes: true,
    },
    attack: |lab, found| Box::pin(attack(lab, found)),
};

async fn attack(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let strong = fresh();
    let answer = lab.send(&sign_up_request(&strong)).await?;
    if answer.is(403, "registration_closed") {
        return Err(Stop::NotApplicable("registration is closed".to_owned()));
    }
    if answer.is(403, "invite_required") {
        return Err(Stop::NotApplicable("accounts are made by invitation".to_owned()));
    }
    found.control(answer.ok(), || format!("signing up with a strong password answers {}", answer.brief()))?;
    lab.also_remove(strong);
    let own = fresh();
    let local = own.email.split('@').next().unwrap_or_default().to_owned();
    let long = "long enough? ".repeat(10);
    let weak = [
        ("Password1", "a common one"),
        ("Qwerty123!", "a common one with everything in it"),
        ("kurz!", "five characters"),
        ("abcdefghijklmn", "fourteen lower letters"),
        (long.as_str(), "a hundred and thirty characters"),
        (local.as_str(), "the address itself"),
        ("", "none"),
    ];
    for (password, what) in weak {
        let account = Account { email: own.email.clone(), password: password.to_owned() };
        let answer = lab.send(&sign_up_request(&account)).await?;
        if answer.ok() {
            lab.also_remove(account);
        }
        found.check(answer.status == 422, || format!("signing up with {what}: {}", answer.brief()));
        found.check(password.is_empty() || !answer.text().contains(password), || format!("the refusal repeats {what}"));
    }
    Ok(())
}
