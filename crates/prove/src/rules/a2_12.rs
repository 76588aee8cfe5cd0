//! Who was signed in stays signed in, whatever the owner does.

use crate::lab::{Lab, Session};
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::spare::{me, refresh};
use crate::wire::Request;
use serde_json::json;
use std::collections::HashSet;

pub(crate) static RULE: Rule = Rule {
    info: RuleInfo {
        id: "A2-12",
        finding: "A2-12",
        title: "A new password ends every session but the one that set it",
        severity: Severity::High,
        asvs: "7.4.3",
        cwe: 613,
        expected: "After POST /api/auth/password: another browser, an access token, its refresh token and the id of the session \
                   that asked: 401; its new id: 200; the old password: 401. Ids never come twice.",
        help: "End sessions, families and challenges in the transaction that sets the password.",
        weakened_by: "A2-12",
        writes: true,
    },
    attack: |lab, found| Box::pin(attack(lab, found)),
};

fn who(session: &Session) -> Request {
    Request::get("/api/auth/me").cookies(session)
}

async fn attack(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let account = lab.spare().await?;
    let mut ids = HashSet::new();
    let mut sessions = Vec::new();
    for _ in 0..3 {
        let (session, _) = lab.enter(&account).await?;
        found.check(ids.insert(session.sid.clone()), || "the id of a session came twice".to_owned());
        sessions.push(session);
    }
    let pair = lab.pair(&account).await?;
    for request in sessions.iter().map(who).chain([me(&pair.access)]) {
        let answer = lab.send(&request).await?;
        found.control(answer.ok(), || format!("/api/auth/me before the change answers {}", answer.brief()))?;
    }
    let password = format!("{} anew", account.password);
    let body = json!({"current_password": account.password, "password": password});
    let asking = sessions.remove(0);
    let change = Request::post("/api/auth/password").same_origin().signed_in(&asking).json(&body);
    let answer = lab.send(&change).await?;
    found.control(answer.ok(), || format!("POST /api/auth/password answers {}", answer.brief()))?;
    let renewed = asking.clone().after(&answer);
    found.check(ids.insert(renewed.sid.clone()), || "the session that asked keeps its id".to_owned());
    let served = lab.send(&who(&renewed)).await?;
    found.control(served.ok(), || format!("the session that asked, under its new id: {}", served.brief()))?;

    let mut stale: Vec<(&str, Request)> = sessions.iter().map(|session| ("another browser", who(session))).collect();
    stale.push(("the old id of the session that asked", who(&asking)));
    stale.push(("an access token", me(&pair.access)));
    stale.push(("a refresh token", refresh(&pair.refresh)));
    stale.push(("the old password", Request::post("/api/auth/login").same_origin().json(&account.body())));
    for (what, request) in stale {
        let answer = lab.send(&request).await?;
        found.check(answer.status == 401, || format!("{what} after the password changed: {}", answer.brief()));
    }
    Ok(())
}
