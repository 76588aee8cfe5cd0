//! Errors that show the inside.

use super::a1_c5::signed;
use super::malformed;
use crate::lab::Lab;
use crate::leak;
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::wire::{Request, Response};
use serde_json::Value;

pub(crate) static RULE: Rule = Rule {
    info: RuleInfo {
        id: "A1-M5",
        finding: "A1-M5",
        title: "No answer shows the inside of the program",
        severity: Severity::Medium,
        asvs: "16.5.1",
        cwe: 209,
        expected: "Malformed UTF-8, JSON, ids, queries and types on every route: 4xx without a path, SQL, type name or trace, \
                   with a correlation id that equals X-Request-Id.",
        help: "Answers come from a closed list of public errors; the details belong in the log, under the same id.",
        weakened_by: "A1-M5",
        writes: false,
    },
    attack: |lab, found| Box::pin(attack(lab, found)),
};

/// Whether an answer tells too much, or has no id to ask about.
pub(super) fn look(found: &mut Findings, what: &str, answer: &Response, provider: bool) {
    let text = answer.text();
    let shown = if answer.ok() { None } else { leak::find(&text) };
    found.check(shown.is_none(), || format!("{what}: {} shows {}", answer.brief(), shown.unwrap_or_default()));
    found.check(answer.status < 500, || format!("{what}: {}", answer.brief()));
    let id = answer.header("x-request-id").unwrap_or("");
    found.check(id.len() >= 16, || format!("{what}: {} without X-Request-Id", answer.brief()));
    let told = answer.json().get("correlation_id").and_then(Value::as_str).map(ToOwned::to_owned);
    // The provider's shape has no place for it, and an empty 405 no body.
    let needed = !answer.ok() && !provider && !answer.body.is_empty();
    found.check(!needed || told.as_deref() == Some(id), || {
        format!("{what}: {} with another correlation id", answer.brief())
    });
}

async fn attack(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let tokens = lab.tokens().await?;
    let me = lab.send(&Request::get("/api/auth/me").bearer(&tokens[0])).await?;
    found.control(me.ok(), || format!("/api/auth/me answers {}", me.brief()))?;
    let requests = malformed::against(lab.document().await?, lab.wire.many_addresses());
    for (number, request) in requests.into_iter().enumerate() {
        let request = signed(request, &tokens[number % tokens.len()]);
        let answer = lab.send(&request).await?;
        look(found, &request.line(), &answer, request.path.starts_with("/v1/"));
    }
    Ok(())
}
