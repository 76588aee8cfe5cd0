//! Signed requests (A2-15): RFC 9421 over the method, the target, the digest of the body and the API key, each accepted
//! once.
//!
//! The key that signs is not the secret of the API key: of a public key only that half is here, and a shared secret is
//! sealed. The body's digest (RFC 9530) is compared while the body streams by, in `guard`.

mod base;
mod input;
mod queries;
mod v1;

pub use queries::STATEMENTS;

use crate::Identity;
use crate::api_keys::{KnownKey, PREFIX};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use guard::Asked;
use hmac::{Hmac, KeyInit, Mac};
use input::{Input, inputs, signature};
use kernel::{Fault, Kind, Secret};
use seal::signature::VerifyingKey;
use seal::{Aad, DataKey};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::time::Duration;
use utoipa::ToSchema;
use uuid::Uuid;

/// Whether a text can be read as `Signature-Input` or as `Signature`.
pub(crate) fn is_readable(text: &str) -> bool {
    inputs(text).is_some() || signature(text, "sig1").is_some()
}

/// How far from now a request may have been signed.
const WINDOW: i64 = 60;
/// How long a signature may claim to be good.
const LONGEST: i64 = 300;
/// How long a nonce is kept: longer than any signature can be good.
const KEPT: Duration = Duration::from_mins(10);
/// Letters of 128 bits in base64.
const NONCE: std::ops::RangeInclusive<usize> = 22..=128;
const TAG: &str = "mindvibe";

/// How the requests of a key are signed.
#[derive(Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub(crate) enum Signing {
    /// With a private key that never comes here.
    Ed25519 {
        /// The public half: 32 bytes in base64 or base64url.
        #[schema(min_length = 43, max_length = 44)]
        public_key: String,
    },
    /// With a secret that is made here and shown once.
    Hmac {},
}

/// What checks the signatures of a key.
pub(crate) enum KeySignature {
    Ed25519(VerifyingKey),
    Hmac(Secret<[u8; 32]>),
}

fn place(key: Uuid) -> Aad {
    Aad { table: "api_keys", row: key, column: "signing_key", user: Uuid::nil() }
}

/// What is stored of a signing key: its kind and its bytes.
pub(crate) type Stored = (String, Vec<u8>);

impl KeySignature {
    /// As it is stored.
    pub(crate) fn read(kind: &str, id: Uuid, stored: &[u8], under: &DataKey) -> Result<Self, Fault> {
        let short = |_| Fault::internal("a signing key has another length");
        if kind == "ed25519" {
            return Ok(Self::Ed25519(VerifyingKey::Ed25519(stored.try_into().map_err(short)?)));
        }
        let secret = under.open(&place(id), stored)?;
        Ok(Self::Hmac(Secret::new(secret.as_slice().try_into().map_err(short)?)))
    }

    /// What a new key wants, to be stored; and a secret to be shown once.
    ///
    /// # Errors
    /// 422 for a public key that is none, or a weak one.
    pub(crate) fn begin(wish: Signing, id: Uuid, identity: &Identity) -> Result<(Stored, Option<String>), Fault> {
        match wish {
            Signing::Ed25519 { public_key } => {
                let refused =
                    || Fault::field("signing.public_key", "invalid", "an Ed25519 public key: 32 bytes in base64");
                let text = public_key.as_bytes();
                let bytes = BASE64URL_NOPAD.decode(text).or_else(|_| BASE64.decode(text)).map_err(|_| refused())?;
                let key = VerifyingKey::Ed25519(bytes.as_slice().try_into().map_err(|_| refused())?);
                if key.is_weak() {
                    return Err(refused());
                }
                Ok((("ed25519".to_owned(), bytes), None))
            }
            Signing::Hmac {} => {
                let secret = Secret::new(identity.ambient.bytes::<32>());
                let sealed = identity.token_key.seal(&place(id), secret.expose(), &*identity.ambient.rng);
                Ok((("hmac".to_owned(), sealed), Some(BASE64URL_NOPAD.encode(secret.expose()))))
            }
        }
    }

    const fn alg(&self) -> &'static str {
        match self {
            Self::Ed25519(_) => "ed25519",
            Self::Hmac(_) => "hmac-sha256",
        }
    }

    fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Ed25519(key) => key.verify(message, signature),
            Self::Hmac(secret) => hmac_matches(secret.expose(), message, signature),
        }
    }
}

