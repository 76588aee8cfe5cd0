//! Signed tokens, as a forger writes them.

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use serde_json::{Value, json};

/// A token, taken apart. What is changed in it does not fit its signature any more.
#[derive(Debug, Clone)]
pub(crate) struct Jwt {
    pub(crate) header: Value,
    pub(crate) claims: Value,
    signature: Vec<u8>,
}

impl Jwt {
    /// One that is not signed yet.
    pub(crate) const fn new(header: Value, claims: Value) -> Self {
        Self { header, claims, signature: Vec::new() }
    }

    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('.').map(|part| BASE64URL_NOPAD.decode(part.as_bytes()).ok());
        let (header, claims, signature) = (parts.next()??, parts.next()??, parts.next()??);
        let read = |bytes: &[u8]| serde_json::from_slice(bytes).ok();
        Some(Self { header: read(&header)?, claims: read(&claims)?, signature })
    }

    /// With other members in the header; `null` removes one.
    pub(crate) fn header(mut self, members: &Value) -> Self {
        merge(&mut self.header, members);
        self
    }

    /// With other claims; `null` removes one.
    pub(crate) fn claims(mut self, members: &Value) -> Self {
        merge(&mut self.claims, members);
        self
    }

    fn signed_part(&self) -> String {
        self.under(&self.header.to_string())
    }

    /// What is signed, under a header that is written as it stands.
    fn under(&self, header: &str) -> String {
        let encode = |text: &str| BASE64URL_NOPAD.encode(text.as_bytes());
        format!("{}.{}", encode(header), encode(&self.claims.to_string()))
    }

    /// With the signature that it had.
    pub(crate) fn as_it_was(&self) -> String {
        format!("{}.{}", self.signed_part(), BASE64URL_NOPAD.encode(&self.signature))
    }

    pub(crate) fn unsigned(&self) -> String {
        format!("{}.", self.signed_part())
    }

    /// Signed with a shared secret, which is what a confused verifier takes its public key for.
    pub(crate) fn by_secret(&self, secret: &[u8]) -> String {
        keyed(self.signed_part(), secret)
    }

    pub(crate) fn by(&self, forger: &Forger) -> String {
        let signed = self.signed_part();
        let signature = forger.0.sign(signed.as_bytes());
        format!("{signed}.{}", BASE64URL_NOPAD.encode(signature.as_ref()))
    }
}

fn keyed(signed: String, secret: &[u8]) -> String {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), signed.as_bytes());
    signed + "." + &BASE64URL_NOPAD.encode(tag.as_ref())
}

fn merge(into: &mut Value, members: &Value) {
    let (Some(into), Some(members)) = (into.as_object_mut(), members.as_object()) else { return };
    for (name, value) in members {
        if value.is_null() {
            into.remove(name);
        } else {
            into.insert(name.clone(), value.clone());
        }
    }
}

/// Somebody with a key of their own.
pub(crate) struct Forger(Ed25519KeyPair);

impl Forger {
    pub(crate) fn new() -> Option<Self> {
        let mut seed = [0; 32];
        for part in seed.chunks_mut(8) {
            part.copy_from_slice(&super::noise().to_be_bytes());
        }
        Ed25519KeyPair::from_seed_unchecked(&seed).ok().map(Self)
    }

    /// The public half (RFC 8037).
    pub(crate) fn jwk(&self) -> Value {
        let x = BASE64URL_NOPAD.encode(self.0.public_key().as_ref());
        json!({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "x": x})
    }
}

