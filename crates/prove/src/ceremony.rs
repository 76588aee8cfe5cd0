//! Passkeys over HTTP: what a server asks of a browser, and the browser's answer.

use crate::accounts::Account;
use crate::lab::{Lab, Session};
use crate::material::{Jwt, Passkey};
use crate::rule::Stop;
use crate::wire::{Request, Response};
use serde_json::{Value, json};

/// A question to a passkey.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) id: String,
    pub(crate) options: Value,
}

impl Asked {
    pub(crate) fn read(answer: &Response) -> Option<Self> {
        let options = answer.json().get("options").cloned()?;
        Some(Self { id: answer.member("/ceremony_id").filter(|_| answer.ok())?, options })
    }
}

/// What begins to add a passkey.
pub(crate) fn begin(session: &Session, body: &Value) -> Request {
    Request::post("/api/auth/passkeys/register/start").same_origin().signed_in(session).json(body)
}

/// What adds it.
pub(crate) fn finish(session: &Session, ceremony: &str, credential: &Value) -> Request {
    let body = json!({"ceremony_id": ceremony, "name": "prove", "credential": credential});
    Request::post("/api/auth/passkeys/register/finish").same_origin().signed_in(session).json(&body)
}

/// What signs in by one.
pub(crate) fn sign_in(asked: &Asked, credential: &Value) -> Request {
    let body = json!({"ceremony_id": asked.id, "credential": credential});
    Request::post("/api/auth/passkeys/sign-in/finish").same_origin().json(&body)
}

impl Lab {
    /// A device in a browser that has opened this server where people reach it, as its tokens say.
    pub(crate) async fn device(&self, account: &Account) -> Result<Passkey, Stop> {
        let token = Jwt::read(&self.pair(account).await?.access);
        let origin = token.and_then(|token| token.claims.get("iss")?.as_str().map(ToOwned::to_owned));
        let device = origin.and_then(|origin| Passkey::new(&origin));
        device.ok_or_else(|| Stop::Unsure("a token does not say where people reach the server".to_owned()))
    }

    /// Begins to add a passkey.
    pub(crate) async fn begin_passkey(&self, session: &Session) -> Result<Asked, Stop> {
        let answer = self.send(&begin(session, &json!({}))).await?;
        if answer.code() == "passkeys_unavailable" {
            let why = "this server is reached at a bare address, where no browser makes a passkey";
            return Err(Stop::NotApplicable(why.to_owned()));
        }
        let asked = Asked::read(&answer);
        asked.ok_or_else(|| Stop::Unsure(format!("beginning to add a passkey answers {}", answer.brief())))
    }

    /// Asks to sign in by a passkey.
    pub(crate) async fn ask_passkey(&self, account: &Account) -> Result<Asked, Stop> {
        let start = Request::post("/api/auth/passkeys/sign-in/start").same_origin();
        let answer = self.send(&start.json(&json!({"email": account.email}))).await?;
        let asked = Asked::read(&answer);
        asked.ok_or_else(|| Stop::Unsure(format!("asking to sign in by a passkey answers {}", answer.brief())))
    }
}

/// For a device that cannot make anything of a question.
pub(crate) fn unreadable() -> Stop {
    Stop::Unsure("a question to a passkey cannot be read".to_owned())
}
