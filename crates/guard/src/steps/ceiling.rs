//! How many requests are worked on at once: in all, and for one client (A1-M8).
//!
//! A limit of rate bounds how often; this bounds how much at a time, behind a proxy too, where connections tell nothing
//! about clients. An answer that is still being sent is not counted: its connection is.

use crate::context::Context;
use crate::limiter::household;
use crate::stack::Guard;
use axum::extract::Request;
use kernel::{Fault, Kind};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// When it makes sense to try again: most requests take milliseconds.
const SOON: Duration = Duration::from_secs(1);

/// How many requests may be under way.
#[derive(Debug, Clone, Copy)]
pub struct Ceilings {
    /// In all.
    pub requests: usize,
    /// Of one client: an address, or a /64 of IPv6.
    pub requests_per_client: usize,
}

impl Default for Ceilings {
    fn default() -> Self {
        Self { requests: 2048, requests_per_client: 128 }
    }
}

/// Who has how many requests under way.
pub(crate) struct UnderWay {
    ceilings: Ceilings,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    all: usize,
    by_client: HashMap<IpAddr, usize>,
}

/// A request under way; over when dropped.
pub(crate) struct Place {
    under_way: Arc<UnderWay>,
    client: IpAddr,
}

impl UnderWay {
    pub(crate) fn new(ceilings: Ceilings) -> Arc<Self> {
        Arc::new(Self { ceilings, counts: Mutex::default() })
    }

    fn enter(self: &Arc<Self>, ip: IpAddr) -> Result<Place, Fault> {
        let client = household(ip);
        let mut counts = self.lock();
        if counts.all >= self.ceilings.requests {
            return Err(Fault::unavailable("overloaded", "Too much is going on at once. Try again in a moment.", SOON));
        }
        let own = counts.by_client.entry(client).or_insert(0);
        if *own >= self.ceilings.requests_per_client {
            let detail = format!("At most {} requests at once. Wait for some of yours to end.", *own);
            return Err(Fault::new(Kind::TooMany, "too_many_at_once", detail).retry_after(SOON));
        }
        *own += 1;
        counts.all += 1;
        Ok(Place { under_way: self.clone(), client })
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        // Nothing panics while it is held.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.under_way.lock();
        counts.all = counts.all.saturating_sub(1);
        if let Some(own) = counts.by_client.get_mut(&self.client) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                counts.by_client.remove(&self.client);
            }
        }
    }
}

/// 503 when too much is going on, 429 when this client asks for too much at once.
pub(crate) fn check(guard: &Guard, context: &Context, _: &mut Request) -> Result<(), Fault> {
    if kernel::weaken::is("A1-M8.at-once") {
        return Ok(());
    }
    let place = guard.under_way.enter(context.ip)?;
    // Once a request, so there is none yet.
    let _ = context.place.set(place);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_client_cannot_take_every_place() {
        let under_way = UnderWay::new(Ceilings { requests: 3, requests_per_client: 2 });
        let enter = |text: &str| under_way.enter(text.parse().unwrap());
        let first = enter("192.0.2.1").unwrap();
        let second = enter("192.0.2.1").unwrap();
        let refused = enter("192.0.2.1").err().unwrap();
        assert_eq!((refused.kind(), refused.code()), (Kind::TooMany, "too_many_at_once"));
        let third = enter("2001:db8::1").unwrap();
        let refused = enter("192.0.2.3").err().unwrap();
        assert_eq!((refused.kind(), refused.code()), (Kind::Unavailable, "overloaded"));
        assert!(refused.retry_delay().is_some());
        drop(first);
        drop(enter("192.0.2.1").unwrap());
        drop((second, third));
        let counts = under_way.lock();
        assert!(counts.all == 0 && counts.by_client.is_empty(), "nobody is remembered for nothing");
    }
}
