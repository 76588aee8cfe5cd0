//! Tokens that are mailed as links.

use crate::Identity;
use kernel::{Fault, Secret, UserId};
use seal::{Purpose, token};
use store::Tx;

impl Identity {
    /// A token for "this was not me", which ends all sessions and asks for a new password.
    #[expect(clippy::unused_async, reason = "the mail slice stores it")]
    pub(crate) async fn not_me_link(&self, _tx: &mut Tx, _user: UserId) -> Result<Secret<String>, Fault> {
        let (secret, _) = token::mint(Purpose::NotMe, &*self.ambient.rng);
        Ok(secret)
    }
}
