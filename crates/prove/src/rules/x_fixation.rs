//! An attacker gives a session to the victim, and shares it once the victim has signed in.

use crate::lab::{Lab, Session};
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::wire::Request;

pub(crate) static RULE: Rule = Rule {
    info: RuleInfo {
        id: "X-CVE-2026-7507",
        finding: "X-CVE-2026-7507",
        title: "Signing in leaves no session behind that somebody else chose",
        severity: Severity::High,
        asvs: "7.2.4",
        cwe: 384,
        expected: "Login with a session's cookie already there, a made-up or a real one: the id changes, and the one from before \
                   is 401 afterwards.",
        help: "Make a new id at every sign-in, and end the session whose cookie came along.",
        weakened_by: "X-CVE-2026-7507",
        writes: false,
    },
    attack: |lab, found| Box::pin(attack(lab, found)),
};

async fn attack(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let victim = lab.account(1).await?;
    let (planted, _) = lab.sign_in(0).await?;
    let made_up = Session { sid: format!("sid_{}", "A".repeat(43)), ..planted.clone() };
    let plain = Session { sid: "0".repeat(32), ..planted.clone() };
    let served = lab.send(&Request::get("/api/auth/me").cookies(&planted)).await?;
    found.control(served.ok(), || format!("/api/auth/me with a session answers {}", served.brief()))?;
    for (what, before) in [("a real", planted), ("a made-up", made_up), ("another program's", plain)] {
        let login = Request::post("/api/auth/login").same_origin().cookies(&before).json(&victim.body());
        let answer = lab.send(&login).await?;
        let Some(after) = Session::read(&answer) else {
            return Stop::unsure(format!("login with {what} session's cookie answers {}", answer.brief()));
        };
        found.check(after.sid != before.sid, || format!("login keeps {what} session's id"));
        let old = lab.send(&Request::get("/api/auth/me").cookies(&before)).await?;
        found.check(old.status == 401, || format!("{what} session from before the login: {}", old.brief()));
        let new = lab.send(&Request::get("/api/auth/me").cookies(&after)).await?;
        let whose = new.member("/user/id") == Some(after.user_id);
        found.control(new.ok() && whose, || format!("/api/auth/me after the login answers {}", new.brief()))?;
    }
    Ok(())
}
