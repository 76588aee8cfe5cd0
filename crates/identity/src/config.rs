//! The settings of this slice, already read and checked.

use crate::federation::ProviderSettings;
use crate::tokens::TokenSettings;
use seal::password::{Params, Pool};
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

/// How this slice behaves.
#[derive(Debug, Clone)]
pub struct Config {
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
    /// Other providers that people may come from.
    pub providers: Vec<ProviderSettings>,
    /// Whether requests may be signed in the older form of `X-Signature`.
    pub signature_v1: bool,
}

impl Default for Config {
    /// Open, hashing at the full price, on every core as long as that takes at most 512 MiB.
    fn default() -> Self {
        const BUDGET_KIB: u64 = 512 * 1024;
        let hash = Params::default();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            registration: Registration::default(),
            hash,
            hash_slots: Pool::slots(cores, BUDGET_KIB, &hash),
            tokens: TokenSettings::default(),
            areas: &["journal", "recordings", "transcriptions", "identity", "monitoring"],
            providers: Vec::new(),
            signature_v1: false,
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
}
