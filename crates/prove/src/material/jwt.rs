//! Signed tokens, as a forger writes them.

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use data_encoding::BASE64URL_NOPAD;
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
        let encode = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        format!("{}.{}", encode(&self.header), encode(&self.claims))
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
        let signed = self.signed_part();
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), signed.as_bytes());
        format!("{signed}.{}", BASE64URL_NOPAD.encode(tag.as_ref()))
    }

    pub(crate) fn by(&self, forger: &Forger) -> String {
        let signed = self.signed_part();
        let signature = forger.0.sign(signed.as_bytes());
        format!("{signed}.{}", BASE64URL_NOPAD.encode(signature.as_ref()))
    }
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
}