/// Compared in constant time.
fn hmac_matches(secret: &[u8], message: &[u8], signature: &[u8]) -> bool {
    // HMAC takes keys of every length (RFC 2104, section 3), so this cannot fail.
    let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret).expect("HMAC takes every key");
    mac.chain_update(message).verify_slice(signature).is_ok()
}

fn refuse(code: &'static str, detail: &'static str) -> Fault {
    Fault::new(Kind::Unauthenticated, code, detail)
}

fn invalid(detail: &'static str) -> Fault {
    refuse("signature_invalid", detail)
}

/// When a signature was made, and that it has not been seen before, in one place for both forms.
struct Once<'a> {
    created: i64,
    nonce: &'a str,
}

impl Identity {
    /// Whether a request of this key is signed as it must be.
    ///
    /// # Errors
    /// 401 `signature_required`, `signature_invalid`, `signature_expired` or `replayed`.
    pub(crate) async fn check_signature(&self, known: &KnownKey, asked: &Asked<'_>) -> Result<(), Fault> {
        let signed = asked.headers.contains_key("signature-input") || asked.headers.contains_key("signature");
        if signed {
            let key = known.signature.as_ref().ok_or_else(|| invalid("This API key has no key for signatures."))?;
            let input = one_of_ours(asked)?;
            covers(&input, asked)?;
            let names = [known.id().to_string(), format!("{PREFIX}{}", known.handle())];
            let once = terms(&input, key, &names)?;
            self.in_time(once.created)?;
            let text = asked.headers.get("signature").and_then(|value| value.to_str().ok()).unwrap_or("");
            let given = signature(text, &input.label).ok_or_else(|| invalid("There is no signature of that label."))?;
            let base = base::base(&input, asked).ok_or_else(|| invalid("It covers what is not there."))?;
            if !key.verifies(base.as_bytes(), &given) && !kernel::weaken::is("A2-15") {
                return Err(invalid("The signature does not fit this request."));
            }
            return self.once(known.id(), &once).await;
        }
        if self.config.signature_v1 && asked.headers.contains_key("x-signature") {
            let key = known.signature.as_ref().ok_or_else(|| invalid("This API key has no key for signatures."))?;
            let once = v1::check(key, asked)?;
            self.in_time(once.created)?;
            return self.once(known.id(), &once).await;
        }
        if known.require_signature && !kernel::weaken::is("A2-15") {
            return Err(refuse("signature_required", "Requests with this API key have to be signed (RFC 9421)."));
        }
        Ok(())
    }

    fn in_time(&self, created: i64) -> Result<(), Fault> {
        let now = self.ambient.now().as_micros().div_euclid(1_000_000);
        if (now - created).abs() > WINDOW {
            return Err(refuse("signature_expired", "It was not signed within the last minute; check the clock."));
        }
        Ok(())
    }

    /// Nobody's signature counts twice, on whichever instance it comes back.
    async fn once(&self, key: Uuid, once: &Once<'_>) -> Result<(), Fault> {
        let hash = Sha256::digest(once.nonce.as_bytes()).to_vec();
        let until = self.ambient.now().plus(KEPT);
        let mut tx = self.db.begin().await?;
        let first = queries::insert_nonce(&mut tx, key, hash, until).await?;
        if !first && !kernel::weaken::is("A2-15.replay") {
            // What was read decides the answer, so it has to be durable first.
            tx.rollback().await?;
            return Err(refuse("replayed", "This request was sent before. Sign each one anew."));
        }
        Ok(tx.commit().await?)
    }

    /// Forgets nonces that nothing could repeat any more.
    pub(crate) async fn sweep_nonces(&self) -> store::Result<u64> {
        let mut tx = self.db.begin().await?;
        let deleted = queries::sweep_nonces(&mut tx, self.ambient.now(), 5_000).await?;
        tx.commit().await?;
        Ok(deleted)
    }
}

