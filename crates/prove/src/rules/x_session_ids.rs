//! Ids of sessions that come again, or that one can guess from another.

use crate::lab::Lab;
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::wire::Request;
use std::collections::HashSet;

pub(crate) static RULE: Rule = Rule {
    info: RuleInfo {
        id: "X-GHSA-rg35-5v25-mqvp",
        finding: "X-GHSA-rg35-5v25-mqvp",
        title: "No id of a session comes again or tells of another",
        severity: Severity::High,
        asvs: "7.2.3",
        cwe: 330,
        expected: "Twelve sign-ins of one account, a sign-out after every other: twelve ids, none of them like another in more \
                   than chance would make it, each of at least 128 bits; and those that ended: 401.",
        help: "An id is 256 random bits and nothing else; only its hash is kept.",
        weakened_by: "X-GHSA-rg35-5v25-mqvp",
        writes: true,
    },
    attack: |lab, found| Box::pin(attack(lab, found)),
};

const TIMES: usize = 12;
/// Beyond the kind of token that stands before it: 64 random letters agree in six places in a row once in ages.
const ALIKE: usize = 6;

/// What follows the kind: `sid_…`.
fn secret(sid: &str) -> &str {
    sid.split_once('_').map_or(sid, |(_, rest)| rest)
}

/// The longest beginning that two ids share.
fn shared(one: &str, other: &str) -> usize {
    one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count()
}

async fn attack(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let account = lab.spare().await?;
    let (mut ids, mut ended): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for number in 0..TIMES {
        let (session, entered) = lab.enter(&account).await?;
        found.control(entered.ok(), || entered.brief())?;
        if number % 2 == 0 {
            let leave = Request::post("/api/auth/logout").same_origin().signed_in(&session);
            let left = lab.send(&leave).await?;
            found.control(left.ok(), || format!("a sign-out answers {}", left.brief()))?;
            ended.push(session.sid.clone());
        }
        ids.push(session.sid);
    }
    let distinct: HashSet<_> = ids.iter().collect();
    found.check(distinct.len() == TIMES, || format!("{TIMES} sign-ins, {} ids", distinct.len()));
    for (place, one) in ids.iter().enumerate() {
        // 128 bits in letters of six bits each.
        found.check(secret(one).len() >= 22, || format!("an id of {} letters", secret(one).len()));
        let most = ids[..place].iter().map(|other| shared(secret(one), secret(other))).max().unwrap_or(0);
        found.check(most < ALIKE, || format!("two ids begin with the same {most} letters"));
    }
    for sid in ended {
        let answer = lab.send(&Request::get("/api/auth/me").header("Cookie", &format!("__Host-sid={sid}"))).await?;
        found.check(answer.status == 401, || format!("an id that was signed out: {}", answer.brief()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_before_the_secret_is_no_likeness() {
        assert_eq!((secret("sid_abc"), secret("abc"), secret("sid_a_b")), ("abc", "abc", "a_b"));
        assert_eq!((shared("abcd", "abxy"), shared("", "a"), shared("a", "a")), (2, 0, 1));
    }
}
