//! Another provider (OpenID Connect) on this machine, for instances that know it: metadata, a key, and a token endpoint
//! that asks for the PKCE verifier. Who somebody there is, the rule says.

use crate::material::{Forger, Jwt, noise};
use crate::rule::Stop;
use aws_lc_rs::digest;
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// By what it knows the instance.
const CLIENT: &str = "mindvibe";
/// Whom its access tokens are made for.
const AUDIENCE: &str = "https://prove.invalid/api";
const KID: &str = "prove";
const LIFE: i64 = 300;
/// No request of the instance is longer.
const LONGEST: usize = 64 * 1024;

/// Somebody with an account there.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    /// What the provider calls them.
    pub(crate) subject: String,
    pub(crate) email: String,
    /// What it says of that address; anything but `true` vouches for nothing.
    pub(crate) verified: Value,
}

/// What a code stands for.
struct Grant {
    challenge: String,
    claims: Value,
}

struct State {
    url: String,
    key: Forger,
    grants: Mutex<HashMap<String, Grant>>,
}

pub(crate) struct Issuer {
    state: Arc<State>,
    task: JoinHandle<()>,
}

fn value<'a>(pairs: &'a str, name: &str) -> Option<&'a str> {
    pairs.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

impl Issuer {
    pub(crate) async fn start() -> Result<Self, Stop> {
        let unsure = |error: io::Error| Stop::Unsure(format!("a provider of our own: {error}"));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(unsure)?;
        let url = format!("http://{}", listener.local_addr().map_err(unsure)?);
        let key = Forger::new().ok_or_else(|| Stop::Unsure("no key could be made".to_owned()))?;
        let state = Arc::new(State { url, key, grants: Mutex::default() });
        let served = state.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // Whoever breaks off gets no answer.
                let _ = tokio::time::timeout(Duration::from_secs(5), served.answer(stream)).await;
            }
        });
        Ok(Self { state, task })
    }

    /// The settings of an instance that knows it.
    pub(crate) fn settings(&self) -> [(&str, &str); 4] {
        [
            ("OIDC_PROVIDERS", "test"),
            ("OIDC_TEST_ISSUER", &self.state.url),
            ("OIDC_TEST_CLIENT_ID", CLIENT),
            ("OIDC_TEST_AUDIENCE", AUDIENCE),
        ]
    }

    /// Where a browser begins.
    pub(crate) const BEGIN: &str = "/api/auth/oidc/test/start";

    /// Somebody signs in there, sent by `location`; the path by which their browser comes back.
    pub(crate) fn consent(&self, location: &str, person: &Person, now: i64) -> Option<String> {
        let query = location.strip_prefix(&format!("{}/authorize?", self.state.url))?;
        let (state, nonce) = (value(query, "state")?, value(query, "nonce")?);
        let challenge = value(query, "code_challenge").filter(|_| value(query, "client_id") == Some(CLIENT))?;
        let code = format!("{:016x}{:016x}", noise(), noise());
        let claims = json!({
            "iss": self.state.url, "aud": CLIENT, "sub": person.subject, "nonce": nonce, "iat": now, "exp": now + LIFE,
            "email": person.email, "email_verified": person.verified, "name": "Somebody",
        });
        self.state.grants().insert(code.clone(), Grant { challenge: challenge.to_owned(), claims });
        Some(format!("/api/auth/oidc/test/callback?code={code}&state={state}"))
    }

    /// What an access token of theirs says.
    pub(crate) fn access_claims(&self, subject: &str, now: i64) -> Value {
        json!({"iss": self.state.url, "aud": AUDIENCE, "sub": subject, "iat": now, "nbf": now, "exp": now + LIFE})
    }

    /// An access token that says this, signed as it should be.
    pub(crate) fn access_token(&self, claims: &Value) -> String {
        self.state.sign("at+jwt", claims)
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl State {
    fn grants(&self) -> MutexGuard<'_, HashMap<String, Grant>> {
        self.grants.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sign(&self, kind: &str, claims: &Value) -> String {
        Jwt::new(json!({"alg": "EdDSA", "typ": kind, "kid": KID}), claims.clone()).by(&self.key)
    }

    async fn answer(&self, mut stream: TcpStream) -> io::Result<()> {
        let (mut bytes, mut whole) = (Vec::new(), None);
        while whole.is_none() && bytes.len() < LONGEST {
            if stream.read_buf(&mut bytes).await? == 0 {
                return Ok(());
            }
            whole = request(&bytes);
        }
        let Some((target, body)) = whole else { return Ok(()) };
        let (status, document) = match self.document(&target, &body) {
            Some(document) => ("200 OK", document),
            None => ("400 Bad Request", json!({"error": "invalid_request"})),
        };
        let document = document.to_string();
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            document.len()
        );
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(document.as_bytes()).await?;
        stream.shutdown().await
    }

    fn document(&self, target: &str, body: &str) -> Option<Value> {
        let url = &self.url;
        match target {
            "GET /.well-known/openid-configuration" => Some(json!({
                "issuer": url, "authorization_endpoint": format!("{url}/authorize"),
                "token_endpoint": format!("{url}/token"), "jwks_uri": format!("{url}/jwks"),
            })),
            "GET /jwks" => {
                let mut key = self.key.jwk();
                key["kid"] = json!(KID);
                Some(json!({"keys": [key]}))
            }
            "POST /token" => {
                let grant = self.grants().remove(value(body, "code")?)?;
                let verifier = value(body, "code_verifier")?;
                let shown = BASE64URL_NOPAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()).as_ref());
                (shown == grant.challenge)
                    .then(|| json!({"id_token": self.sign("JWT", &grant.claims), "token_type": "Bearer"}))
            }
            _ => None,
        }
    }
}

