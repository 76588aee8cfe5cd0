//! Where the throw-away accounts of a run come from.

use crate::site::Site;
use crate::wire::Request;
use serde::Deserialize;
use serde_json::{Value, json};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// Somebody who can sign in.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// The address.
    pub email: String,
    /// The password, in clear: these accounts are made to be thrown away.
    pub password: String,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("email", &self.email).finish_non_exhaustive()
    }
}

impl Account {
    /// What signs it in.
    pub(crate) fn body(&self) -> Value {
        json!({"email": self.email, "password": self.password})
    }

    /// What does not.
    pub(crate) fn wrong(&self) -> Value {
        json!({"email": self.email, "password": format!("not {:016x}", crate::material::noise())})
    }
}

/// Why there are no accounts.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct AccountsError(pub String);

/// The answer of an [`Accounts`], when it is there.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, AccountsError>> + Send + 'a>>;

/// Makes accounts for a run, and removes them after it.
pub trait Accounts: Send + Sync {
    /// Whether it makes them on the target; a read-only run then does without.
    fn writes(&self) -> bool {
        true
    }

    /// New accounts that can sign in: `count` of them, or as many as there are.
    fn make(&self, count: usize) -> Pending<'_, Vec<Account>>;

    /// Removes what was made; answers the addresses that remain. The list may hold addresses that a rule signed up.
    fn remove(&self, accounts: Vec<Account>) -> Pending<'_, Vec<String>>;
}

/// Accounts from a file that somebody wrote: `[{"email": …, "password": …}]`. They are neither made nor removed.
pub struct FromFile(Vec<Account>);

impl FromFile {
    /// Reads the text of the file.
    ///
    /// # Errors
    /// When it is not such a list, or has fewer than two entries.
    pub fn parse(text: &str) -> Result<Self, AccountsError> {
        let list: Vec<Account> = serde_json::from_str(text).map_err(|error| {
            AccountsError(format!("the accounts file is not a list of email and password: {error}"))
        })?;
        if list.len() < 2 {
            return Err(AccountsError("the accounts file needs at least two accounts".to_owned()));
        }
        Ok(Self(list))
    }
}

impl Accounts for FromFile {
    fn writes(&self) -> bool {
        false
    }

    fn make(&self, count: usize) -> Pending<'_, Vec<Account>> {
        let list = self.0.iter().take(count).cloned().collect();
        Box::pin(async { Ok(list) })
    }

    fn remove(&self, accounts: Vec<Account>) -> Pending<'_, Vec<String>> {
        let ours = |account: &Account| self.0.iter().any(|known| known.email == account.email);
        let left = accounts.iter().filter(|account| !ours(account)).map(|account| account.email.clone()).collect();
        Box::pin(async { Ok(left) })
    }
}

/// Accounts that sign up by themselves, where that is all it takes. They stay, since no request removes an account at once.
pub struct SignedUp {
    target: Site,
    pause: Option<Duration>,
}

impl SignedUp {
    /// For the server at `target`; `pause` between two sign-ups, by default none on loopback and 21 s elsewhere.
    pub fn new(target: impl Into<Site>, pause: Option<Duration>) -> Self {
        Self { target: target.into(), pause }
    }

    async fn sign_up(&self, count: usize) -> Result<Vec<Account>, AccountsError> {
        let wire = self.target.open(Arc::default()).await.map_err(|error| AccountsError(error.to_string()))?;
        // Three sign-ups a minute and address are allowed.
        let pause = self.pause.unwrap_or(Duration::from_secs(if wire.many_addresses() { 0 } else { 21 }));
        let mut made = Vec::new();
        for number in 0..count {
            if number > 0 {
                tokio::time::sleep(pause).await;
            }
            let account = fresh();
            let request = sign_up_request(&account);
            let answer = wire.send(&request).await.map_err(|error| AccountsError(error.to_string()))?;
            if !matches!(answer.status, 200..=202) {
                let code = answer.code();
                return Err(AccountsError(format!("sign-up answers {} {code}; use --accounts FILE", answer.status)));
            }
            made.push(account);
        }
        if let Some(last) = made.last() {
            let answer = wire.send(&Request::post("/api/auth/login").same_origin().json(&last.body())).await;
            if !answer.map_err(|error| AccountsError(error.to_string()))?.ok() {
                let what = "signing up needs the link of a letter here; set DATA_DIR or use --accounts FILE";
                return Err(AccountsError(what.to_owned()));
            }
        }
        Ok(made)
    }
}

/// A new address and a password that passes any sensible policy.
pub(crate) fn fresh() -> Account {
    let (name, secret) = (crate::material::noise(), crate::material::noise());
    Account {
        email: format!("prove-{name:016x}@example.com"),
        password: format!("Quiet-lantern {secret:016x} over 7 rivers!"),
    }
}

pub(crate) fn sign_up_request(account: &Account) -> Request {
    let body = json!({"email": account.email, "password": account.password, "display_name": "Throwaway"});
    Request::post("/api/auth/signup").same_origin().json(&body)
}

impl Accounts for SignedUp {
    fn make(&self, count: usize) -> Pending<'_, Vec<Account>> {
        Box::pin(self.sign_up(count))
    }

    fn remove(&self, accounts: Vec<Account>) -> Pending<'_, Vec<String>> {
        Box::pin(async move { Ok(accounts.into_iter().map(|account| account.email).collect()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_needs_two_accounts_and_keeps_them() {
        assert!(FromFile::parse("[]").is_err());
        assert!(FromFile::parse(r#"[{"email":"a"}]"#).is_err());
        let file = FromFile::parse(r#"[{"email":"a","password":"x"},{"email":"b","password":"y"}]"#).unwrap();
        assert!(!file.writes());
        let made = file.make(8).await.unwrap();
        assert_eq!(made.len(), 2);
        assert!(!format!("{made:?}").contains('x'), "a password is not printed");
        let stray = Account { email: "c".into(), password: "z".into() };
        assert_eq!(file.remove(vec![made[0].clone(), stray]).await.unwrap(), ["c"]);
    }
}
