//! What people have besides a password: both tokens, an authenticator app, backup codes, API keys. Rules that need them use
//! accounts of their own, so that no other rule meets a lock or a question for a second factor.

use crate::accounts::Account;
use crate::lab::{Lab, Session};
use crate::material::{code, seconds, step_at};
use crate::rule::Stop;
use crate::wire::{Request, Response};
use data_encoding::BASE32_NOPAD;
use serde_json::{Value, json};

/// What the token surface answers to a sign-in.
#[derive(Debug, Clone)]
pub(crate) struct Pair {
    pub(crate) access: String,
    pub(crate) refresh: String,
}

impl Pair {
    pub(crate) fn read(answer: &Response) -> Option<Self> {
        Some(Self { access: answer.member("/access_token")?, refresh: answer.member("/refresh_token")? })
    }
}

/// An account with an authenticator app.
pub(crate) struct Enrolled {
    pub(crate) account: Account,
    /// The session in which it was set up.
    pub(crate) session: Session,
    /// The app's secret, as it was shown.
    pub(crate) written: String,
    /// The code that switched it on, which is used up.
    pub(crate) used: String,
    pub(crate) backup_codes: Vec<String>,
}

/// An API key, as it was shown once.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) text: String,
    pub(crate) signing_secret: Option<String>,
    /// The server's clock when it was made.
    pub(crate) at: i64,
}

/// Whether there is anybody behind an access token or an API key.
pub(crate) fn me(token: &str) -> Request {
    Request::get("/api/auth/me").bearer(token)
}

pub(crate) fn refresh(token: &str) -> Request {
    Request::post("/auth/refresh").json(&json!({"refresh_token": token}))
}

impl Lab {
    /// Signs in on the token surface, anew.
    pub(crate) async fn pair(&self, account: &Account) -> Result<Pair, Stop> {
        let answer = self.send(&Request::post("/auth/login").json(&account.body())).await?;
        Pair::read(&answer).ok_or_else(|| {
            Stop::Unsure(format!("asking for tokens with a good password answers {} and not both", answer.brief()))
        })
    }

    /// A new account that has an authenticator app.
    pub(crate) async fn enrolled(&self) -> Result<Enrolled, Stop> {
        let account = self.spare().await?;
        let (session, _) = self.enter(&account).await?;
        let set_up = Request::post("/api/auth/2fa/setup").same_origin().signed_in(&session).json(&json!({}));
        let shown = self.send(&set_up).await?;
        let written = shown.member("/secret").filter(|_| shown.ok());
        let secret = written.as_ref().and_then(|secret| BASE32_NOPAD.decode(secret.as_bytes()).ok());
        let (Some(written), Some(secret), Some(now)) = (written, secret, seconds(&shown)) else {
            return Stop::unsure(format!("setting up an authenticator app answers {}", shown.brief()));
        };
        let used = code(&secret, step_at(now));
        let enable = Request::post("/api/auth/2fa/enable").same_origin().signed_in(&session);
        let answer = self.send(&enable.json(&json!({"code": used}))).await?;
        let codes = answer.json().get("backup_codes").and_then(Value::as_array).cloned().unwrap_or_default();
        let backup_codes: Vec<String> = codes.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect();
        if !answer.ok() || backup_codes.len() < 2 {
            return Stop::unsure(format!("switching an authenticator app on answers {}", answer.brief()));
        }
        Ok(Enrolled { account, session: session.after(&answer), written, used, backup_codes })
    }

    /// Shows the password of an account that has a second factor; what names the sign-in that waits.
    pub(crate) async fn challenge(&self, account: &Account) -> Result<String, Stop> {
        let answer = self.send(&Request::post("/api/auth/login").same_origin().json(&account.body())).await?;
        let challenge = answer.member("/challenge_id").filter(|_| answer.cookie("__Host-sid").is_none());
        challenge.ok_or_else(|| {
            Stop::Unsure(format!("a good password, where a second factor is needed, answers {}", answer.brief()))
        })
    }

    /// Signs in with the first backup code and has the device trusted; what its cookie holds.
    pub(crate) async fn trusted_device(&self, enrolled: &Enrolled) -> Result<String, Stop> {
        let Some(code) = enrolled.backup_codes.first() else {
            return Stop::unsure("there are no backup codes");
        };
        let challenge = self.challenge(&enrolled.account).await?;
        let body = json!({"challenge_id": challenge, "backup_code": code, "trust_device": true});
        let answer = self.send(&Request::post("/api/auth/second-factor").same_origin().json(&body)).await?;
        let device = answer.cookie("__Host-device").filter(|_| answer.ok());
        device.ok_or_else(|| Stop::Unsure(format!("having a device trusted answers {}", answer.brief())))
    }

    /// Makes an API key.
    pub(crate) async fn api_key(&self, token: &str, wish: &Value) -> Result<Key, Stop> {
        let answer = self.send(&Request::post("/auth/api-keys").bearer(token).json(wish)).await?;
        match (answer.member("/id"), answer.member("/key"), seconds(&answer)) {
            (Some(id), Some(text), Some(at)) if answer.status == 201 => {
                Ok(Key { id, text, signing_secret: answer.member("/signing_secret"), at })
            }
            _ => Stop::unsure(format!("making an API key answers {}", answer.brief())),
        }
    }
}

/// The second step of a browser's sign-in, with one proof: `totp` or `backup_code`.
pub(crate) fn second_step(challenge: &str, proof: &str, value: &str) -> Request {
    let body = json!({"challenge_id": challenge, proof: value});
    Request::post("/api/auth/second-factor").same_origin().json(&body)
}
