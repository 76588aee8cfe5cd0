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
use std::hash::{BuildHasher, RandomState};
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
pub(crate) enum Buckets {
    /// In this process.
    Local(Local),
    /// In Redis.
    Shared(Shared),
}

impl Buckets {
    /// Forgets keys that have been quiet, so that memory follows use.
    pub(crate) fn tidy(&self) {
        match self {
            Self::Local(local) => local.tidy(),
            Self::Shared(shared) => shared.half.tidy(),
        }
    }
}

/// The one that refuses, or else the one with the least left.
fn tightest(snapshots: impl Iterator<Item = Snapshot>) -> Option<Snapshot> {
    snapshots.min_by_key(|snapshot| (snapshot.retry.is_none(), snapshot.remaining))
}

type Limits = RateLimiter<u64, DashMapStateStore<u64>, DefaultClock, StateInformationMiddleware>;

/// In this process. Of a key only a hash is kept, under keys that chance made when the process began: nobody can choose two
/// names that share a bucket, and names need no memory.
#[derive(Default)]
pub(crate) struct Local {
    limits: RwLock<HashMap<Window, Arc<Limits>>>,
    hashes: RandomState,
}

impl Local {
    fn key(&self, bucket: &Bucket<'_>) -> u64 {
        self.hashes.hash_one((bucket.class, bucket.key))
    }

    fn limits(&self, window: Window) -> Arc<Limits> {
        // A map that is only ever grown or thinned, whole steps both.
        if let Some(known) = self.limits.read().unwrap_or_else(PoisonError::into_inner).get(&window) {
            return known.clone();
        }
        let mut all = self.limits.write().unwrap_or_else(PoisonError::into_inner);
        all.entry(window).or_insert_with(|| Arc::new(limits(window))).clone()
    }

    fn one(&self, bucket: &Bucket<'_>) -> Snapshot {
        let (class, window) = (bucket.class, bucket.window);
        let (limit, period) = (window.count.get(), window.period);
        match self.limits(window).check_key_n(&self.key(bucket), bucket.amount()) {
            Ok(Ok(left)) => Snapshot { class, limit, remaining: left.remaining_burst_capacity(), period, retry: None },
            Ok(Err(until)) => bucket.short(until.wait_time_from(DefaultClock::default().now())),
            // Nothing is asked of a bucket that it could not hold.
            Err(InsufficientCapacity(_)) => bucket.short(period),
        }
    }

    /// Takes from one after the other, and stops at the one that refuses: that one, or else the one with the least left.
    /// `None` for no buckets.
    pub(crate) fn take<'a>(&self, buckets: impl Iterator<Item = Bucket<'a>>) -> Option<Snapshot> {
        let (mut buckets, mut refused) = (buckets, false);
        let until_refused = std::iter::from_fn(|| {
            if refused {
                return None;
            }
            let snapshot = self.one(&buckets.next()?);
            refused = snapshot.retry.is_some();
            Some(snapshot)
        });
        tightest(until_refused)
    }

    fn tidy(&self) {
        self.limits.write().unwrap_or_else(PoisonError::into_inner).retain(|_, limits| {
            limits.retain_recent();
            !limits.is_empty()
        });
    }
}

fn limits(window: Window) -> Limits {
    // One cell comes back every `period / count`; a full bucket holds `count`.
    let each = window.period / window.count.get();
    let quota = Quota::with_period(each).unwrap_or_else(|| Quota::per_second(window.count));
    RateLimiter::dashmap(quota.allow_burst(window.count)).with_middleware()
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

    /// The same, of a fleet. Boxed, so that whoever asks of one process alone has no room for it to carry about.
    pub(crate) fn take<'a>(&'a self, buckets: &'a [Bucket<'a>]) -> BoxFuture<'a, Option<Snapshot>> {
        self.take_together(buckets).boxed()
    }

    async fn take_together(&self, buckets: &[Bucket<'_>]) -> Option<Snapshot> {
        // Counted here as well while Redis is there, so that its going away gives nobody a second helping.
        let local = self.half.take(buckets.iter().map(|bucket| Bucket { window: bucket.window.half(), ..*bucket }));
        match self.ask(buckets).await {
            Ok(shared) => shared,
            Err(relay::Away) if kernel::weaken::is("A1-S1") => None,
            Err(relay::Away) => local,
        }
    }
}
