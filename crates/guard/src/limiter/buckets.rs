//! Where buckets are kept: in this process, or in Redis for all of a fleet.

use super::rates::Window;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{InsufficientCapacity, Quota, RateLimiter};
use relay::Relay;
use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// One bucket: of what, whose, what it holds, and how much of it is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bucket<'a> {
    pub(crate) class: &'static str,
    pub(crate) key: &'a str,
    pub(crate) window: Window,
    pub(crate) amount: NonZeroU32,
}

impl Bucket<'_> {
    /// What is taken: who asks for more than a full bucket holds gets it for a full one, or they would never get it.
    fn amount(&self) -> NonZeroU32 {
        self.amount.min(self.window.count)
    }

    /// How many there were when so many were missed that it takes this long until they are there.
    fn had(&self, wait: Duration) -> u32 {
        let (each, amount) = (self.window.period / self.window.count.get(), self.amount().get());
        let had = (each * amount).saturating_sub(wait).as_nanos() / each.as_nanos().max(1);
        u32::try_from(had).unwrap_or(u32::MAX).min(amount - 1)
    }

    /// The answer of a bucket that had too little.
    fn short(&self, wait: Duration) -> Snapshot {
        let (limit, period) = (self.window.count.get(), self.window.period);
        Snapshot { class: self.class, limit, remaining: self.had(wait), period, retry: Some(wait) }
    }
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
    /// Takes from each what is asked of it: the bucket that refuses, or else the one with the least left. `None` for no
    /// buckets.
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
        match self.limits(window).check_key_n(&format!("{class} {}", bucket.key), bucket.amount()) {
            Ok(Ok(left)) => Snapshot { class, limit, remaining: left.remaining_burst_capacity(), period, retry: None },
            Ok(Err(until)) => bucket.short(until.wait_time_from(DefaultClock::default().now())),
            // Nothing is asked of a bucket that it could not hold.
            Err(InsufficientCapacity(_)) => bucket.short(period),
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
                amount: bucket.amount(),
            })
            .collect();
        let taken = self.relay.take(&asked).await?;
        let snapshots = buckets.iter().zip(taken).map(|(bucket, taken)| match taken.wait {
            Some(wait) => bucket.short(wait),
            None => Snapshot {
                class: bucket.class,
                limit: bucket.window.count.get(),
                remaining: taken.remaining,
                period: bucket.window.period,
                retry: None,
            },
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