/// The one signature that is meant for us.
fn one_of_ours(asked: &Asked<'_>) -> Result<Input, Fault> {
    let lines = asked.headers.get_all("signature-input").iter();
    let lines: Vec<&str> = lines.filter_map(|line| line.to_str().ok()).collect();
    let all = inputs(&lines.join(", ")).ok_or_else(|| invalid("Signature-Input cannot be read."))?;
    let mut ours = all.into_iter().filter(|input| input.params.tag.as_deref() == Some(TAG));
    match (ours.next(), ours.next()) {
        (Some(input), None) => Ok(input),
        _ => Err(invalid("Exactly one signature has the tag \"mindvibe\".")),
    }
}

/// Whether it is of all that must not be changed on the way.
fn covers(input: &Input, asked: &Asked<'_>) -> Result<(), Fault> {
    let has = |name: &str| input.components.iter().any(|component| component == name);
    let key_header = if asked.headers.contains_key("x-api-key") { "x-api-key" } else { "authorization" };
    if !has("@method") || !has("@target-uri") || !has(key_header) {
        return Err(invalid("It has to cover @method, @target-uri and the header that holds the key."));
    }
    if asked.has_body && (!has("content-digest") || asked.digest.is_none()) {
        return Err(invalid("With a body it has to cover content-digest, a SHA-256."));
    }
    Ok(())
}

fn terms<'a>(input: &'a Input, key: &KeySignature, names: &[String]) -> Result<Once<'a>, Fault> {
    let params = &input.params;
    let (Some(created), Some(expires), Some(nonce), Some(keyid)) =
        (params.created, params.expires, params.nonce.as_deref(), params.keyid.as_ref())
    else {
        return Err(invalid("The parameters created, expires, nonce and keyid have to be there."));
    };
    if !(created..=created.saturating_add(LONGEST)).contains(&expires) {
        return Err(invalid("It expires at most 300 seconds after it was created."));
    }
    if !NONCE.contains(&nonce.len()) {
        return Err(invalid("The nonce has 128 random bits or more: 22 to 128 characters."));
    }
    if !names.contains(keyid) || params.alg.as_ref().is_some_and(|alg| alg != key.alg()) {
        return Err(invalid("keyid names this API key, and alg, if it is there, the kind of its key."));
    }
    Ok(Once { created, nonce })
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderMap, Method};

    /// The request of RFC 9421, appendix B.2.
    fn headers() -> HeaderMap {
        let pairs = [
            ("host", "example.com"),
            ("date", "Tue, 20 Apr 2021 02:07:55 GMT"),
            ("content-type", "application/json"),
            ("content-length", "18"),
        ];
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    fn base_of(headers: &HeaderMap, written: &str) -> String {
        let asked = Asked {
            ip: "192.0.2.1".parse().unwrap(),
            method: &Method::POST,
            origin: "https://example.com",
            path_and_query: "/foo?param=Value&Pet=dog",
            headers,
            has_body: true,
            digest: None,
        };
        base::base(&inputs(written).unwrap()[0], &asked).unwrap()
    }

    #[test]
    fn hmac_of_rfc_9421_b_2_5() {
        let written = r#"sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret""#;
        let secret = BASE64
            .decode(b"uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==")
            .unwrap();
        let given = signature("sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:", "sig-b25").unwrap();
        let base = base_of(&headers(), written);
        assert!(hmac_matches(&secret, base.as_bytes(), &given), "{base}");
        assert!(!hmac_matches(&secret, base.replace("POST", "GET").as_bytes(), &given[..31]));
    }

    #[test]
    fn ed25519_of_rfc_9421_b_2_6() {
        let written = r#"sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519""#;
        let key = BASE64URL_NOPAD.decode(b"JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs").unwrap();
        let key = VerifyingKey::Ed25519(key.try_into().unwrap());
        let given = signature(
            "sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:",
            "sig-b26",
        );
        let base = base_of(&headers(), written);
        assert!(key.verify(base.as_bytes(), &given.clone().unwrap()), "{base}");
        assert!(!key.verify(base.replace("POST", "GET").as_bytes(), &given.unwrap()));
    }

    #[test]
    fn a_target_is_taken_apart() {
        let target = base::Target::of("https://mind.example:8443/api/moods?limit=3");
        assert_eq!((target.authority, target.path, target.query), ("mind.example:8443", "/api/moods", "?limit=3"));
        assert_eq!(base::Target::of("https://mind.example").path, "/");
    }
}
