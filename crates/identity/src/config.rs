//! The settings of this slice, already read and checked.

use crate::federation::ProviderSettings;
use crate::tokens::TokenSettings;
use kernel::Secret;
use mail::Smtp;
use seal::password::{Params, Pool};
use serde::Serialize;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use utoipa::ToSchema;

/// Whether strangers may make an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Registration {
    /// They may.
    #[default]
    Open,
    /// They may, and can use it once somebody who runs this server has said yes.
    Approval,
    /// Whoever has an invitation.
    Invite,
    /// Only the command line makes accounts.
    Closed,
}

impl Registration {
    /// The name of the setting.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Approval => "approval",
            Self::Invite => "invite",
            Self::Closed => "closed",
        }
    }
}

impl FromStr for Registration {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let all = [Self::Open, Self::Approval, Self::Invite, Self::Closed];
        all.into_iter()
            .find(|one| one.name() == text)
            .ok_or_else(|| "it is open, approval, invite or closed".to_owned())
    }
}

/// Which passwords are taken; see `rules.rs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PasswordMode {
    /// Long ones of any kind, or shorter ones with the full mix.
    #[default]
    TwoRoad,
    /// Long ones only.
    Nist,
    /// As with two roads, and always a sign.
    Audit,
}

impl PasswordMode {
    /// The name of the setting.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TwoRoad => "two-road",
            Self::Nist => "nist",
            Self::Audit => "audit",
        }
    }
}

impl FromStr for PasswordMode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let all = [Self::TwoRoad, Self::Nist, Self::Audit];
        all.into_iter().find(|one| one.name() == text).ok_or_else(|| "it is two-road, nist or audit".to_owned())
    }
}

/// Where letters go.
#[derive(Clone, Default)]
pub enum Post {
    /// Nowhere: this server cannot write to anybody.
    #[default]
    None,
    /// Into a list that the owner can read; in development only.
    Outbox,
    /// To a mail server.
    Smtp(Arc<Smtp>),
}

/// What follows when a session is used by another program than the one it began on (A1-M7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SessionBinding {
    /// A line in the log.
    Log,
    /// Its owner is told, and what matters asks for a confirmation. Sessions of administrators end.
    #[default]
    Flag,
    /// It ends.
    Enforce,
}

impl FromStr for SessionBinding {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "log" => Ok(Self::Log),
            "flag" => Ok(Self::Flag),
            "enforce" => Ok(Self::Enforce),
            _ => Err("it is log, flag or enforce".to_owned()),
        }
    }
}

/// How this slice behaves.
#[derive(Clone)]
pub struct Config {
    /// Where people reach this server: the origin that passkeys are bound to, and what every link in a letter begins
    /// with. Never taken from a request.
    pub public_url: String,
    /// Where letters go.
    pub post: Post,
    /// Which passwords are taken.
    pub password_mode: PasswordMode,
    /// Peppers under which hashes were made before, here or where accounts come from.
    pub previous_peppers: Vec<Secret<[u8; 32]>>,
    /// What follows when a session is used by another program than the one it began on.
    pub session_binding: SessionBinding,
    /// Whether an authenticator app's code is taken in its own half minute only, and not in the one before or after.
    pub totp_strict: bool,
    /// The operator's database of places, in MaxMind's format; no place is shown without.
    pub geoip_file: Option<PathBuf>,
    /// Whether strangers may make an account.
    pub registration: Registration,
    /// What hashing one password costs.
    pub hash: Params,
    /// How many passwords may be hashed at a time.
    pub hash_slots: usize,
    /// The token surface.
    pub tokens: TokenSettings,
    /// The areas that API keys can be allowed to reach; `guard` has the same list with their routes.
    pub areas: &'static [&'static str],
    /// What tickets for sockets can be made for: each slice that has sockets names its own.
    pub socket_purposes: &'static [&'static str],
    /// Other providers that people may come from.
    pub providers: Vec<ProviderSettings>,
    /// Whether requests may be signed in the older form of `X-Signature`.
    pub signature_v1: bool,
}

impl Default for Config {
    /// Open, hashing at the full price, on every core as long as that takes at most 512 MiB; without mail.
    fn default() -> Self {
        const BUDGET_KIB: u64 = 512 * 1024;
        let hash = Params::default();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            public_url: "http://localhost:8080".to_owned(),
            post: Post::default(),
            password_mode: PasswordMode::default(),
            previous_peppers: Vec::new(),
            session_binding: SessionBinding::default(),
            totp_strict: false,
            geoip_file: None,
            registration: Registration::default(),
            hash,
            hash_slots: Pool::slots(cores, BUDGET_KIB, &hash),
            tokens: TokenSettings::default(),
            areas: &["journal", "recordings", "transcriptions", "identity", "monitoring"],
            socket_purposes: &["rooms", "live"],
            providers: Vec::new(),
            signature_v1: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registration_has_four_names() {
        for name in ["open", "approval", "invite", "closed"] {
            let read: Registration = name.parse().unwrap();
            assert_eq!((read.name(), serde_json::to_value(read).unwrap()), (name, name.into()));
        }
        assert!("Open".parse::<Registration>().is_err());
    }

    #[test]
    fn passwords_have_three_modes() {
        for name in ["two-road", "nist", "audit"] {
            let read: PasswordMode = name.parse().unwrap();
            assert_eq!((read.name(), serde_json::to_value(read).unwrap()), (name, name.into()));
        }
        assert!("".parse::<PasswordMode>().is_err());
    }

    #[test]
    fn the_binding_has_three_names() {
        assert_eq!("log".parse(), Ok(SessionBinding::Log));
        assert_eq!("flag".parse(), Ok(SessionBinding::Flag));
        assert_eq!("enforce".parse(), Ok(SessionBinding::Enforce));
        assert!("strict".parse::<SessionBinding>().is_err());
    }
}
