//! A claim of the wrong type counts as one that is not there.

use super::x_providers::come;
use crate::accounts::fresh;
use crate::instance::{Bench, Issuer, Person};
use crate::material::seconds;
use crate::rule::{Findings, RuleInfo, Severity, StartRule, Stop};
use crate::spare::me;
use serde_json::{Value, json};

pub(crate) static RULE: StartRule = StartRule {
    info: RuleInfo {
        id: "X-CVE-2026-25537",
        finding: "X-CVE-2026-25537",
        title: "Claims of another type are no claims",
        severity: Severity::High,
        asvs: "9.2.1",
        cwe: 843,
        expected: "Access tokens of a configured issuer, properly signed, with exp, nbf, iat, sub, aud or iss of another JSON \
                   type, or not in their time: 401. The same token with claims as they should be: 200.",
        help: "Read claims into types, and refuse the token when one does not fit.",
        weakened_by: "X-CVE-2026-25537",
        writes: false,
    },
    trial: |bench, found| Box::pin(trial(bench, found)),
};

/// Claims that do not count, by the one that is wrong. `good` is how they should be.
fn wrong(good: &Value) -> Vec<(String, Value)> {
    let now = good["iat"].as_i64().unwrap_or(0);
    let (subject, audience, issuer) = (&good["sub"], &good["aud"], &good["iss"]);
    let far = now + 1_000_000;
    let values = [
        ("exp", vec![json!(far.to_string()), json!("never"), json!(true), json!(null), json!([far]), json!({})]),
        // The last one is of the right type, and in the future.
        (
            "nbf",
            vec![json!("soon"), json!(far.to_string()), json!(false), json!(null), json!([]), json!({}), json!(far)],
        ),
        (
            "iat",
            vec![json!("now"), json!(far.to_string()), json!(true), json!(null), json!([now]), json!({}), json!(far)],
        ),
        ("sub", vec![json!(5), json!(true), json!(null), json!([subject]), json!({"$ne": null}), json!("")]),
        (
            "aud",
            vec![
                json!(5),
                json!(true),
                json!(null),
                json!({"0": audience}),
                json!([5]),
                json!([[audience]]),
                json!([]),
            ],
        ),
        ("iss", vec![json!([issuer]), json!(null), json!({"0": issuer})]),
    ];
    let mut all = vec![("exp in the past".to_owned(), with(good, "exp", json!(now - 60)))];
    for (name, values) in values {
        all.extend(values.into_iter().map(|value| (format!("{name}: {value}"), with(good, name, value))));
    }
    all
}

fn with(claims: &Value, name: &str, value: Value) -> Value {
    let mut claims = claims.clone();
    claims[name] = value;
    claims
}

async fn trial(bench: &Bench, found: &mut Findings) -> Result<(), Stop> {
    let issuer = Issuer::start().await?;
    let instance = bench.start(&issuer.settings()).await?;
    let lab = &instance.lab;
    let somebody = Person { subject: "prove".to_owned(), email: fresh().email, verified: json!(true) };
    let entered = come(&instance, &issuer, &somebody).await?;
    let now = seconds(&entered).filter(|_| entered.cookie("__Host-sid").is_some());
    let Some(now) = now else {
        return Stop::unsure(format!("somebody new is not let in by the provider: {}", entered.brief()));
    };
    let good = issuer.access_claims(&somebody.subject, now);
    for claims in [good.clone(), with(&good, "aud", json!([good["aud"]]))] {
        let answer = lab.send(&me(&issuer.access_token(&claims))).await?;
        found.control(answer.ok(), || format!("a sound token of the issuer answers {}", answer.brief()))?;
    }
    for (what, claims) in wrong(&good) {
        let answer = lab.send(&me(&issuer.access_token(&claims))).await?;
        found.check(answer.status == 401, || format!("a token with {what}: {}", answer.brief()));
    }
    let still = lab.send(&me(&issuer.access_token(&good))).await?;
    found.control(still.ok(), || format!("a sound token after the others answers {}", still.brief()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wrong_set_differs_in_one_claim() {
        let good = json!({"iss": "https://i", "aud": "a", "sub": "s", "iat": 100, "nbf": 100, "exp": 400});
        let all = wrong(&good);
        assert!(all.len() > 30);
        for (what, claims) in all {
            let differ =
                good.as_object().unwrap().iter().filter(|(name, value)| claims[name.as_str()] != **value).count();
            assert_eq!(differ, 1, "{what}");
        }
    }
}
