//! The settings of this slice, already read and checked.

use seal::password::{Params, Pool};
use std::path::PathBuf;
use std::str::FromStr;

/// Whether strangers may make an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Registration {
    /// They may.
    #[default]
    Open,
    /// Only the command line makes accounts.
    Closed,
}

impl FromStr for Registration {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "open" => Ok(Self::Open),
            "closed" => Ok(Self::Closed),
            _ => Err("it is open or closed".to_owned()),
        }
    }
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
#[derive(Debug, Clone)]
pub struct Config {
    /// Where people reach this server: the origin that passkeys are bound to.
    pub public_url: String,
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
}

impl Default for Config {
    /// Open, hashing at the full price, on every core as long as that takes at most 512 MiB.
    fn default() -> Self {
        const BUDGET_KIB: u64 = 512 * 1024;
        let hash = Params::default();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            public_url: "http://localhost:8080".to_owned(),
            session_binding: SessionBinding::default(),
            totp_strict: false,
            geoip_file: None,
            registration: Registration::default(),
            hash,
            hash_slots: Pool::slots(cores, BUDGET_KIB, &hash),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registration_has_two_names() {
        assert_eq!("open".parse(), Ok(Registration::Open));
        assert_eq!("closed".parse(), Ok(Registration::Closed));
        assert!("Open".parse::<Registration>().is_err());
    }

    #[test]
    fn the_binding_has_three_names() {
        assert_eq!("log".parse(), Ok(SessionBinding::Log));
        assert_eq!("flag".parse(), Ok(SessionBinding::Flag));
        assert_eq!("enforce".parse(), Ok(SessionBinding::Enforce));
        assert!("strict".parse::<SessionBinding>().is_err());
    }
}