/// What stands before an Ed25519 key in a `SubjectPublicKeyInfo` (RFC 8410).
const SPKI: &[u8] = &[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// Every text that a verifier of HS256 could take a published key for.
fn as_secrets(jwk: &Value) -> Vec<Vec<u8>> {
    let x = jwk.get("x").and_then(Value::as_str).unwrap_or("");
    let raw = BASE64URL_NOPAD.decode(x.as_bytes()).unwrap_or_default();
    let spki = [SPKI, &raw].concat();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", BASE64.encode(&spki));
    vec![raw, x.as_bytes().to_vec(), pem.trim_end().as_bytes().to_vec(), pem.into_bytes(), spki, jwk.to_string().into()]
}

/// Tokens for a verifier that believes what they say about themselves, with what is wrong about each.
pub(crate) fn confusions(good: &Jwt, jwk: &Value, forger: &Forger) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    for alg in ["none", "None", "NONE", ""] {
        let header = good.clone().header(&json!({"alg": alg}));
        all.push((format!("alg {alg:?}, unsigned"), header.unsigned()));
        all.push((format!("alg {alg:?}"), header.as_it_was()));
        all.push((format!("alg {alg:?} under another key"), header.by(forger)));
    }
    let shared = good.clone().header(&json!({"alg": "HS256"}));
    let secrets = as_secrets(jwk);
    // Twice the same member: who reads the first and who reads the last do not agree.
    let header = good.header.to_string();
    for alg in ["HS256", "none"] {
        let (first, last) = (header.replacen('{', &format!("{{\"alg\":\"{alg}\","), 1), header.trim_end_matches('}'));
        for (what, header) in [("before", first), ("after", format!("{last},\"alg\":\"{alg}\"}}"))] {
            let signed = good.under(&header);
            let token =
                if alg == "none" { signed + "." } else { keyed(signed, secrets.first().map_or(&[], Vec::as_slice)) };
            all.push((format!("alg {alg} {what} another alg"), token));
        }
    }
    let secrets = secrets.into_iter().chain([b"secret".to_vec(), Vec::new()]);
    all.extend(secrets.map(|secret| ("HS256 under what is public".to_owned(), shared.by_secret(&secret))));
    let (own, kid) = (forger.jwk(), good.header.get("kid"));
    for members in [
        json!({}),
        json!({"alg": "Ed25519"}),
        json!({"jwk": own}),
        json!({"jwk": own, "kid": null}),
        json!({"jku": "https://evil.test/jwks.json", "kid": "evil"}),
        json!({"jku": "https://evil.test/jwks.json", "kid": kid}),
        json!({"x5u": "https://evil.test/cert.pem"}),
        json!({"x5c": ["AAAA"]}),
        json!({"kid": "../../../../dev/null"}),
        json!({"kid": "' or 1=1 --"}),
        json!({"kid": null}),
        json!({"crit": []}),
        json!({"crit": ["b64"], "b64": false}),
        json!({"crit": ["alg", "alg"]}),
    ] {
        let names = members.as_object().map(|members| members.keys().cloned().collect::<Vec<_>>().join(", "));
        let what = format!("a key of its own ({})", names.unwrap_or_default());
        all.push((what, good.clone().header(&members).by(forger)));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};

    #[test]
    fn a_token_is_read_changed_and_signed_anew() {
        // RFC 7515, appendix A.1, with its key.
        let published = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6L\
                         y9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let token = Jwt::read(published).unwrap();
        assert_eq!((token.header["alg"].as_str(), token.claims["iss"].as_str()), (Some("HS256"), Some("joe")));
        let changed = token.header(&json!({"typ": null, "kid": "a"})).claims(&json!({"iss": "eve"}));
        let again = Jwt::read(&changed.as_it_was()).unwrap();
        assert_eq!(again.header, json!({"alg": "HS256", "kid": "a"}));
        assert_eq!((again.claims["iss"].as_str(), again.signature.len()), (Some("eve"), 32));
        assert!(changed.unsigned().ends_with('.') && Jwt::read("a.b.c").is_none() && Jwt::read("").is_none());
        let forger = Forger::new().unwrap();
        let signed = changed.by(&forger);
        let (message, signature) = signed.rsplit_once('.').unwrap();
        let public = BASE64URL_NOPAD.decode(forger.jwk()["x"].as_str().unwrap().as_bytes()).unwrap();
        let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap();
        assert!(UnparsedPublicKey::new(&ED25519, public).verify(message.as_bytes(), &signature).is_ok());
    }

    #[test]
    fn a_public_key_is_every_secret_it_could_be_taken_for() {
        let forger = Forger::new().unwrap();
        let secrets = as_secrets(&forger.jwk());
        assert_eq!((secrets[0].len(), secrets[4].len()), (32, 44), "a key, and its SubjectPublicKeyInfo");
        let header = json!({"alg": "EdDSA", "kid": "k"});
        let good = Jwt { header, claims: json!({"sub": "me"}), signature: vec![1; 64] };
        let all = confusions(&good, &forger.jwk(), &forger);
        let texts: Vec<_> = all
            .iter()
            .filter_map(|(_, token)| BASE64URL_NOPAD.decode(token.split('.').next()?.as_bytes()).ok())
            .collect();
        assert_eq!(texts.len(), all.len());
        assert!(texts.contains(&br#"{"alg":"HS256","alg":"EdDSA","kid":"k"}"#.to_vec()));
        assert!(texts.contains(&br#"{"alg":"EdDSA","kid":"k","alg":"none"}"#.to_vec()));
    }
}
