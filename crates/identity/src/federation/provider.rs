//! Speaks with one provider: its metadata, its keys, its token endpoint.
//!
//! Every call goes through one breaker for this provider. No redirect is followed, every answer is bounded, and every
//! address has to be https, unless the provider itself is on this machine. Its keys are fetched when a token names one that
//! is not known, and at most every five minutes, so that made-up names of keys do not become requests of ours.

use super::ProviderSettings;
use crate::tokens::Jws;
use data_encoding::{BASE64, BASE64URL_NOPAD};
use form_urlencoded::Serializer;
use kernel::{Ambient, Breaker, Outage, Patience, Secret, Timestamp};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use reqwest::{RequestBuilder, Url, redirect};
use seal::signature::VerifyingKey;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long one request may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest answer that is read.
const LONGEST: usize = 512 * 1024;
/// How long metadata is believed.
const METADATA_KEPT: Duration = Duration::from_hours(1);
/// How often keys may be fetched.
const KEYS_EVERY: Duration = Duration::from_mins(5);

/// Why a provider could not be spoken with, or was not.
pub(super) type Trouble = Outage<Wrong>;

/// What was wrong with its answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Wrong {
    #[error("it does not answer: {0}")]
    Away(#[from] reqwest::Error),
    #[error("it answers {0}")]
    Refused(u16),
    #[error("its answer is not what it has to be: {0}")]
    Odd(&'static str),
}

impl Wrong {
    /// Whether it does not do its work. A plain no (4xx) is an answer, which strangers can bring about with a made-up code.
    fn is_outage(&self) -> bool {
        match self {
            Self::Away(_) | Self::Odd(_) => true,
            Self::Refused(status) => *status >= 500 || *status == 429,
        }
    }
}

fn odd(what: &'static str) -> Trouble {
    Outage::Failed(Wrong::Odd(what))
}

/// What it says of itself (OpenID Connect Discovery 1.0).
#[derive(Debug, Deserialize)]
pub(super) struct Metadata {
    issuer: String,
    pub(super) authorization_endpoint: String,
    token_endpoint: String,
    userinfo_endpoint: Option<String>,
    jwks_uri: String,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
}

#[derive(Deserialize)]
struct JwkSet {
    keys: Vec<Jwk>,
}

/// One key; what is not needed is not read.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
}

impl Jwk {
    /// The key, if it is of a kind that is taken here, and meant for signatures of that kind.
    fn key(&self) -> Option<(String, VerifyingKey)> {
        let decode = |text: &Option<String>| BASE64URL_NOPAD.decode(text.as_deref()?.as_bytes()).ok();
        let (alg, key) = match (self.kty.as_str(), self.crv.as_deref()) {
            ("OKP", Some("Ed25519")) => ("EdDSA", VerifyingKey::Ed25519(decode(&self.x)?.try_into().ok()?)),
            ("EC", Some("P-256")) => {
                let point = [[4].as_slice(), &decode(&self.x)?, &decode(&self.y)?].concat();
                ("ES256", VerifyingKey::P256(point.try_into().ok()?))
            }
            ("RSA", _) => ("RS256", VerifyingKey::Rsa { n: decode(&self.n)?, e: decode(&self.e)? }),
            _ => return None,
        };
        let meant = self.usage.as_deref().is_none_or(|usage| usage == "sig")
            && self.alg.as_deref().is_none_or(|named| named == alg || (alg == "EdDSA" && named == "Ed25519"));
        (meant && !key.is_weak()).then_some((self.kid.clone()?, key))
    }
}

/// What the token endpoint answers.
#[derive(Deserialize)]
pub(super) struct Tokens {
    pub(super) id_token: String,
    pub(super) access_token: Option<String>,
}

#[derive(Default)]
struct Known {
    metadata: Option<(Timestamp, Arc<Metadata>)>,
    keys: Arc<[(String, VerifyingKey)]>,
    keys_at: Option<Timestamp>,
}

/// A provider, and what is known of it.
pub(crate) struct Provider {
    pub(crate) settings: ProviderSettings,
    /// The way to it; monitoring looks at it.
    pub(super) way: Arc<Breaker>,
    http: reqwest::Client,
    local: bool,
    known: Mutex<Known>,
    /// One at a time fetches keys; whoever knows the key it needs does not wait.
    fetching: tokio::sync::Mutex<()>,
}

fn is_local(url: &Url) -> bool {
    url.scheme() == "http" && matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"))
}

