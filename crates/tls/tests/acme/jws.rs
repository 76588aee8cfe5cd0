//! Signed requests (RFC 7515, RFC 8555 section 6.2), as an authority checks them.

use aws_lc_rs::digest;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use data_encoding::BASE64URL_NOPAD;
use serde_json::Value;

/// A public key of an account, on P-256.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    x: String,
    y: String,
}

impl Key {
    pub(crate) fn of(jwk: &Value) -> Option<Self> {
        (jwk["kty"] == "EC" && jwk["crv"] == "P-256").then_some(())?;
        let text = |name: &str| jwk[name].as_str().map(ToOwned::to_owned);
        Some(Self { x: text("x")?, y: text("y")? })
    }

    /// RFC 7638.
    pub(crate) fn thumbprint(&self) -> String {
        let text = format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, self.x, self.y);
        BASE64URL_NOPAD.encode(digest::digest(&digest::SHA256, text.as_bytes()).as_ref())
    }

    fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        let point = |text: &str| BASE64URL_NOPAD.decode(text.as_bytes()).unwrap_or_default();
        let bytes = [vec![4], point(&self.x), point(&self.y)].concat();
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, bytes).verify(message, signature).is_ok()
    }
}

/// A request, its signature not yet believed.
pub(crate) struct Signed {
    pub(crate) header: Value,
    /// Empty for a request that only reads.
    pub(crate) payload: Vec<u8>,
    message: Vec<u8>,
    signature: Vec<u8>,
}

impl Signed {
    pub(crate) fn parse(body: &[u8]) -> Option<Self> {
        let body: Value = serde_json::from_slice(body).ok()?;
        let (protected, payload) = (body["protected"].as_str()?, body["payload"].as_str()?);
        let decode = |text: &str| BASE64URL_NOPAD.decode(text.as_bytes()).ok();
        let header: Value = serde_json::from_slice(&decode(protected)?).ok()?;
        (header["alg"] == "ES256").then_some(())?;
        Some(Self {
            header,
            payload: decode(payload)?,
            message: format!("{protected}.{payload}").into_bytes(),
            signature: decode(body["signature"].as_str()?)?,
        })
    }

    pub(crate) fn is_by(&self, key: &Key) -> bool {
        key.signed(&self.message, &self.signature)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.payload).unwrap_or(Value::Null)
    }
}
