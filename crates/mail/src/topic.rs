//! What a letter is about.

/// What a letter is about; each language has words for each. The names in braces are values that the letter needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// Confirm this address. One link.
    VerifyAddress,
    /// Somebody tried to make an account with an address that has one. One link, to the page that sets a new password.
    SignUpAttempt,
    /// An administrator invites to make an account. One link.
    Invitation,
    /// The account that waited for somebody's yes has it. One link, to sign in.
    Approved,
    /// For who runs this: `{email}` waits for a yes. One link.
    ApprovalWanted,
    /// Set a new password. One link.
    PasswordReset,
    /// The password was changed.
    PasswordChanged,
    /// The password stands on a list of those that are tried first. One link.
    PasswordBreached,
    /// The account is locked: `{when}`, `{tries}`, `{address}`, `{device}`. Two links: unlock, not me.
    Locked,
    /// A sign-in from something new: `{when}`, `{network}`, `{device}`. One link: not me.
    NewDevice,
    /// A session is used by something that does not look like the device it began on: `{network}`, `{device}`. One link.
    SuspiciousSession,
    /// A backup code was used: `{left}`.
    BackupCodeUsed,
    /// A second factor was switched on: `{what}`.
    SecondFactorOn,
    /// A second factor was switched off: `{what}`.
    SecondFactorOff,
    /// A passkey was added: `{name}`.
    PasskeyAdded,
    /// A passkey was removed: `{name}`.
    PasskeyRemoved,
    /// A refresh token was used twice.
    RefreshReused,
    /// An API key ends soon: `{name}`, `{days}`, `{when}`.
    ApiKeyExpires,
    /// An API key was found where it should not be: `{name}`.
    ApiKeyLeaked,
    /// A credential was seen in a URL.
    CredentialInUrl,
    /// An account elsewhere was connected: `{provider}`.
    ProviderConnected,
    /// An account elsewhere was disconnected: `{provider}`.
    ProviderRemoved,
}

impl Topic {
    /// Every topic there is.
    pub const ALL: [Self; 22] = [
        Self::VerifyAddress,
        Self::SignUpAttempt,
        Self::Invitation,
        Self::Approved,
        Self::ApprovalWanted,
        Self::PasswordReset,
        Self::PasswordChanged,
        Self::PasswordBreached,
        Self::Locked,
        Self::NewDevice,
        Self::SuspiciousSession,
        Self::BackupCodeUsed,
        Self::SecondFactorOn,
        Self::SecondFactorOff,
        Self::PasskeyAdded,
        Self::PasskeyRemoved,
        Self::RefreshReused,
        Self::ApiKeyExpires,
        Self::ApiKeyLeaked,
        Self::CredentialInUrl,
        Self::ProviderConnected,
        Self::ProviderRemoved,
    ];
}
