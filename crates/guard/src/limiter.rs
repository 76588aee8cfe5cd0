//! How often what may be asked (A1-M2, A2-5): one bucket per class and key.
//!
//! Each class is a list of windows; all must have room. Local to the process; the shared counters of a fleet come with the
//! relay and keep this interface.

use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use kernel::{Fault, Kind};
use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// Passwords tried from one address.
    SignInByAddress,
    /// Codes tried, and passwords asked for again, for one account.
    SecondFactor,
    /// Accounts made, letters asked for, or the set-up code tried, from one address.
    SignUp,
    /// Letters asked for, to one address of mail, whether or not anybody has it.
    Letters,
    /// Links of letters that are tried, from one address.
    Links,
    /// Calls with no credential, by address.
    Anonymous,
    /// Calls of one user.
    SignedIn,
    /// Recordings handed in by one user.
    Transcription,
    /// Reports of the browser's policy, by address.
    Report,
}

/// `count` in `period`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// How many.
    pub count: NonZeroU32,
    /// In which time.
    pub period: Duration,
}

impl Window {
    /// `count` in so many seconds.
    pub const fn per(count: u32, seconds: u64) -> Self {
        // A limit of none at all would lock everybody out for good: the least is one.
        let count = match NonZeroU32::new(count) {
            Some(count) => count,
            None => NonZeroU32::MIN,
        };
        Self { count, period: Duration::from_secs(seconds) }
    }
}

/// The windows of every class. The defaults are the audits' (the tighter figure where both speak).
#[derive(Debug, Clone)]
pub struct Rates {
    /// For [`Class::SignInByAddress`].
    pub sign_in_by_address: Vec<Window>,
    /// For [`Class::SecondFactor`].
    pub second_factor: Vec<Window>,
    /// For [`Class::SignUp`].
    pub sign_up: Vec<Window>,
    /// For [`Class::Letters`].
    pub letters: Vec<Window>,
    /// For [`Class::Links`].
    pub links: Vec<Window>,
    /// For [`Class::Anonymous`].
    pub anonymous: Vec<Window>,
    /// For [`Class::SignedIn`].
    pub signed_in: Vec<Window>,
    /// For [`Class::Transcription`].
    pub transcription: Vec<Window>,
    /// For [`Class::Report`].
    pub report: Vec<Window>,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            sign_in_by_address: vec![Window::per(5, 60)],
            second_factor: vec![Window::per(3, 60)],
            sign_up: vec![Window::per(3, 60)],
            letters: vec![Window::per(3, 3600)],
            links: vec![Window::per(10, 3600)],
            anonymous: vec![Window::per(90, 60), Window::per(100, 3600), Window::per(1000, 86400)],
            signed_in: vec![Window::per(300, 60)],
            transcription: vec![Window::per(10, 60)],
            report: vec![Window::per(10, 60)],
        }
    }
}

/// What is left in the tightest window.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Snapshot {
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    pub(crate) period: Duration,
    pub(crate) retry: Option<Duration>,
}

type Buckets = RateLimiter<String, DashMapStateStore<String>, DefaultClock, StateInformationMiddleware>;

struct Limit {
    window: Window,
    buckets: Buckets,
}

impl Limit {
    fn new(window: Window) -> Self {
        // One cell comes back every `period / count`; a full bucket holds `count`.
        let each = window.period / window.count.get();
        let quota = Quota::with_period(each).unwrap_or_else(|| Quota::per_second(window.count));
        let buckets = RateLimiter::dashmap(quota.allow_burst(window.count)).with_middleware();
        Self { window, buckets }
    }

    fn take(&self, key: &String) -> Snapshot {
        let (limit, period) = (self.window.count.get(), self.window.period);
        match self.buckets.check_key(key) {
            Ok(left) => Snapshot { limit, remaining: left.remaining_burst_capacity(), period, retry: None },
            Err(until) => {
                let retry = until.wait_time_from(DefaultClock::default().now());
                Snapshot { limit, remaining: 0, period, retry: Some(retry) }
            }
        }
    }
}

/// All buckets of this process.
pub struct Limiter {
    classes: [(Class, Vec<Limit>); 9],
    /// Those of keys that have a rate of their own, by that rate.
    by_rate: Mutex<HashMap<NonZeroU32, Arc<Limit>>>,
}

impl Limiter {
    /// Empty buckets.
    pub fn new(rates: &Rates) -> Self {
        let limits = |windows: &[Window]| windows.iter().copied().map(Limit::new).collect();
        Self {
            classes: [
                (Class::SignInByAddress, limits(&rates.sign_in_by_address)),
                (Class::SecondFactor, limits(&rates.second_factor)),
                (Class::SignUp, limits(&rates.sign_up)),
                (Class::Letters, limits(&rates.letters)),
                (Class::Links, limits(&rates.links)),
                (Class::Anonymous, limits(&rates.anonymous)),
                (Class::SignedIn, limits(&rates.signed_in)),
                (Class::Transcription, limits(&rates.transcription)),
                (Class::Report, limits(&rates.report)),
            ],
            by_rate: Mutex::default(),
        }
    }

