//! Errors about files that show the inside.

use super::a1_m5::look;
use super::malformed;
use super::upload::tidy;
use crate::lab::Lab;
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::wire::Request;

pub(crate) static RULE: Rule = Rule {
    info: RuleInfo {
        id: "A2-7",
        finding: "A2-7",
        title: "No error of an upload or transcription shows the inside",
        severity: Severity::High,
        asvs: "16.5.1",
        cwe: 209,
        expected: "Broken forms, broken sound, absurd ids and fields on /api/recordings and /v1/audio/transcriptions: 4xx \
                   without a path, SQL, type name or trace, with X-Request-Id.",
        help: "A decoder's or a form parser's own words belong in the log; the answer says what to do.",
        weakened_by: "A2-7",
        writes: true,
    },
    attack: |lab, found| Box::pin(attack(lab, found)),
};

async fn attack(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let tokens = lab.tokens().await?;
    let list = lab.send(&Request::get("/api/recordings").bearer(&tokens[0])).await?;
    found.control(list.ok(), || format!("GET /api/recordings answers {}", list.brief()))?;
    for (number, (what, request)) in malformed::uploads().into_iter().enumerate() {
        let token = &tokens[number % tokens.len()];
        let request = request.bearer(token);
        let answer = lab.send(&request).await?;
        let provider = request.path.starts_with("/v1/");
        let what = format!("{} with {what}", request.line());
        look(found, &what, &answer, provider);
        found.check(!answer.ok(), || format!("{what}: {}", answer.brief()));
        tidy(lab, token, &answer).await;
    }
    Ok(())
}
