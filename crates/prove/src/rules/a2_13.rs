//! Answers of the API, opened as a page, may run something.

use super::a1_h3::{directive, policies};
use crate::lab::Lab;
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};

pub(crate) static RULE: Rule = Rule {
    info: RuleInfo {
        id: "A2-13",
        finding: "A2-13",
        title: "Answers of the API may do nothing at all",
        severity: Severity::Medium,
        asvs: "3.4.3",
        cwe: 1021,
        expected: "default-src 'none', frame-ancestors 'none', base-uri 'none' and form-action 'none' on every answer that is \
                   no page.",
        help: "The strictest policy is the default; only the page's handler asks for another.",
        weakened_by: "A2-13",
        writes: false,
    },
    attack: |lab, found| Box::pin(attack(lab, found)),
};

async fn attack(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let list = lab.visits().await?;
    found.control(list.iter().any(|(_, answer)| answer.ok()), || "no answer was a success".to_owned())?;
    for (name, answer) in list {
        if answer.header("content-type").is_some_and(|media| media.starts_with("text/html")) {
            continue;
        }
        let all = policies(answer);
        for wanted in ["default-src", "frame-ancestors", "base-uri", "form-action"] {
            let closed = all.iter().any(|policy| directive(policy, wanted).as_deref() == Some("'none'"));
            found.check(closed, || format!("{name}: {wanted} is not 'none'"));
        }
    }
    Ok(())
}
