//! How many connections are open: in all, and from one client (A1-M8).

use guard::household;
use ipnet::IpNet;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// File descriptors that are kept for all that is not a connection: databases, recordings, mail, other providers.
const KEPT: u64 = 256;

/// How many connections may be open.
#[derive(Debug, Clone)]
pub struct Connections {
    /// In all; more wait in the kernel's queue.
    pub most: usize,
    /// From one client: an address, or a /64 of IPv6. More are told so and closed.
    pub per_client: usize,
    /// Peers that speak for others: trusted proxies, for which only the whole counts.
    pub shared: Vec<IpNet>,
}

impl Default for Connections {
    fn default() -> Self {
        Self { most: 10_000, per_client: 256, shared: Vec::new() }
    }
}

impl Connections {
    /// As many as the operating system lets this process have: its soft limit of files is raised as far as it may be.
    #[must_use]
    pub fn within_the_system(mut self) -> Self {
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        // Where it cannot be raised, what there is counts.
        let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).is_ok();
        let files = if raised { maximum } else { current };
        let room = files.map_or(usize::MAX, |files| usize::try_from(files.saturating_sub(KEPT)).unwrap_or(usize::MAX));
        if room < self.most {
            tracing::warn!(
                event = "few_files",
                wanted = self.most,
                room,
                "the system allows fewer open files than connections: raise its limit (ulimit -n, LimitNOFILE)"
            );
            self.most = room.max(1);
        }
        self
    }
}

/// The connections of each client.
pub(super) struct Clients {
    limits: Connections,
    counts: Mutex<HashMap<IpAddr, usize>>,
}

/// One open connection; closed when dropped.
pub(super) struct Seat {
    clients: Arc<Clients>,
    client: Option<IpAddr>,
}

impl Clients {
    pub(super) fn new(limits: Connections) -> Arc<Self> {
        Arc::new(Self { limits, counts: Mutex::default() })
    }

    /// `None` for a client that has as many as it may.
    pub(super) fn admit(self: &Arc<Self>, peer: IpAddr) -> Option<Seat> {
        let peer = peer.to_canonical();
        if self.limits.shared.iter().any(|net| net.contains(&peer)) || kernel::weaken::is("A1-M8.connections") {
            return Some(Seat { clients: self.clone(), client: None });
        }
        let client = household(peer);
        let mut counts = self.lock();
        let count = counts.entry(client).or_insert(0);
        if *count >= self.limits.per_client {
            return None;
        }
        *count += 1;
        Some(Seat { clients: self.clone(), client: Some(client) })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        // Nothing panics while it is held.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let Some(client) = self.client else { return };
        let mut counts = self.clients.lock();
        if let Some(count) = counts.get_mut(&client) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counts.remove(&client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_client_has_so_many_and_a_proxy_as_many_as_there_are() {
        let shared = vec!["10.0.0.0/8".parse().unwrap()];
        let clients = Clients::new(Connections { most: 9, per_client: 2, shared });
        let admit = |text: &str| clients.admit(text.parse().unwrap());
        let one = admit("192.0.2.1").unwrap();
        let two = admit("::ffff:192.0.2.1").unwrap();
        assert!(admit("192.0.2.1").is_none());
        let (three, four) = (admit("2001:db8::1").unwrap(), admit("2001:db8::2:2").unwrap());
        assert!(admit("2001:db8::3").is_none() && admit("2001:db8:0:1::3").is_some());
        let many: Vec<_> = (0..9).map(|_| admit("10.1.2.3").unwrap()).collect();
        drop(one);
        assert!(admit("192.0.2.1").is_some());
        drop((two, three, four, many));
        assert!(clients.lock().is_empty(), "nobody is remembered for nothing");
    }

    #[test]
    fn there_are_never_more_than_the_system_allows() {
        let wanted = Connections { most: usize::MAX, ..Connections::default() };
        let files = getrlimit(Resource::Nofile).maximum;
        let expected = files.map_or(usize::MAX, |files| usize::try_from(files - KEPT).unwrap());
        assert_eq!(wanted.within_the_system().most, expected);
        let few = Connections { most: 10, ..Connections::default() };
        assert_eq!(few.within_the_system().most, 10);
    }
}
