//! A key of mine is added to somebody else's account.

use crate::ceremony::{Asked, begin, finish, unreadable};
use crate::lab::{Lab, Session};
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::wire::{Request, Response};
use serde_json::{Value, json};

pub(crate) static RULE: Rule = Rule {
    info: RuleInfo {
        id: "X-CVE-2026-105209",
        finding: "X-CVE-2026-105209",
        title: "A passkey is added by the one who began, to their own account",
        severity: Severity::Critical,
        asvs: "6.4.6",
        cwe: 639,
        expected: "A registration that A began, finished by B, with A's or B's id beside it, or with A's answer in B's own: 410 or \
                   422; begun with somebody else's id: 422. Neither has a passkey afterwards. Finished by A: 201.",
        help: "Keep for whom a passkey was asked beside what was asked, and compare it with who answers.",
        weakened_by: "X-CVE-2026-105209",
        writes: true,
    },
    attack: |lab, found| Box::pin(attack(lab, found)),
};

async fn passkeys(lab: &Lab, session: &Session) -> Result<usize, Stop> {
    let answer = lab.send(&Request::get("/api/auth/passkeys").cookies(session)).await?;
    let items = answer.json().get("items").and_then(Value::as_array).map(Vec::len);
    items.ok_or_else(|| Stop::Unsure(format!("GET /api/auth/passkeys answers {}", answer.brief())))
}

fn refused(found: &mut Findings, what: &str, answer: &Response) {
    let held = matches!(answer.status, 404 | 410 | 422) && answer.header("set-cookie").is_none();
    found.check(held, || format!("{what}: {}", answer.brief()));
}

/// A body with other members beside its own.
fn beside(request: Request, ceremony: &str, credential: &Value, member: &str, value: &str) -> Request {
    let mut body = json!({"ceremony_id": ceremony, "name": "prove", "credential": credential});
    body[member] = json!(value);
    let headers = request.headers.into_iter().filter(|(name, _)| name != "Content-Type").collect();
    Request { headers, ..Request::post(&request.path) }.json(&body)
}

async fn attack(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let (account, other) = (lab.spare().await?, lab.spare().await?);
    let ((mut a, _), (b, _)) = (lab.enter(&account).await?, lab.enter(&other).await?);
    let device = lab.device(&account).await?;
    let answer_to = |asked: &Asked| device.create(&asked.options).ok_or_else(unreadable);

    let asked = lab.begin_passkey(&a).await?;
    let made = answer_to(&asked)?;
    refused(found, "a registration of A's, finished by B", &lab.send(&finish(&b, &asked.id, &made)).await?);
    for (member, value) in
        [("user_id", &a.user_id), ("user_id", &b.user_id), ("userId", &a.user_id), ("email", &account.email)]
    {
        let asked = lab.begin_passkey(&a).await?;
        let made = answer_to(&asked)?;
        let request = beside(finish(&b, &asked.id, &made), &asked.id, &made, member, value);
        refused(found, &format!("a registration of A's, finished by B with {member}"), &lab.send(&request).await?);
        let own = lab.begin_passkey(&b).await?;
        let made = answer_to(&own)?;
        let request = beside(finish(&b, &own.id, &made), &own.id, &made, member, value);
        refused(found, &format!("B's own, finished with {member}"), &lab.send(&request).await?);
        refused(found, &format!("one begun by B with {member}"), &lab.send(&begin(&b, &json!({member: value}))).await?);
    }
    let (asked, own) = (lab.begin_passkey(&a).await?, lab.begin_passkey(&b).await?);
    let made = answer_to(&asked)?;
    refused(found, "A's answer in B's registration", &lab.send(&finish(&b, &own.id, &made)).await?);
    let anonymous = finish(&Session { sid: String::new(), ..b.clone() }, &asked.id, &made);
    let answer = lab.send(&anonymous).await?;
    found.check(matches!(answer.status, 401 | 403), || format!("finished by nobody: {}", answer.brief()));
    for (whose, session) in [("A", &a), ("B", &b)] {
        let count = passkeys(lab, session).await?;
        found.check(count == 0, || format!("{whose} has {count} passkeys that they did not add"));
    }

    let asked = lab.begin_passkey(&a).await?;
    let answer = lab.send(&finish(&a, &asked.id, &answer_to(&asked)?)).await?;
    found.control(answer.status == 201, || format!("A's own registration, finished by A: {}", answer.brief()))?;
    a = a.after(&answer);
    let count = passkeys(lab, &a).await?;
    found.control(count == 1, || format!("A has {count} passkeys after adding one"))
}
