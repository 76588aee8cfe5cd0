//! How many wrong tries an account takes, whatever is tried: a password, a code, a passkey.

use crate::Identity;
use kernel::{Fault, UserId};
use uuid::Uuid;

/// Whose tries are counted together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Everybody who is not known to the account.
    Open,
    /// A device that the account trusts has its own count, so that strangers cannot lock its owner out.
    Device(Uuid),
}

/// A try that was counted before anything was verified. It stays a wrong one unless [`Identity::won`] is told.
#[derive(Debug)]
pub(crate) struct Try {
    #[expect(dead_code, reason = "the mail slice fills it")]
    pub(crate) subject: String,
}

impl Identity {
    /// Counts a try before its secret is looked at, so that parallel guesses cannot outrun the count; `None` when it is
    /// locked. `subject` is the pseudonym of the folded address, whether or not anybody has it.
    #[expect(clippy::unused_async, clippy::unused_self, dead_code, reason = "the mail slice fills it")]
    pub(crate) async fn count_try(&self, subject: &str, _lane: Lane) -> Result<Option<Try>, Fault> {
        Ok(Some(Try { subject: subject.to_owned() }))
    }

    /// The same for an account that is known by its id; its counter is the one of its address.
    #[expect(clippy::unused_async, clippy::unused_self, reason = "the mail slice fills it")]
    pub(crate) async fn count_try_of(&self, _user: UserId, _lane: Lane) -> Result<Option<Try>, Fault> {
        Ok(Some(Try { subject: String::new() }))
    }

    /// The try was right: the count begins anew.
    #[expect(clippy::unused_async, clippy::unused_self, reason = "the mail slice fills it")]
    pub(crate) async fn won(&self, _counted: Try) -> Result<(), Fault> {
        Ok(())
    }
}
