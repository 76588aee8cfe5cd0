//! How signing in on the token surface asks for a second factor.

use crate::Identity;
use crate::client::Client;
use crate::model::SessionKind;
use guard::Limits;
use kernel::{Fault, Kind, Secret, UserId};

/// What proves a second factor here: a passkey needs a page.
pub(crate) enum Proof {
    /// A code of an authenticator.
    Totp(Secret<String>),
    /// One of the codes that were printed.
    BackupCode(Secret<String>),
}

/// What a right password leads to.
pub(crate) enum Step {
    /// They are in.
    Done,
    /// The id under which the second step waits.
    Challenge(Secret<String>),
}

impl Identity {
    /// What comes after the right password of this account.
    #[expect(clippy::unused_async, clippy::unused_self, reason = "the slice of second factors fills it")]
    pub(crate) async fn after_password(&self, _user: UserId, _surface: SessionKind) -> Result<Step, Fault> {
        Ok(Step::Done)
    }

    /// Whose challenge this proof answers.
    #[expect(clippy::unused_async, clippy::unused_self, reason = "the slice of second factors fills it")]
    pub(crate) async fn answer_second_factor(
        &self,
        _limits: &Limits,
        _client: &Client,
        _challenge: &Secret<String>,
        _proof: Proof,
    ) -> Result<UserId, Fault> {
        Err(Fault::new(Kind::Gone, "challenge_void", "This sign-in is over. Begin again."))
    }
}
