//! The form that the audit asked for, as a compatibility mode that is off unless `SIGNATURE_V1=on`: `X-Signature` is the
//! HMAC-SHA-256, in hex, over method, path, query, timestamp, nonce and the SHA-256 of the body, one a line.
//!
//! The audit's own text left out method, path and nonce, so that a request could be repeated elsewhere within its minutes.

use super::base::Target;
use super::{KeySignature, NONCE, Once, hmac_matches, invalid};
use data_encoding::HEXLOWER_PERMISSIVE;
use guard::Asked;
use kernel::Fault;
use sha2::{Digest, Sha256};

fn header<'a>(asked: &Asked<'a>, name: &str) -> Result<&'a str, Fault> {
    let value = asked.headers.get(name).and_then(|value| value.to_str().ok());
    value.ok_or_else(|| invalid("X-Signature, X-Timestamp and X-Nonce belong together."))
}

/// Checks the signature; when it was made and its nonce are left to the caller.
pub(super) fn check<'a>(key: &KeySignature, asked: &Asked<'a>) -> Result<Once<'a>, Fault> {
    let KeySignature::Hmac(secret) = key else {
        return Err(invalid("This form is for keys that sign with HMAC."));
    };
    let (timestamp, nonce) = (header(asked, "x-timestamp")?, header(asked, "x-nonce")?);
    let created: i64 = timestamp.parse().map_err(|_| invalid("X-Timestamp is in seconds since 1970."))?;
    if !NONCE.contains(&nonce.len()) {
        return Err(invalid("The nonce has 128 random bits or more: 22 to 128 characters."));
    }
    let digest = match asked.digest {
        Some(digest) => digest,
        None if !asked.has_body => Sha256::digest(b"").into(),
        // Only an announced digest can be checked while the body streams by.
        None => return Err(invalid("With a body, send Content-Digest with its SHA-256.")),
    };
    let given = HEXLOWER_PERMISSIVE.decode(header(asked, "x-signature")?.as_bytes());
    let given = given.map_err(|_| invalid("X-Signature is in hex."))?;
    if !hmac_matches(secret.expose(), message(asked, timestamp, nonce, &digest).as_bytes(), &given) {
        return Err(invalid("The signature does not fit this request."));
    }
    Ok(Once { created, nonce })
}

fn message(asked: &Asked<'_>, timestamp: &str, nonce: &str, digest: &[u8]) -> String {
    let whole = asked.target();
    let target = Target::of(&whole);
    let query = target.query.strip_prefix('?').unwrap_or("");
    let digest = HEXLOWER_PERMISSIVE.encode(digest);
    [asked.method.as_str(), target.path, query, timestamp, nonce, &digest].join("\n")
}
