//! Links in letters: each belongs to one account and one purpose and works once. They live in the fragment of a URL, which
//! no server and no log sees, and a page posts them: a scanner that only opens a link uses nothing up.

use crate::Identity;
use crate::account_queries as queries;
use kernel::{Fault, Kind, Secret, UserId};
use seal::{Purpose, TokenHash, token};
use std::time::Duration;
use store::Tx;

/// How long a link works.
pub(crate) const fn life(purpose: Purpose) -> Duration {
    match purpose {
        Purpose::Verify => Duration::from_hours(24),
        Purpose::NotMe | Purpose::Invite => Duration::from_hours(7 * 24),
        _ => Duration::from_hours(1),
    }
}

/// It was used, its time is over, or it never was one: the answer does not tell which.
pub(crate) fn void() -> Fault {
    Fault::new(Kind::Gone, "link_void", "This link was used, or its time is over. Ask for another one.")
}

/// What a link's text stands for.
///
/// # Errors
/// 410 `link_void` for what is no link of this purpose.
pub(crate) fn parse(purpose: Purpose, text: &Secret<String>) -> Result<TokenHash, Fault> {
    token::parse(purpose, text.expose()).ok_or_else(void)
}

impl Identity {
    /// Makes a link for an account; what it is for says how long it works.
    pub(crate) async fn make_link(&self, tx: &mut Tx, user: UserId, purpose: Purpose) -> Result<Secret<String>, Fault> {
        self.make_link_for(tx, user, purpose, life(purpose)).await
    }

    /// The same with a life of its own.
    pub(crate) async fn make_link_for(
        &self,
        tx: &mut Tx,
        user: UserId,
        purpose: Purpose,
        life: Duration,
    ) -> Result<Secret<String>, Fault> {
        let (text, hash) = token::mint(purpose, &*self.ambient.rng);
        let now = self.ambient.now();
        queries::insert_link(tx, &hash, purpose, user, now, now.plus(life)).await?;
        Ok(text)
    }

    /// A link for "this was not me", which ends all sessions and asks for a new password.
    pub(crate) async fn not_me_link(&self, tx: &mut Tx, user: UserId) -> Result<Secret<String>, Fault> {
        self.make_link(tx, user, Purpose::NotMe).await
    }

    /// Uses a link up.
    ///
    /// # Errors
    /// 410 `link_void`.
    pub(crate) async fn use_link(&self, tx: &mut Tx, hash: &TokenHash, purpose: Purpose) -> Result<UserId, Fault> {
        queries::use_link(tx, hash, purpose, self.ambient.now()).await?.ok_or_else(void)
    }

    /// The address of a link, as it stands in a letter: this server's own, whatever a request called itself.
    pub(crate) fn link(&self, purpose: Purpose, token: &Secret<String>) -> String {
        let page = match purpose {
            Purpose::Verify => "verify",
            Purpose::Reset => "reset",
            Purpose::Unlock => "unlock",
            Purpose::NotMe => "not-me",
            _ => "join",
        };
        self.page(&format!("/{page}#{}", token.expose()))
    }

    /// The address of a page.
    pub(crate) fn page(&self, path: &str) -> String {
        let claimed = crate::weakened::claimed_address();
        format!("{}{path}", claimed.as_deref().unwrap_or(&self.config.public_url))
    }
}