/// Method and target, and the body, of a request that is complete.
fn request(bytes: &[u8]) -> Option<(String, String)> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.lines();
    let target = lines.next()?.rsplit_once(' ')?.0.to_owned();
    let length = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        if name.eq_ignore_ascii_case("content-length") { value.trim().parse::<usize>().ok() } else { None }
    });
    let body = bytes[end + 4..].get(..length.unwrap_or(0))?;
    Some((target, String::from_utf8_lossy(body).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Request, Wire};

    #[tokio::test]
    async fn a_code_is_good_once_and_with_its_verifier() {
        let issuer = Issuer::start().await.unwrap();
        let url = issuer.settings()[1].1.to_owned();
        let wire = Wire::counting(&url, Arc::default()).await.unwrap();
        let said = wire.send(&Request::get("/.well-known/openid-configuration")).await.unwrap();
        assert_eq!(said.member("/issuer"), Some(url.clone()));
        assert_eq!(wire.send(&Request::get("/jwks")).await.unwrap().json()["keys"][0]["kid"], KID);
        // RFC 7636, appendix B.
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let location =
            format!("{url}/authorize?client_id={CLIENT}&state=s&nonce=n&code_challenge={challenge}&response_type=code");
        let person = Person { subject: "a".into(), email: "a@example.com".into(), verified: json!(true) };
        for (shown, served) in [(verifier, true), ("another", false)] {
            let back = issuer.consent(&location, &person, 100).unwrap();
            let code = value(back.split_once('?').unwrap().1, "code").unwrap().to_owned();
            let form = format!("grant_type=authorization_code&code={code}&code_verifier={shown}");
            let ask = Request::post("/token").content("application/x-www-form-urlencoded", form.into_bytes());
            let answer = wire.send(&ask).await.unwrap();
            assert_eq!(answer.ok(), served);
            if let Some(token) = answer.member("/id_token") {
                assert_eq!(Jwt::read(&token).unwrap().claims["nonce"], "n");
            }
            assert!(!wire.send(&ask).await.unwrap().ok(), "once");
        }
        assert_eq!(issuer.consent("https://elsewhere.example/authorize?state=s", &person, 1), None);
    }
}
