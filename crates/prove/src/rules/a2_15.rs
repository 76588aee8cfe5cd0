//! A request that was overheard is sent again, or changed on its way.

use crate::lab::Lab;
use crate::material::{Jwt, Signer};
use crate::rule::{Findings, Rule, RuleInfo, Severity, Stop};
use crate::spare::Key;
use crate::wire::{Body, Request};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

pub(crate) static RULE: Rule = Rule {
    info: RuleInfo {
        id: "A2-15",
        finding: "A2-15",
        title: "A signed request cannot be changed",
        severity: Severity::Medium,
        asvs: "4.1.5",
        cwe: 345,
        expected: "With a key that requires signatures: unsigned, under another secret, with another method, path, query or body, \
                   or signed two minutes ago or ahead: 401.",
        help: "The signature covers method, target, key and the digest of the body (RFC 9421, RFC 9530).",
        weakened_by: "A2-15",
        writes: true,
    },
    attack: |lab, found| Box::pin(changed(lab, found)),
};

pub(crate) static REPLAY: Rule = Rule {
    info: RuleInfo {
        id: "A2-15.replay",
        finding: "A2-15",
        title: "A signed request is taken once",
        severity: Severity::Medium,
        asvs: "4.1.5",
        cwe: 294,
        expected: "A signed request: 200. The very same again: 401 replayed.",
        help: "Keep the nonce for as long as the signature is good, in one place for all instances.",
        weakened_by: "A2-15.replay",
        writes: true,
    },
    attack: |lab, found| Box::pin(replay(lab, found)),
};

/// A key that requires signatures, and what takes it away again.
async fn signer(lab: &Lab) -> Result<(Signer, Key, String), Stop> {
    let token = lab.take_token(2).await?;
    let issuer = Jwt::read(&token).and_then(|token| token.claims.get("iss")?.as_str().map(ToOwned::to_owned));
    let origin = issuer.ok_or_else(|| Stop::Unsure("a token does not say where people reach the server".to_owned()))?;
    let wish = json!({"name": "prove, signed", "scopes": ["journal:read", "journal:write"], "expires_in_days": 1,
        "require_signature": true, "signing": {"kind": "hmac"}});
    let key = lab.api_key(&token, &wish).await?;
    let shown = key.signing_secret.as_ref().and_then(|secret| BASE64URL_NOPAD.decode(secret.as_bytes()).ok());
    let secret = shown.ok_or_else(|| Stop::Unsure("a key for signed requests came without its secret".to_owned()))?;
    Ok((Signer { origin, key: key.text.clone(), id: key.id.clone(), secret }, key, token))
}

fn read() -> Request {
    Request::get("/api/moods?limit=1")
}

/// A write that is wrong in its content: 422 when the signature was good, and nothing happens.
fn write(score: i64) -> Request {
    Request::post("/api/moods").json(&json!({"score": score}))
}

/// The headers of one request on another.
fn moved(signed: &Request, onto: Request) -> Request {
    let kept = signed.headers.iter().filter(|(name, _)| name != "Content-Type").cloned();
    Request { headers: onto.headers.iter().cloned().chain(kept).collect(), ..onto }
}

async fn changed(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let (signer, key, token) = signer(lab).await?;
    let answer = lab.send(&signer.sign(read(), key.at)).await?;
    found.control(answer.ok(), || format!("GET, properly signed: {}", answer.brief()))?;
    let answer = lab.send(&signer.sign(write(99), key.at)).await?;
    found.control(answer.status == 422, || format!("POST with score 99, properly signed: {}", answer.brief()))?;

    let item = format!("/api/moods/{}", crate::document::NOBODY);
    let other = Signer { secret: vec![7; 32], ..signer.clone() };
    let elsewhere = Signer { origin: "https://evil.test".to_owned(), ..signer.clone() };
    let mut other_body = signer.sign(write(99), key.at);
    other_body.body = Body::Bytes(json!({"score": 98}).to_string().into_bytes());
    let both = signer.sign(write(99), key.at);
    let redigested = crate::material::content_digest(b"{\"score\": 97}");
    let headers = both.headers.iter().filter(|(name, _)| name != "Content-Digest").cloned();
    let redigested = Request {
        headers: headers.chain([("Content-Digest".to_owned(), redigested)]).collect(),
        body: Body::Bytes(b"{\"score\": 97}".to_vec()),
        ..both.clone()
    };
    let attacks = [
        ("an unsigned GET", signer.unsigned(read())),
        ("an unsigned POST", signer.unsigned(write(99))),
        ("one signed with another secret", other.sign(read(), key.at)),
        ("one signed for another server", elsewhere.sign(read(), key.at)),
        ("another query", moved(&signer.sign(read(), key.at), Request::get("/api/moods?limit=2"))),
        ("another path", moved(&signer.sign(read(), key.at), Request::get("/api/journal/entries?limit=1"))),
        ("another method", moved(&signer.sign(Request::get(&item), key.at), Request::new("DELETE", &item))),
        ("another body", other_body),
        ("another body and its digest", redigested),
        ("one signed two minutes ago", signer.sign(read(), key.at - 120)),
        ("one signed two minutes ahead", signer.sign(read(), key.at + 120)),
    ];
    for (what, request) in attacks {
        let answer = lab.send(&request).await?;
        found.check(answer.status == 401, || format!("{what}: {}", answer.brief()));
    }
    lab.delete(&format!("/auth/api-keys/{}", key.id), &token).await;
    Ok(())
}

async fn replay(lab: &Lab, found: &mut Findings) -> Result<(), Stop> {
    let (signer, key, token) = signer(lab).await?;
    for request in [signer.sign(read(), key.at), signer.sign(write(99), key.at)] {
        let first = lab.send(&request).await?;
        let served = matches!(first.status, 200 | 422);
        found.control(served, || format!("{}, properly signed: {}", request.line(), first.brief()))?;
        let again = lab.send(&request).await?;
        found.check(again.is(401, "replayed"), || format!("{} again: {}", request.line(), again.brief()));
        let none = again.json().get("items").and_then(Value::as_array).is_none();
        found.check(none, || format!("{} again answers entries", request.line()));
    }
    lab.delete(&format!("/auth/api-keys/{}", key.id), &token).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_moved_and_the_rest_is_not() {
        let signer = Signer { origin: String::new(), key: "k".into(), id: "i".into(), secret: vec![1] };
        let request = signer.sign(write(99), 1);
        let moved = moved(&request, write(98));
        let count = |name: &str| moved.headers.iter().filter(|(known, _)| known == name).count();
        assert_eq!((count("Content-Type"), count("Signature"), count("Authorization")), (1, 1, 1));
        assert!(matches!(&moved.body, Body::Bytes(bytes) if bytes.ends_with(b"98}")));
    }
}
