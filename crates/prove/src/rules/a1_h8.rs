//! Whoever can write a token is whoever they like.

use crate::lab::Lab;
use crate::material::{Forger, Jwt, confusions};
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::spare::me;
use crate::wire::Request;
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

pub(crate) static RULE: Rule = Rule {
    info: RuleInfo {
        id: "A1-H8",
        finding: "A1-H8",
        title: "Nobody but the server can write a token",
        severity: Severity::High,
        asvs: "9.1.2",
        cwe: 347,
        expected: "A token with alg none, HS256 under the public key, a key of its own (jwk, jku, x5u), another kid or typ, \
                   other claims, claims of a wrong type, one whose time is over, or no signature: 401. The published keys \
                   hold no private or shared one.",
        help: "The verifier knows the algorithm, the issuer, the audience, the type and the keys, and asks the token for none.",
        weakened_by: "A1-H8",
        writes: false,
    },
    attack: |lab, found| Box::pin(attack(lab, found)),
};

/// Tokens that nobody but the server should be able to write, with what is wrong about each.
fn forgeries(good: &Jwt, jwk: &Value, victim: &str, forger: &Forger) -> Vec<(String, String)> {
    let mut all = confusions(good, jwk, forger);
    all.push((
        "alg none, for somebody else".to_owned(),
        good.clone().header(&json!({"alg": "none"})).claims(&json!({"sub": victim})).unsigned(),
    ));
    for (what, members) in [
        ("typ JWT", json!({"typ": "JWT"})),
        ("no typ", json!({"typ": null})),
        ("typ logout+jwt", json!({"typ": "logout+jwt"})),
        ("crit", json!({"crit": ["exp"]})),
    ] {
        all.push((what.to_owned(), good.clone().header(&members).as_it_was()));
    }
    for (what, members) in [
        ("sub of somebody else", json!({"sub": victim})),
        ("a later exp", json!({"exp": 9_999_999_999_i64})),
        ("exp in the past", json!({"exp": 1_000_000_000, "iat": 999_999_000, "nbf": 999_999_000})),
        ("exp as text", json!({"exp": "9999999999"})),
        ("nbf as text", json!({"nbf": "soon"})),
        ("no exp", json!({"exp": null})),
        ("another iss", json!({"iss": "https://evil.test"})),
        ("another aud", json!({"aud": "https://evil.test"})),
        ("more in amr", json!({"amr": ["pwd", "otp", "mfa"]})),
    ] {
        all.push((what.to_owned(), good.clone().claims(&members).as_it_was()));
    }
    let unsigned = good.unsigned();
    all.push(("no signature".to_owned(), unsigned.clone()));
    all.push(("no third part".to_owned(), unsigned.trim_end_matches('.').to_owned()));
    all.push(("a signature of nothing".to_owned(), format!("{unsigned}{}", BASE64URL_NOPAD.encode(&[0; 64]))));
    all
}

/// The key that a token names, among those that are published; none of them may be more than its public half.
pub(super) async fn published(lab: &Lab, found: &mut Findings, kid: Option<&Value>) -> Result<Value, Stop> {
    let answer = lab.send(&Request::get("/.well-known/jwks.json")).await?;
    let keys = answer.json().get("keys").and_then(Value::as_array).cloned().unwrap_or_default();
    for key in &keys {
        let private = ["d", "p", "q", "k"].iter().find(|name| key.get(**name).is_some());
        found.check(private.is_none(), || format!("a published key has {:?}", private.unwrap_or(&"")));
    }
    let named = keys.into_iter().find(|key| kid.is_some() && key.get("kid") == kid);
    named.ok_or_else(|| Stop::Unsure(format!("the key of a token is not published: {}", answer.brief())))
}

async fn attack(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let token = lab.take_token(0).await?;
    let Some(good) = Jwt::read(&token) else {
        return Err(Stop::NotApplicable("tokens are no JWTs here: there is nothing to forge".to_owned()));
    };
    let victim = lab.session(1).await?.user_id;
    let served = lab.send(&me(&token)).await?;
    found.control(served.ok(), || format!("/api/auth/me with a token answers {}", served.brief()))?;
    let alg = good.header.get("alg").and_then(Value::as_str).unwrap_or("").to_owned();
    found.check(!alg.starts_with("HS") && alg != "none", || format!("tokens are signed with {alg}"));
    let jwk = published(lab, found, good.header.get("kid")).await?;
    let forger = Forger::new().ok_or_else(|| Stop::Unsure("no key could be made".to_owned()))?;
    for (what, forged) in forgeries(&good, &jwk, &victim, &forger) {
        let answer = lab.send(&me(&forged)).await?;
        found.check(answer.status == 401, || format!("a token with {what}: {}", answer.brief()));
    }
    let still = lab.send(&me(&token)).await?;
    found.control(still.ok(), || format!("the proper token after the forged ones: {}", still.brief()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_forgery_differs_from_the_token() {
        let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let header = part(&json!({"alg": "EdDSA", "typ": "at+jwt", "kid": "k"}));
        let claims = part(&json!({"sub": "me", "iss": "i", "aud": "i", "exp": 1, "nbf": 0, "amr": ["pwd"]}));
        let token = format!("{header}.{claims}.{}", BASE64URL_NOPAD.encode(&[1; 64]));
        let forger = Forger::new().unwrap();
        let all = forgeries(&Jwt::read(&token).unwrap(), &forger.jwk(), "victim", &forger);
        assert!(all.len() > 30);
        for (what, forged) in all {
            assert_ne!(forged, token, "{what}");
        }
    }
}