    /// Takes one of so many a minute that belong to this key alone.
    ///
    /// # Errors
    /// 429 `too_many_requests`.
    pub fn check_rate(&self, key: &str, per_minute: NonZeroU32) -> Result<(), Fault> {
        let limit = self.rates().entry(per_minute).or_insert_with(|| Arc::new(minutely(per_minute))).clone();
        limit.take(&key.to_owned()).retry.map_or(Ok(()), |wait| Err(too_many(wait)))
    }

    fn rates(&self) -> MutexGuard<'_, HashMap<NonZeroU32, Arc<Limit>>> {
        // A map is only ever grown or emptied, whole steps both.
        self.by_rate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one from every window of the class.
    ///
    /// # Errors
    /// 429 `too_many_requests` with the time to wait, when one of the windows is empty.
    pub fn check(&self, class: Class, key: &str) -> Result<(), Fault> {
        self.take(class, key).1
    }

    pub(crate) fn take(&self, class: Class, key: &str) -> (Option<Snapshot>, Result<(), Fault>) {
        if kernel::weaken::is("A2-5") {
            return (None, Ok(()));
        }
        let key = key.to_owned();
        let mut tightest: Option<Snapshot> = None;
        for (_, limits) in self.classes.iter().filter(|(of, _)| *of == class) {
            for limit in limits {
                let snapshot = limit.take(&key);
                if let Some(wait) = snapshot.retry {
                    return (Some(snapshot), Err(too_many(wait)));
                }
                if tightest.is_none_or(|known| snapshot.remaining < known.remaining) {
                    tightest = Some(snapshot);
                }
            }
        }
        (tightest, Ok(()))
    }

    /// Forgets keys that have been quiet; called every few minutes so that memory follows use.
    pub fn tidy(&self) {
        for limit in self.classes.iter().flat_map(|(_, limits)| limits) {
            limit.buckets.retain_recent();
        }
        self.rates().retain(|_, limit| {
            limit.buckets.retain_recent();
            !limit.buckets.is_empty()
        });
    }
}

fn minutely(count: NonZeroU32) -> Limit {
    Limit::new(Window { count, period: Duration::from_mins(1) })
}

fn too_many(wait: Duration) -> Fault {
    // Rounded up: a client that waits as told must then be let in.
    let wait = Duration::from_secs(wait.as_secs() + 1);
    let detail = format!("Too many requests. Try again in {} s.", wait.as_secs());
    Fault::new(Kind::TooMany, "too_many_requests", detail).retry_after(wait)
}

/// The key of an address: IPv4 whole, IPv6 by /64, since one household has all of that.
pub(crate) fn address_key(ip: std::net::IpAddr) -> String {
    match ip {
        std::net::IpAddr::V4(ip) => ip.to_string(),
        std::net::IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
            Some(ip) => ip.to_string(),
            None => ip.segments()[..4].iter().map(|part| format!("{part:x}")).collect::<Vec<_>>().join(":"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixth_password_from_one_address_waits_and_a_neighbour_does_not() {
        let limiter = Limiter::new(&Rates::default());
        for _ in 0..5 {
            limiter.check(Class::SignInByAddress, "192.0.2.1").unwrap();
        }
        let refused = limiter.check(Class::SignInByAddress, "192.0.2.1").unwrap_err();
        assert_eq!((refused.kind(), refused.code()), (Kind::TooMany, "too_many_requests"));
        let wait = refused.retry_delay().unwrap().as_secs();
        assert!((1..=13).contains(&wait), "one of five comes back every 12 s, told {wait}");
        limiter.check(Class::SignInByAddress, "192.0.2.2").unwrap();
        limiter.check(Class::SignUp, "192.0.2.1").unwrap();
    }

    #[test]
    fn a_key_has_a_rate_of_its_own() {
        let limiter = Limiter::new(&Rates::default());
        let three = NonZeroU32::new(3).unwrap();
        let taken = (0..9).take_while(|_| limiter.check_rate("a", three).is_ok()).count();
        assert_eq!(taken, 3);
        limiter.check_rate("b", three).unwrap();
        limiter.check_rate("a", NonZeroU32::new(4).unwrap()).unwrap();
        limiter.tidy();
        assert!(limiter.check_rate("a", three).is_err(), "what was taken a moment ago is not forgotten");
    }

    #[test]
    fn every_window_counts() {
        let rates = Rates { anonymous: vec![Window::per(100, 60), Window::per(3, 3600)], ..Rates::default() };
        let limiter = Limiter::new(&rates);
        let left: Vec<_> = (0..3).map(|_| limiter.take(Class::Anonymous, "a").0.unwrap().remaining).collect();
        assert_eq!(left, [2, 1, 0]);
        assert!(limiter.check(Class::Anonymous, "a").is_err());
    }

    #[test]
    fn one_ipv6_household_is_one_key() {
        let key = |text: &str| address_key(text.parse().unwrap());
        assert_eq!(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::9"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
    }
}
