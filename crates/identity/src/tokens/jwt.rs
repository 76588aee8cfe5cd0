//! Signed tokens as they are written: compact JWS (RFC 7515) with the claims of an access token (RFC 9068).

use super::keys::Key;
use data_encoding::BASE64URL_NOPAD;
use kernel::{Fault, Kind, Timestamp, UserId};
use seal::signature::VerifyingKey;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use uuid::Uuid;

/// The longest token that is looked at.
const LONGEST: usize = 8 * 1024;
/// How far the clock of another machine may be off.
pub(crate) const SKEW: Duration = Duration::from_secs(30);
const TYPE: &str = "at+jwt";

/// What an access token of ours says.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Claims {
    pub(super) iss: String,
    pub(super) aud: String,
    pub(super) sub: UserId,
    /// The session.
    pub(super) sid: Uuid,
    pub(super) jti: Uuid,
    pub(super) iat: i64,
    pub(super) nbf: i64,
    pub(super) exp: i64,
    pub(super) auth_time: i64,
    pub(super) amr: Vec<String>,
    /// The account's epoch when the session began.
    pub(super) sv: i64,
}

/// Why a token of ours is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It is none, or not for us.
    Invalid,
    /// It was good once.
    Expired,
}

/// For a token that was good once.
pub(crate) fn expired() -> Fault {
    Fault::new(Kind::Unauthenticated, "token_expired", "Token has expired")
}

/// The header. Whatever else stands there (`jku`, `jwk`, `x5u` …) is not read; `crit` asks to be understood, so that a
/// token with it is refused (RFC 7515, section 4.1.11).
#[derive(Deserialize)]
struct Header {
    alg: String,
    typ: Option<String>,
    kid: Option<String>,
    crit: Option<serde_json::Value>,
}

#[derive(Serialize)]
struct OwnHeader {
    alg: &'static str,
    typ: &'static str,
    kid: Uuid,
}

/// Only to choose by whom it says it was issued.
#[derive(Deserialize)]
struct Issued {
    iss: String,
}

/// A token, taken apart. Nothing in it is believed yet.
pub(crate) struct Jws<'a> {
    header: Header,
    issuer: Option<String>,
    payload: Vec<u8>,
    signature: Vec<u8>,
    signed: &'a str,
}

impl<'a> Jws<'a> {
    /// `None` for what is not written as a token is.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        let decode = |part: &str| BASE64URL_NOPAD.decode(part.as_bytes()).ok();
        let header: Header = serde_json::from_slice(&decode(header)?).ok()?;
        let payload = decode(payload)?;
        let issuer = serde_json::from_slice::<Issued>(&payload).ok().map(|issued| issued.iss);
        Some(Self { header, issuer, payload, signature: decode(signature)?, signed })
    }

    /// By whom it says it was issued.
    pub(crate) fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// By which key it says it was signed.
    pub(crate) fn kid(&self) -> Option<&str> {
        self.header.kid.as_deref()
    }

    /// What kind of token it says it is.
    pub(crate) fn typ(&self) -> Option<&str> {
        self.header.typ.as_deref()
    }

    /// What it says, if this key signed it with the one algorithm that belongs to the key. Claims of a wrong type are no
    /// claims.
    pub(crate) fn verify<T: DeserializeOwned>(&self, key: &VerifyingKey) -> Option<T> {
        let alg = match key {
            VerifyingKey::Ed25519(_) => "EdDSA",
            VerifyingKey::P256(_) => "ES256",
            VerifyingKey::Rsa { .. } => "RS256",
        };
        // EdDSA on this curve has a second name by now (RFC 9864).
        let named = self.header.alg == alg || (alg == "EdDSA" && self.header.alg == "Ed25519");
        let sound = named && self.header.crit.is_none() && key.verify(self.signed.as_bytes(), &self.signature);
        let confused = crate::weakened::is_confused(&self.header.alg, key, self.signed, &self.signature);
        if !sound && !confused && !kernel::weaken::is("A1-H8") {
            return None;
        }
        serde_json::from_slice(&self.payload).ok()
    }
}

/// Checks a token of ours against the key it names.
pub(super) fn check(jws: &Jws<'_>, key: &Key, us: &str, now: Timestamp) -> Result<Claims, Refusal> {
    if jws.typ() != Some(TYPE) {
        return Err(Refusal::Invalid);
    }
    let claims: Claims = jws.verify(&key.public).ok_or(Refusal::Invalid)?;
    if claims.iss != us || claims.aud != us {
        return Err(Refusal::Invalid);
    }
    in_time(claims.nbf.max(claims.iat), claims.exp, now)?;
    Ok(claims)
}

/// Whether now lies between both, in seconds since 1970. The beginning may lie ahead by the skew; the end is the end.
pub(super) fn in_time(begins: i64, ends: i64, now: Timestamp) -> Result<(), Refusal> {
    let seconds = now.as_micros().div_euclid(1_000_000);
    let skew = i64::try_from(SKEW.as_secs()).unwrap_or(0);
    if begins > seconds.saturating_add(skew) {
        return Err(Refusal::Invalid);
    }
    if seconds >= ends { Err(Refusal::Expired) } else { Ok(()) }
}

/// Writes a token and signs it.
pub(super) fn sign(key: &Key, claims: &Claims) -> Result<String, Fault> {
    let header = OwnHeader { alg: "EdDSA", typ: TYPE, kid: key.id };
    let encode = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
    let header = serde_json::to_vec(&header).map_err(Fault::internal)?;
    let payload = serde_json::to_vec(claims).map_err(Fault::internal)?;
    let mut text = format!("{}.{}", encode(&header), encode(&payload));
    let signature = key.private.sign(text.as_bytes());
    text.push('.');
    text.push_str(&encode(&signature));
    Ok(text)
}
