//! What people are told by mail about their account.

use crate::Identity;
use crate::account_queries as queries;
use kernel::{Fault, Secret, Timestamp, UserId};
use mail::{Letter, Locale, Topic};
use seal::Purpose;
use store::Tx;

/// Something that somebody has to know about their account. Every kind is one mail.
#[derive(Clone)]
pub(crate) enum Notice {
    /// Confirm this address.
    VerifyAddress { token: Secret<String> },
    /// Somebody tried to make an account with this address, which has one.
    SignUpAttempt,
    /// Set a new password.
    PasswordReset { token: Secret<String> },
    /// The password was changed.
    PasswordChanged,
    /// The password stands on a list of those that are tried first.
    PasswordBreached,
    /// The account that waited for a yes has it.
    Approved,
    /// For who runs this: somebody waits for a yes.
    ApprovalWanted { email: String },
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
    pub(crate) async fn notify(&self, tx: &mut Tx, user: UserId, notice: Notice) -> Result<(), Fault> {
        if !self.has_mail() {
            return Ok(());
        }
        let Some(reader) = queries::reader(tx, user).await? else { return Ok(()) };
        let letter = self.write(Locale::of(&reader.locale), &notice);
        self.post_letter(tx, Some(user), reader.email, letter).await
    }

    /// The letter of a notice.
    pub(crate) fn write(&self, locale: Locale, notice: &Notice) -> Letter {
        let letter = |topic, values: &[(&str, &str)], links: &[&str]| Letter::write(locale, topic, values, links);
        let link = |purpose, token| self.link(purpose, token);
        match notice {
            Notice::VerifyAddress { token } => letter(Topic::VerifyAddress, &[], &[&link(Purpose::Verify, token)]),
            Notice::SignUpAttempt => letter(Topic::SignUpAttempt, &[], &[&self.page("/forgot")]),
            Notice::PasswordReset { token } => letter(Topic::PasswordReset, &[], &[&link(Purpose::Reset, token)]),
            Notice::PasswordChanged => letter(Topic::PasswordChanged, &[], &[]),
            Notice::PasswordBreached => letter(Topic::PasswordBreached, &[], &[&self.page("/forgot")]),
            Notice::Approved => letter(Topic::Approved, &[], &[&self.page("/sign-in")]),
            Notice::ApprovalWanted { email } => {
                letter(Topic::ApprovalWanted, &[("email", email)], &[&self.page("/admin/people")])
            }
            Notice::Locked { at, tries, address, device, unlock, not_me } => letter(
                Topic::Locked,
                &[("when", &when(*at)), ("tries", &tries.to_string()), ("address", address), ("device", device)],
                &[&link(Purpose::Unlock, unlock), &link(Purpose::NotMe, not_me)],
            ),
            Notice::NewDevice { at, network, device, not_me } => letter(
                Topic::NewDevice,
                &[("when", &when(*at)), ("network", network), ("device", device)],
                &[&link(Purpose::NotMe, not_me)],
            ),
            Notice::SuspiciousSession { network, device, not_me } => letter(
                Topic::SuspiciousSession,
                &[("network", network), ("device", device)],
                &[&link(Purpose::NotMe, not_me)],
            ),
            Notice::BackupCodeUsed { left } => letter(Topic::BackupCodeUsed, &[("left", &left.to_string())], &[]),
            Notice::SecondFactorChanged { what, on } => {
                letter(if *on { Topic::SecondFactorOn } else { Topic::SecondFactorOff }, &[("what", what)], &[])
            }
            Notice::PasskeyChanged { name, added } => {
                letter(if *added { Topic::PasskeyAdded } else { Topic::PasskeyRemoved }, &[("name", name)], &[])
            }
            Notice::RefreshReused => letter(Topic::RefreshReused, &[], &[]),
            Notice::ApiKeyExpires { name, days, at } => {
                letter(Topic::ApiKeyExpires, &[("name", name), ("days", &days.to_string()), ("when", &when(*at))], &[])
            }
            Notice::ApiKeyLeaked { name } => letter(Topic::ApiKeyLeaked, &[("name", name)], &[]),
            Notice::CredentialInUrl => letter(Topic::CredentialInUrl, &[], &[]),
            Notice::ProviderChanged { provider, connected } => letter(
                if *connected { Topic::ProviderConnected } else { Topic::ProviderRemoved },
                &[("provider", provider)],
                &[],
            ),
        }
    }
}

/// To the minute, in a form that every language reads.
fn when(at: Timestamp) -> String {
    let text = at.to_string();
    format!("{} {} UTC", &text[..10], &text[11..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_to_the_minute() {
        assert_eq!(when(Timestamp::from_micros(1_800_000_000_123_456)), "2027-01-15 08:00 UTC");
    }
}
