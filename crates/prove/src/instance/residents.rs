//! Who lives on an instance: its owner, who reads every letter it writes, and members who sign up as people do.

use crate::accounts::{Account, Accounts, AccountsError, Pending, fresh, sign_up_request};
use crate::lab::Session;
use crate::rule::Stop;
use crate::wire::{Request, Response, Wire};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How long a letter may take: a job writes it.
const PATIENCE: Duration = Duration::from_secs(20);
const LOOKED_EVERY: Duration = Duration::from_millis(100);

/// A letter of the outbox.
#[derive(Debug, Clone)]
pub(crate) struct Mail {
    pub(crate) subject: String,
    pub(crate) text: String,
}

impl Mail {
    /// Every address in it.
    pub(crate) fn links(&self) -> Vec<&str> {
        let words = self.text.split(|letter: char| letter.is_whitespace() || "<>\"()".contains(letter));
        words.filter(|word| word.contains("://")).map(|word| word.trim_end_matches(['.', ',', ';'])).collect()
    }

    /// The token of a link to that page.
    pub(crate) fn token(&self, page: &str) -> Option<String> {
        let marker = format!("/{page}#");
        self.links().iter().find_map(|link| link.split_once(&marker).map(|(_, token)| token.to_owned()))
    }
}

/// Who set the instance up.
pub(crate) struct Owner {
    wire: Wire,
    session: Session,
    account: Account,
}

impl Owner {
    /// Uses the one-time code up.
    pub(super) async fn set_up(wire: Wire, code: &str) -> Result<Self, Stop> {
        let account = fresh();
        let mut body = account.body();
        body["code"] = json!(code);
        body["display_name"] = json!("Owner");
        let answer = wire.send(&Request::post("/api/setup").same_origin().json(&body)).await?;
        match Session::read(&answer) {
            Some(session) if answer.ok() => Ok(Self { wire, session, account }),
            _ => Stop::unsure(format!("setting an instance up with its own code answers {}", answer.brief())),
        }
    }

    /// By what they sign in.
    pub(crate) const fn account(&self) -> &Account {
        &self.account
    }

    /// Every letter to that address, newest first.
    pub(crate) async fn letters(&self, to: &str) -> Result<Vec<Mail>, Stop> {
        let answer = self.wire.send(&Request::get("/api/auth/outbox?limit=100").cookies(&self.session)).await?;
        if !answer.ok() {
            return Stop::unsure(format!("the owner's list of letters answers {}", answer.brief()));
        }
        let text = |letter: &Value, name: &str| letter.get(name).and_then(Value::as_str).unwrap_or("").to_owned();
        let all = answer.json().get("items").and_then(Value::as_array).cloned().unwrap_or_default();
        let theirs = all.iter().filter(|letter| text(letter, "to") == to);
        Ok(theirs.map(|letter| Mail { subject: text(letter, "subject"), text: text(letter, "text") }).collect())
    }

    /// The same, once there are so many.
    pub(crate) async fn wait_for_letters(&self, to: &str, count: usize) -> Result<Vec<Mail>, Stop> {
        let began = Instant::now();
        loop {
            let letters = self.letters(to).await?;
            if letters.len() >= count {
                return Ok(letters);
            }
            if began.elapsed() > PATIENCE {
                return Stop::unsure(format!("{} of {count} letters were written", letters.len()));
            }
            tokio::time::sleep(LOOKED_EVERY).await;
        }
    }

    async fn post(&self, request: &Request) -> Result<Response, Stop> {
        let answer = self.wire.send(request).await?;
        if answer.ok() { Ok(answer) } else { Stop::unsure(format!("{} answers {}", request.line(), answer.brief())) }
    }

    /// Asks for an account; the token of the letter that confirms it.
    pub(crate) async fn sign_up(&self, account: &Account) -> Result<String, Stop> {
        self.post(&sign_up_request(account)).await?;
        let letters = self.wait_for_letters(&account.email, 1).await?;
        let token = letters.iter().find_map(|letter| letter.token("verify"));
        token.ok_or_else(|| Stop::Unsure("the letter of a sign-up has no link that confirms".to_owned()))
    }

    /// Uses the link of such a letter.
    pub(crate) async fn confirm(&self, token: &str) -> Result<Response, Stop> {
        let confirm = Request::post("/api/auth/verify-email").same_origin().json(&json!({"token": token}));
        Ok(self.wire.send(&confirm).await?)
    }

    async fn member(&self) -> Result<Account, Stop> {
        let account = fresh();
        let token = self.sign_up(&account).await?;
        let confirmed = self.confirm(&token).await?;
        if confirmed.ok() {
            Ok(account)
        } else {
            Stop::unsure(format!("confirming an address answers {}", confirmed.brief()))
        }
    }
}

/// Accounts on the instance. They are gone with it.
pub(super) struct Residents(pub(super) Arc<Owner>);

impl Accounts for Residents {
    fn make(&self, count: usize) -> Pending<'_, Vec<Account>> {
        Box::pin(async move {
            let mut made = Vec::with_capacity(count);
            for _ in 0..count {
                let member = self.0.member().await.map_err(|stop| match stop {
                    Stop::Unsure(why) | Stop::NotApplicable(why) => AccountsError(why),
                })?;
                made.push(member);
            }
            Ok(made)
        })
    }

    fn remove(&self, _accounts: Vec<Account>) -> Pending<'_, Vec<String>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_in_a_letter() {
        let text = "Open this:\nhttps://h/verify#verify_a-B\n\nOr write to <http://h/forgot>. See x://y.";
        let mail = Mail { subject: String::new(), text: text.to_owned() };
        assert_eq!(mail.links(), ["https://h/verify#verify_a-B", "http://h/forgot", "x://y"]);
        assert_eq!(mail.token("verify").as_deref(), Some("verify_a-B"));
        assert_eq!(mail.token("reset"), None);
    }
}