impl Provider {
    pub(super) fn new(settings: ProviderSettings, ambient: &Ambient) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .timeout(PATIENCE + Duration::from_secs(2))
            .connect_timeout(PATIENCE / 2)
            .build()?;
        let local = Url::parse(&settings.issuer).is_ok_and(|url| is_local(&url));
        let way = Breaker::new(format!("oidc:{}", settings.id), Patience::of(PATIENCE), ambient);
        Ok(Self { settings, way, http, local, known: Mutex::default(), fetching: tokio::sync::Mutex::default() })
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        // Whole values are put in the place of others; nothing panics half way.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check(&self, text: &str) -> Result<Url, Trouble> {
        let url = Url::parse(text).map_err(|_| odd("an address is none"))?;
        if url.scheme() == "https" || (self.local && is_local(&url)) {
            return Ok(url);
        }
        Err(odd("an address is not https"))
    }

    async fn fetch<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, Trouble> {
        self.way.call(Self::ask(request), Wrong::is_outage).await
    }

    async fn ask<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, Wrong> {
        let mut response = request.header(ACCEPT, "application/json").send().await?;
        if !response.status().is_success() {
            return Err(Wrong::Refused(response.status().as_u16()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if body.len() + chunk.len() > LONGEST {
                return Err(Wrong::Odd("it does not end"));
            }
            body.extend_from_slice(&chunk);
        }
        serde_json::from_slice(&body).map_err(|_| Wrong::Odd("a field is missing, or of another type"))
    }

    /// What it says of itself, at most an hour old.
    pub(super) async fn metadata(&self, now: Timestamp) -> Result<Arc<Metadata>, Trouble> {
        let fresh = self.known().metadata.as_ref().filter(|(at, _)| now.since(*at) < METADATA_KEPT).cloned();
        if let Some((_, metadata)) = fresh {
            return Ok(metadata);
        }
        let url = format!("{}/.well-known/openid-configuration", self.settings.issuer.trim_end_matches('/'));
        let metadata: Metadata = self.fetch(self.http.get(self.check(&url)?)).await?;
        // To the letter: a provider that speaks for another one is none (RFC 8414, section 3.3).
        if metadata.issuer != self.settings.issuer {
            return Err(odd("it names another issuer than the one that is configured"));
        }
        for address in [&metadata.authorization_endpoint, &metadata.token_endpoint, &metadata.jwks_uri] {
            self.check(address)?;
        }
        let metadata = Arc::new(metadata);
        self.known().metadata = Some((now, metadata.clone()));
        Ok(metadata)
    }

    fn key(&self, kid: &str) -> Option<VerifyingKey> {
        self.known().keys.iter().find(|(known, _)| known == kid).map(|(_, key)| key.clone())
    }

    /// The key of this name.
    async fn find_key(&self, kid: &str, now: Timestamp) -> Result<Option<VerifyingKey>, Trouble> {
        if let Some(key) = self.key(kid) {
            return Ok(Some(key));
        }
        let turn = self.fetching.lock().await;
        let just = self.known().keys_at.is_some_and(|at| now.since(at) < KEYS_EVERY);
        if just {
            return Ok(self.key(kid));
        }
        // Not when it fails: a token whose key cannot be looked up is not a wrong token. What is away is not hammered
        // either; the breaker sees to that.
        let metadata = self.metadata(now).await?;
        let set: JwkSet = self.fetch(self.http.get(self.check(&metadata.jwks_uri)?)).await?;
        let mut known = self.known();
        known.keys = set.keys.iter().filter_map(Jwk::key).collect();
        known.keys_at = Some(now);
        drop(known);
        drop(turn);
        Ok(self.key(kid))
    }

    /// What a token of this provider says, if one of its keys signed it. Who it is for and whether it is time, the caller
    /// has to look at.
    pub(super) async fn verify<T: DeserializeOwned>(
        &self,
        jws: &Jws<'_>,
        now: Timestamp,
    ) -> Result<Option<T>, Trouble> {
        if jws.issuer() != Some(&self.settings.issuer) {
            return Ok(None);
        }
        let Some(kid) = jws.kid() else { return Ok(None) };
        Ok(self.find_key(kid, now).await?.and_then(|key| jws.verify(&key)))
    }

    /// Exchanges the code of a callback (RFC 6749, section 4.1.3, with RFC 7636).
    pub(super) async fn exchange(
        &self,
        code: &str,
        verifier: &str,
        redirect_uri: &str,
        now: Timestamp,
    ) -> Result<Tokens, Trouble> {
        let metadata = self.metadata(now).await?;
        let client_id = self.settings.client_id.as_deref().unwrap_or("");
        let mut pairs = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
            ("code_verifier", verifier),
        ];
        let mut request = self.http.post(self.check(&metadata.token_endpoint)?);
        let methods = &metadata.token_endpoint_auth_methods_supported;
        let basic = methods.is_empty() || methods.iter().any(|method| method == "client_secret_basic");
        match &self.settings.client_secret {
            Some(secret) if basic => request = request.header(AUTHORIZATION, credentials(client_id, secret)),
            Some(secret) => pairs.extend([("client_id", client_id), ("client_secret", secret.expose().as_str())]),
            None => pairs.push(("client_id", client_id)),
        }
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(encode(&pairs));
        self.fetch(request).await
    }

    /// What it tells about somebody beside the ID token; nothing if it has no such place.
    pub(super) async fn user_info<T: DeserializeOwned>(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<Option<T>, Trouble> {
        let metadata = self.metadata(now).await?;
        let Some(address) = &metadata.userinfo_endpoint else { return Ok(None) };
        let request = self.http.get(self.check(address)?).header(AUTHORIZATION, format!("Bearer {token}"));
        self.fetch(request).await.map(Some)
    }
}

fn encode(pairs: &[(&str, &str)]) -> String {
    Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// Both parts are form-encoded first (RFC 6749, section 2.3.1).
fn credentials(id: &str, secret: &Secret<String>) -> String {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    format!("Basic {}", BASE64.encode(format!("{}:{}", encode(id), encode(secret.expose())).as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Option<(String, VerifyingKey)> {
        serde_json::from_str::<Jwk>(text).unwrap().key()
    }

    #[test]
    fn only_keys_for_the_three_signatures_are_taken() {
        let x = BASE64URL_NOPAD.encode(&[9; 32]);
        assert!(key(&format!(r#"{{"kty":"OKP","crv":"Ed25519","kid":"a","x":"{x}"}}"#)).is_some());
        assert!(key(&format!(r#"{{"kty":"EC","crv":"P-256","kid":"a","x":"{x}","y":"{x}","use":"sig"}}"#)).is_some());
        assert!(key(&format!(r#"{{"kty":"RSA","kid":"a","n":"{x}","e":"AQAB","alg":"RS256"}}"#)).is_some());
        for bad in [
            format!(r#"{{"kty":"oct","kid":"a","k":"{x}"}}"#),
            format!(r#"{{"kty":"RSA","kid":"a","n":"{x}","e":"AQAB","alg":"PS256"}}"#),
            format!(r#"{{"kty":"RSA","kid":"a","n":"{x}","e":"AQAB","use":"enc"}}"#),
            format!(r#"{{"kty":"RSA","n":"{x}","e":"AQAB"}}"#),
            format!(r#"{{"kty":"EC","crv":"P-384","kid":"a","x":"{x}","y":"{x}"}}"#),
            r#"{"kty":"OKP","crv":"Ed25519","kid":"a","x":"AQ"}"#.to_owned(),
            format!(r#"{{"kty":"OKP","crv":"Ed25519","kid":"a","x":"{}"}}"#, BASE64URL_NOPAD.encode(&[0; 32])),
        ] {
            assert_eq!(key(&bad), None, "{bad}");
        }
    }

    #[test]
    fn only_https_is_spoken_except_with_this_machine() {
        let provider = |issuer: &str| {
            let settings = ProviderSettings {
                id: "p".to_owned(),
                name: "P".to_owned(),
                issuer: issuer.to_owned(),
                client_id: None,
                client_secret: None,
                audience: None,
            };
            Provider::new(settings, &Ambient::system()).unwrap()
        };
        let (far, here) = (provider("https://id.example"), provider("http://127.0.0.1:4000"));
        assert!(far.check("https://id.example/token").is_ok());
        assert!(far.check("http://id.example/token").is_err() && far.check("http://127.0.0.1/token").is_err());
        assert!(here.check("http://127.0.0.1:4000/token").is_ok() && here.check("http://id.example/token").is_err());
        assert!(far.check("file:///etc/passwd").is_err() && far.check("").is_err());
    }

    #[test]
    fn credentials_are_encoded_before_they_are_joined() {
        let text = credentials("a:b", &Secret::new("c d+/".to_owned()));
        assert_eq!(BASE64.decode(text.trim_start_matches("Basic ").as_bytes()).unwrap(), b"a%3Ab:c+d%2B%2F");
    }
}
