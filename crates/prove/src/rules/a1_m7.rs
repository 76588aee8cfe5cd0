//! A cookie that was copied into another program does what its owner can.

use crate::lab::{Lab, Session};
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::wire::Request;
use serde_json::json;

pub(crate) static RULE: Rule = Rule {
    info: RuleInfo {
        id: "A1-M7",
        finding: "A1-M7",
        title: "A session in another program has confirmed nothing",
        severity: Severity::Medium,
        asvs: "7.5.3",
        cwe: 384,
        expected: "A session's cookies sent by another program: what needs a confirmation answers 401 (step_up_required, or the \
                   session has ended), then and from the first program too.",
        help: "Remember the program a session began in; in another one ask again who it is.",
        weakened_by: "A1-M7",
        writes: true,
    },
    attack: |lab, found| Box::pin(attack(lab, found)),
};

const THIEF: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0";

/// Requests that need a confirmation, and that change nothing: there is no second factor and no such passkey or key.
fn sensitive(session: &Session) -> Vec<Request> {
    let nobody = crate::document::NOBODY;
    let post = |path: &str| Request::post(path).json(&json!({}));
    let all = vec![
        post("/api/auth/2fa/regenerate-backup-codes"),
        post(&format!("/auth/api-keys/{nobody}/renew")),
        post(&format!("/auth/api-keys/{nobody}/rotate")),
        Request::new("DELETE", &format!("/api/auth/passkeys/{nobody}")),
    ];
    all.into_iter().map(|request| request.same_origin().signed_in(session)).collect()
}

async fn attack(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    // What it finds is told to the owner by a letter.
    let account = lab.spare().await?;
    let (session, _) = lab.enter(&account).await?;
    for request in sensitive(&session) {
        let line = request.line();
        let answer = lab.send(&request).await?;
        found.control(matches!(answer.status, 404 | 409), || format!("{line}, confirmed: {}", answer.brief()))?;
    }
    for request in sensitive(&session) {
        let line = request.line();
        let answer = lab.send(&request.header("User-Agent", THIEF)).await?;
        found.check(answer.status == 401, || format!("{line} from another program: {}", answer.brief()));
    }
    for request in sensitive(&session) {
        let line = request.line();
        let answer = lab.send(&request).await?;
        found.check(answer.status == 401, || format!("{line} after another program was seen: {}", answer.brief()));
    }
    Ok(())
}
