//! A token that was stolen once is good for ever.

use crate::lab::Lab;
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::spare::{Pair, me, refresh};
use crate::wire::{Request, Response};
use serde_json::json;

pub(crate) static RULE: Rule = Rule {
    info: RuleInfo {
        id: "A2-1",
        finding: "A2-1",
        title: "A refresh token works once, and a copy of it ends the family",
        severity: Severity::High,
        asvs: "10.4.5",
        cwe: 613,
        expected: "/auth/refresh answers another pair each time. One that came back after two others: 401, and then the latest \
                   pair too. The same from another program: 401. After logout both tokens: 401. A made-up one: 401.",
        help: "Count the generations of a family, and end it when an older one comes back.",
        weakened_by: "A2-1",
        writes: true,
    },
    attack: |lab, found| Box::pin(attack(lab, found)),
};

fn dead(found: &mut Findings, what: &str, answer: &Response) {
    let silent = answer.member("/access_token").is_none();
    found.check(answer.status == 401 && silent, || format!("{what}: {}", answer.brief()));
}

/// The pair after this one.
async fn next(lab: &Lab, found: &mut Findings, pair: &Pair) -> Result<Pair, Stop> {
    let answer = lab.send(&refresh(&pair.refresh)).await?;
    let after = Pair::read(&answer).filter(|_| answer.ok());
    found.control(after.is_some(), || format!("/auth/refresh with a good token answers {}", answer.brief()))?;
    let after = after.ok_or_else(|| Stop::Unsure("no pair".to_owned()))?;
    found.check(after.refresh != pair.refresh, || "/auth/refresh answers the refresh token it was given".to_owned());
    found.check(after.access != pair.access, || "/auth/refresh answers the access token of before".to_owned());
    let served = lab.send(&me(&after.access)).await?;
    found.control(served.ok(), || format!("/api/auth/me with a new token answers {}", served.brief()))?;
    Ok(after)
}

async fn attack(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let account = lab.account(1).await?;
    let first = lab.pair(&account).await?;
    let second = next(lab, found, &first).await?;
    let third = next(lab, found, &second).await?;
    dead(found, "a refresh token that was used two generations ago", &lab.send(&refresh(&first.refresh)).await?);
    dead(found, "the latest refresh token after that", &lab.send(&refresh(&third.refresh)).await?);
    dead(found, "the latest access token after that", &lab.send(&me(&third.access)).await?);
    dead(found, "the access token before it", &lab.send(&me(&second.access)).await?);

    // The moment in which an answer that was lost is repeated is for the program that lost it.
    let first = lab.pair(&account).await?;
    let second = next(lab, found, &first).await?;
    let thief = refresh(&first.refresh).header("User-Agent", "curl/8.0");
    dead(found, "a refresh token that another program repeats", &lab.send(&thief).await?);
    dead(found, "the family after that", &lab.send(&refresh(&second.refresh)).await?);

    let pair = lab.pair(&account).await?;
    let log_out = Request::post("/auth/logout").bearer(&pair.access).json(&json!({}));
    let answer = lab.send(&log_out).await?;
    found.check(answer.ok(), || format!("POST /auth/logout: {}", answer.brief()));
    dead(found, "an access token after logout", &lab.send(&me(&pair.access)).await?);
    dead(found, "a refresh token after logout", &lab.send(&refresh(&pair.refresh)).await?);
    for made_up in [format!("rt_{}", "A".repeat(43)), "rt_".to_owned(), "undefined".to_owned(), String::new()] {
        let answer = lab.send(&refresh(&made_up)).await?;
        let refused = matches!(answer.status, 401 | 422) && answer.member("/access_token").is_none();
        found.check(refused, || format!("a made-up refresh token: {}", answer.brief()));
    }
    Ok(())
}
