//! A token says itself how it is to be checked, and is believed.

use super::a1_h8::published;
use crate::lab::Lab;
use crate::material::{Forger, Jwt, confusions};
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::spare::me;
use crate::wire::Request;

pub(crate) static RULE: Rule = Rule {
    info: RuleInfo {
        id: "X-CVE-2026-11800",
        finding: "X-CVE-2026-11800",
        title: "A token does not choose how it is checked",
        severity: Severity::Critical,
        asvs: "9.1.2",
        cwe: 347,
        expected: "HS256 under our public key (its bytes, PEM, JWK), alg none with and without a signature, two algs, EdDSA by \
                   another key under our kid or with a jwk, jku, x5u or x5c beside it, odd crit; in either header: 401. A \
                   proper token in X-API-Key: 401.",
        help: "The key knows its one algorithm; the header chooses among our own keys and nothing else.",
        weakened_by: "X-CVE-2026-11800",
        writes: false,
    },
    attack: |lab, found| Box::pin(attack(lab, found)),
};

async fn attack(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let token = lab.take_token(0).await?;
    let Some(good) = Jwt::read(&token) else {
        return Err(Stop::NotApplicable("tokens are no JWTs here: there is nothing to confuse".to_owned()));
    };
    let victim = lab.session(1).await?.user_id;
    let key = |token: &str| Request::get("/api/auth/me").header("X-API-Key", token);
    let served = lab.send(&me(&token)).await?;
    found.control(served.ok(), || format!("/api/auth/me with a token answers {}", served.brief()))?;
    // An API key's header is no second way in for tokens.
    let elsewhere = lab.send(&key(&token)).await?;
    found.check(elsewhere.status == 401, || format!("a token in X-API-Key: {}", elsewhere.brief()));
    let jwk = published(lab, found, good.header.get("kid")).await?;
    let forger = Forger::new().ok_or_else(|| Stop::Unsure("no key could be made".to_owned()))?;
    let victims = good.clone().claims(&serde_json::json!({"sub": victim}));
    for good in [&good, &victims] {
        for (what, forged) in confusions(good, &jwk, &forger) {
            // From a single address, one header has to do.
            let other = lab.wire.many_addresses().then(|| key(&forged));
            for request in [Some(me(&forged)), other].into_iter().flatten() {
                let answer = lab.send(&request).await?;
                let silent = answer.status == 401 && answer.member("/user/id").is_none();
                found.check(silent, || format!("a token with {what}: {}", answer.brief()));
            }
        }
    }
    let still = lab.send(&me(&token)).await?;
    found.control(still.ok(), || format!("the proper token after the forged ones: {}", still.brief()))
}
