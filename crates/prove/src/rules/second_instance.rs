//! What is revoked at one instance, and still taken by another.

use crate::lab::Lab;
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::spare::me;
use crate::wire::{Request, Response};
use std::time::Duration;
use tokio::time::Instant;

pub(crate) static RULE: Rule = Rule {
    info: RuleInfo {
        id: "A2-1.second-instance",
        finding: "A2-1",
        title: "What is revoked at one instance ends at the other within two seconds",
        severity: Severity::High,
        asvs: "7.4.1",
        cwe: 613,
        expected: "A session and an access token that both instances take; signed out at the first: 401 at the second, within two \
                   seconds of it.",
        help: "What an instance remembers of a session lives for less than two seconds, or is told to forget.",
        weakened_by: "",
        writes: true,
    },
    attack: |lab, found| Box::pin(attack(lab, found)),
};

const SOON: Duration = Duration::from_secs(2);
/// Beyond what is allowed: to tell late from never.
const LATEST: Duration = Duration::from_secs(10);

/// Asks the second instance until it refuses; how long that took.
async fn until_refused(lab: &Lab, request: &Request) -> Result<Option<Duration>, Stop> {
    let (second, began) = (lab.second()?, Instant::now());
    while began.elapsed() < LATEST {
        if second.send(request).await?.status == 401 {
            return Ok(Some(began.elapsed()));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(None)
}

async fn ends(lab: &Lab, found: &mut Findings, what: &str, request: &Request, revoked: &Response) -> Result<(), Stop> {
    found.control(revoked.ok(), || format!("{what}: signing out answers {}", revoked.brief()))?;
    let took = until_refused(lab, request).await?;
    found.check(took.is_some_and(|took| took <= SOON), || match took {
        Some(took) => format!("{what}: taken by the second instance for {:.1} s more", took.as_secs_f64()),
        None => format!("{what}: still taken by the second instance after {} s", LATEST.as_secs()),
    });
    Ok(())
}

async fn attack(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let second = lab.second()?;
    let (session, _) = lab.sign_in(1).await?;
    let by_cookie = Request::get("/api/auth/me").cookies(&session);
    let token = lab.take_token(1).await?;
    for (what, request) in [("a session", &by_cookie), ("an access token", &me(&token))] {
        let answer = second.send(request).await?;
        found.control(answer.ok(), || format!("{what} of the first, at the second instance: {}", answer.brief()))?;
    }
    let leave = Request::post("/api/auth/logout").same_origin().signed_in(&session);
    let revoked = lab.send(&leave).await?;
    ends(lab, found, "a session", &by_cookie, &revoked).await?;
    let leave = Request::post("/auth/logout").bearer(&token).json(&serde_json::json!({}));
    let revoked = lab.send(&leave).await?;
    ends(lab, found, "an access token", &me(&token), &revoked).await
}
