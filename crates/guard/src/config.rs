//! The settings of the HTTP surface.

use crate::area::Area;
use crate::limiter::Rates;
use crate::steps::ceiling::Ceilings;
use crate::threat::Vigilance;
use crate::{csp, ws};
use ipnet::IpNet;
use std::time::Duration;

/// A route that takes bodies larger than JSON's 1 MiB, streamed.
#[derive(Debug, Clone, Copy)]
pub struct Upload {
    /// The route as declared: `/api/recordings`.
    pub route: &'static str,
    /// The largest body, in bytes.
    pub limit: u64,
}

/// The settings of the HTTP surface.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where people reach this server: `https://mind.example`. Never taken from a `Host` header (A1-L5).
    pub public_origin: String,
    /// Further origins that may send writes; exact, https.
    pub allowed_origins: Vec<String>,
    /// Further origins whose pages may open sockets; exact, https.
    pub socket_origins: Vec<String>,
    /// How often it is asked whether the owner of a socket may still have it.
    pub sockets_asked_every: Duration,
    /// What pages may do beyond the usual.
    pub csp: csp::Settings,
    /// Proxies whose `Forwarded` and `X-Forwarded-*` are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Routes with large bodies.
    pub uploads: Vec<Upload>,
    /// How often what may be asked.
    pub rates: Rates,
    /// How many requests are worked on at once.
    pub ceilings: Ceilings,
    /// What follows when an address behaves as only an attacker does.
    pub vigilance: Vigilance,
    /// What API keys can be allowed to reach.
    pub areas: &'static [Area],
    /// Routes of pages: asked for in the clear, they are sent to the encrypted address; everything else is refused.
    pub pages: &'static [&'static str],
    /// Routes that are served in the clear too, to whoever presents no credential.
    pub plain_routes: &'static [&'static str],
    /// Whether browsers may carry this host in their built-in list of encrypted ones.
    pub hsts_preload: bool,
}

impl Config {
    /// The settings for one origin, with the default limits.
    pub fn for_origin(public_origin: impl Into<String>) -> Self {
        Self {
            public_origin: public_origin.into(),
            allowed_origins: Vec::new(),
            socket_origins: Vec::new(),
            sockets_asked_every: ws::ASKED_EVERY,
            csp: csp::Settings::default(),
            trusted_proxies: Vec::new(),
            uploads: Vec::new(),
            rates: Rates::default(),
            ceilings: Ceilings::default(),
            vigilance: Vigilance::default(),
            areas: &[],
            pages: &[],
            plain_routes: &[],
            hsts_preload: false,
        }
    }

    pub(crate) fn is_own_origin(&self, origin: &str) -> bool {
        origin == self.public_origin || self.allowed_origins.iter().any(|allowed| allowed == origin)
    }
}
