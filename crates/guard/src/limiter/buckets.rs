//! Where buckets are kept: in this process, or in Redis for all of a fleet.

use super::rates::Window;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use relay::Relay;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// One bucket: of what, whose, and what it holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bucket<'a> {
    pub(crate) class: &'static str,
    pub(crate) key: &'a str,
    pub(crate) window: Window,
}

/// What is left in one bucket.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Snapshot {
    pub(crate) class: &'static str,
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    pub(crate) period: Duration,
    pub(crate) retry: Option<Duration>,
}

/// Where buckets are kept.
pub(crate) trait Buckets: Send + Sync + 'static {
    /// Takes one from each: the bucket that refuses, or else the one with the least left. `None` for no buckets.
    fn take<'a>(&'a self, buckets: &'a [Bucket<'a>]) -> BoxFuture<'a, Option<Snapshot>>;

    /// Forgets keys that have been quiet, so that memory follows use.
    fn tidy(&self);
}

/// The one that refuses, or else the one with the least left.
fn tightest(snapshots: impl Iterator<Item = Snapshot>) -> Option<Snapshot> {
    snapshots.min_by_key(|snapshot| (snapshot.retry.is_none(), snapshot.remaining))
}

type Limits = RateLimiter<String, DashMapStateStore<String>, DefaultClock, StateInformationMiddleware>;

/// In this process.
#[derive(Default)]
pub(crate) struct Local(RwLock<HashMap<Window, Arc<Limits>>>);

impl Local {
    fn limits(&self, window: Window) -> Arc<Limits> {
        // A map that is only ever grown or thinned, whole steps both.
        if let Some(known) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&window) {
            return known.clone();
        }
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        all.entry(window).or_insert_with(|| Arc::new(limits(window))).clone()
    }

    fn one(&self, bucket: &Bucket<'_>) -> Snapshot {
        let (class, window) = (bucket.class, bucket.window);
        let (limit, period) = (window.count.get(), window.period);
        match self.limits(window).check_key(&format!("{class} {}", bucket.key)) {
            Ok(left) => Snapshot { class, limit, remaining: left.remaining_burst_capacity(), period, retry: None },
            Err(until) => {
                let retry = until.wait_time_from(DefaultClock::default().now());
                Snapshot { class, limit, remaining: 0, period, retry: Some(retry) }
            }
        }
    }

    /// Takes from one after the other, and stops at the one that refuses.
    pub(crate) fn take_now(&self, buckets: &[Bucket<'_>]) -> Option<Snapshot> {
        let mut refused = false;
        let until_refused = buckets.iter().map_while(|bucket| {
            if refused {
                return None;
            }
            let snapshot = self.one(bucket);
            refused = snapshot.retry.is_some();
            Some(snapshot)
        });
        tightest(until_refused)
    }
}

fn limits(window: Window) -> Limits {
    // One cell comes back every `period / count`; a full bucket holds `count`.
    let each = window.period / window.count.get();
    let quota = Quota::with_period(each).unwrap_or_else(|| Quota::per_second(window.count));
    RateLimiter::dashmap(quota.allow_burst(window.count)).with_middleware()
}

impl Buckets for Local {
    fn take<'a>(&'a self, buckets: &'a [Bucket<'a>]) -> BoxFuture<'a, Option<Snapshot>> {
        std::future::ready(self.take_now(buckets)).boxed()
    }

    fn tidy(&self) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).retain(|_, limits| {
            limits.retain_recent();
            !limits.is_empty()
        });
    }
}

/// In Redis; while that is away, in this process at half the rate (A1-S1). Never open.
pub(crate) struct Shared {
    relay: Arc<Relay>,
    half: Local,
}

impl Shared {
    pub(crate) fn new(relay: Arc<Relay>) -> Self {
        Self { relay, half: Local::default() }
    }

    async fn ask(&self, buckets: &[Bucket<'_>]) -> Result<Option<Snapshot>, relay::Away> {
        let asked: Vec<_> = buckets
            .iter()
            .map(|bucket| relay::Bucket {
                class: bucket.class,
                key: bucket.key,
                most: bucket.window.count,
                period: bucket.window.period,
            })
            .collect();
        let taken = self.relay.take(&asked).await?;
        let snapshots = buckets.iter().zip(taken).map(|(bucket, taken)| Snapshot {
            class: bucket.class,
            limit: bucket.window.count.get(),
            remaining: taken.remaining,
            period: bucket.window.period,
            retry: taken.wait,
        });
        Ok(tightest(snapshots))
    }
}

impl Buckets for Shared {
    fn take<'a>(&'a self, buckets: &'a [Bucket<'a>]) -> BoxFuture<'a, Option<Snapshot>> {
        async move {
            // Counted here as well while Redis is there, so that its going away gives nobody a second helping.
            let halved: Vec<_> =
                buckets.iter().map(|bucket| Bucket { window: bucket.window.half(), ..*bucket }).collect();
            let local = self.half.take_now(&halved);
            match self.ask(buckets).await {
                Ok(shared) => shared,
                Err(relay::Away) if kernel::weaken::is("A1-S1") => None,
                Err(relay::Away) => local,
            }
        }
        .boxed()
    }

    fn tidy(&self) {
        self.half.tidy();
    }
}
