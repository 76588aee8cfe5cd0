//! What people are told by mail about their account.

use crate::Identity;
use kernel::{Fault, Secret, Timestamp, UserId};
use store::Tx;

/// Something that somebody has to know about their account. Every kind is one mail.
#[derive(Clone)]
#[expect(dead_code, reason = "the senders and the texts come with the slices that need them")]
pub(crate) enum Notice {
    /// Confirm this address.
    VerifyAddress { token: Secret<String> },
    /// Somebody tried to make an account with this address, which has one.
    SignUpAttempt,
    /// Set a new password.
    PasswordReset { token: Secret<String> },
    /// The password was changed.
    PasswordChanged,
    /// Too many wrong tries: the account is locked for a while.
    Locked {
        at: Timestamp,
        tries: i64,
        address: String,
        device: String,
        unlock: Secret<String>,
        not_me: Secret<String>,
    },
    /// A sign-in from a device that was not seen before.
    NewDevice { at: Timestamp, network: String, device: String, not_me: Secret<String> },
    /// A backup code was used; so many are left.
    BackupCodeUsed { left: i64 },
    /// A second factor was switched on or off; `what` names it: `totp`, `backup_codes`.
    SecondFactorChanged { what: &'static str, on: bool },
    /// A passkey was added or removed.
    PasskeyChanged { name: String, added: bool },
    /// A session is used by something that does not look like the device it began on.
    SuspiciousSession { network: String, device: String, not_me: Secret<String> },
    /// A refresh token was used twice; its whole family is void.
    RefreshReused,
    /// An API key ends soon.
    ApiKeyExpires { name: String, days: i64, at: Timestamp },
    /// An API key was found where it should not be, and is void.
    ApiKeyLeaked { name: String },
    /// A credential was seen in a URL, and is void.
    CredentialInUrl,
    /// An account at another provider was connected or disconnected.
    ProviderChanged { provider: String, connected: bool },
}

impl Identity {
    /// Queues the mail with the change that makes it necessary: both are committed, or neither.
    #[expect(clippy::unused_async, clippy::unused_self, dead_code, reason = "the mail slice fills it")]
    pub(crate) async fn notify(&self, _tx: &mut Tx, _user: UserId, _notice: Notice) -> Result<(), Fault> {
        Ok(())
    }
}
