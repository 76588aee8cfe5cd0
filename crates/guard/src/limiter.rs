//! How often what may be asked (A1-M2, A2-5): one bucket per class and key.
//!
//! Each class is a list of windows; all must have room. An address of IPv6 takes from two buckets, its /64's and its /56's.

mod buckets;
mod key;
mod rates;

pub(crate) use buckets::Snapshot;
pub use key::household;
pub(crate) use key::neighbourhood;
pub use rates::{Class, Rates, Window};

use buckets::{Bucket, Buckets, Local, Shared};
use kernel::{Fault, Kind};
use key::Key;
use relay::Relay;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

/// What keys with a rate of their own are counted as.
const OWN_RATE: &str = "key";

/// All buckets.
pub struct Limiter {
    rates: Rates,
    buckets: Buckets,
}

impl Limiter {
    /// Empty buckets of this process.
    pub fn new(rates: &Rates) -> Self {
        Self { rates: rates.clone(), buckets: Buckets::Local(Local::default()) }
    }

    /// The buckets of a fleet, in Redis.
    pub fn shared(rates: &Rates, relay: Arc<Relay>) -> Self {
        Self { rates: rates.clone(), buckets: Buckets::Shared(Shared::new(relay)) }
    }

    /// Takes one of so many a minute that belong to this key alone.
    pub(crate) async fn take_rate(&self, key: &str, per_minute: NonZeroU32) -> (Option<Snapshot>, Result<(), Fault>) {
        let window = Window { count: per_minute, period: Duration::from_mins(1) };
        let bucket = Bucket { class: OWN_RATE, key, window, amount: NonZeroU32::MIN };
        judge(match &self.buckets {
            Buckets::Local(local) => local.take(std::iter::once(bucket)),
            Buckets::Shared(shared) => shared.take(&[bucket]).await,
        })
    }

    /// Takes one from every window of the class.
    ///
    /// # Errors
    /// 429 `too_many_requests` with the time to wait, when one of the windows is empty.
    pub async fn check(&self, class: Class, key: &str) -> Result<(), Fault> {
        self.take(class, key).await.1
    }

    /// The same, with what is left.
    pub(crate) async fn take(&self, class: Class, key: &str) -> (Option<Snapshot>, Result<(), Fault>) {
        self.take_some(class, key, NonZeroU32::MIN).await
    }

    /// Takes so many at once; a full bucket's worth when it is more than that.
    pub(crate) async fn take_some(
        &self,
        class: Class,
        key: &str,
        amount: NonZeroU32,
    ) -> (Option<Snapshot>, Result<(), Fault>) {
        self.take_from(class, &[Key::of(key)], amount).await
    }

    /// Takes one from the buckets of an address.
    pub(crate) async fn take_by(&self, class: Class, ip: IpAddr) -> (Option<Snapshot>, Result<(), Fault>) {
        self.take_from(class, &key::of_address(ip), NonZeroU32::MIN).await
    }

    async fn take_from(
        &self,
        class: Class,
        keys: &[Key<'_>],
        amount: NonZeroU32,
    ) -> (Option<Snapshot>, Result<(), Fault>) {
        if kernel::weaken::is("A2-5") {
            return (None, Ok(()));
        }
        let snapshot = match &self.buckets {
            Buckets::Local(local) => local.take(self.asked(class, keys, amount)),
            Buckets::Shared(shared) => {
                let asked: Vec<_> = self.asked(class, keys, amount).collect();
                shared.take(&asked).await
            }
        };
        judge(snapshot)
    }

    /// What is asked of each of the buckets.
    fn asked<'a>(&'a self, class: Class, keys: &'a [Key<'a>], amount: NonZeroU32) -> impl Iterator<Item = Bucket<'a>> {
        self.rates.of(class).iter().flat_map(move |window| {
            keys.iter().map(move |key| Bucket {
                class: class.name(),
                key: &key.text,
                window: window.times(key.times),
                amount,
            })
        })
    }

    /// Forgets keys that have been quiet; called every few minutes so that memory follows use.
    pub fn tidy(&self) {
        self.buckets.tidy();
    }
}

/// What a bucket says, and the refusal when it has too little.
fn judge(snapshot: Option<Snapshot>) -> (Option<Snapshot>, Result<(), Fault>) {
    let refused = snapshot.and_then(|snapshot| Some(too_many(snapshot.class, snapshot.retry?)));
    (snapshot, refused.map_or(Ok(()), Err))
}

fn too_many(class: &'static str, wait: Duration) -> Fault {
    // Rounded up: a client that waits as told must then be let in.
    let wait = Duration::from_secs(wait.as_secs() + 1);
    let what = if class == Class::Audio.name() { "That is more sound than you have left" } else { "Too many requests" };
    let detail = format!("{what}. Try again in {} s.", wait.as_secs());
    Fault::new(Kind::TooMany, "too_many_requests", detail).retry_after(wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_sixth_password_from_one_address_waits_and_a_neighbour_does_not() {
        let limiter = Limiter::new(&Rates::default());
        for _ in 0..5 {
            limiter.check(Class::SignInByAddress, "192.0.2.1").await.unwrap();
        }
        let refused = limiter.check(Class::SignInByAddress, "192.0.2.1").await.unwrap_err();
        assert_eq!((refused.kind(), refused.code()), (Kind::TooMany, "too_many_requests"));
        let wait = refused.retry_delay().unwrap().as_secs();
        assert!((1..=13).contains(&wait), "one of five comes back every 12 s, told {wait}");
        limiter.check(Class::SignInByAddress, "192.0.2.2").await.unwrap();
        limiter.check(Class::SignUp, "192.0.2.1").await.unwrap();
    }

    #[tokio::test]
    async fn a_key_has_a_rate_of_its_own() {
        let limiter = Limiter::new(&Rates::default());
        let three = NonZeroU32::new(3).unwrap();
        let check = async |key, rate| limiter.take_rate(key, rate).await.1;
        for _ in 0..3 {
            check("a", three).await.unwrap();
        }
        assert!(check("a", three).await.is_err());
        check("b", three).await.unwrap();
        check("a", NonZeroU32::new(4).unwrap()).await.unwrap();
        limiter.tidy();
        assert!(check("a", three).await.is_err(), "what was taken a moment ago is not forgotten");
    }

    #[tokio::test]
    async fn every_window_counts() {
        let rates = Rates { anonymous: vec![Window::per(100, 60), Window::per(3, 3600)], ..Rates::default() };
        let limiter = Limiter::new(&rates);
        for left in [2, 1, 0] {
            assert_eq!(limiter.take(Class::Anonymous, "a").await.0.unwrap().remaining, left);
        }
        assert!(limiter.check(Class::Anonymous, "a").await.is_err());
    }

    #[tokio::test]
    async fn sound_is_counted_by_its_length() {
        // One comes back every six minutes: none does while this runs.
        let limiter = Limiter::new(&Rates { audio: vec![Window::per(10, 3600)], ..Rates::default() });
        let take = async |key, seconds| {
            let (snapshot, verdict) = limiter.take_some(Class::Audio, key, NonZeroU32::new(seconds).unwrap()).await;
            (snapshot.unwrap().remaining, verdict)
        };
        assert!(matches!(take("a", 4).await, (6, Ok(()))));
        let (left, refused) = take("a", 8).await;
        let refused = refused.unwrap_err();
        assert_eq!((left, refused.kind(), refused.code()), (6, Kind::TooMany, "too_many_requests"));
        let wait = refused.retry_delay().unwrap().as_secs();
        assert!((715..=721).contains(&wait), "two are missing, told {wait}");
        assert!(matches!(take("a", 6).await, (0, Ok(()))), "what was refused took nothing");
        assert!(matches!(take("a", 1).await, (0, Err(_))));
        assert!(matches!(take("b", 10_000).await, (0, Ok(()))), "what no bucket holds takes a full one");
        assert!(matches!(take("b", 1).await, (0, Err(_))));
        assert!(matches!(take("c", 1).await, (9, Ok(()))));
        assert!(matches!(take("c", 10_000).await, (9, Err(_))), "and not less");
    }

    #[tokio::test]
    async fn moving_about_within_a_network_is_worth_four_times_the_limit() {
        let limiter = Limiter::new(&Rates { links: vec![Window::per(10, 3600)], ..Rates::default() });
        let mut taken = 0;
        for house in 0..=255 {
            for _ in 0..3 {
                let ip = format!("2001:db8:1:{house:x}::1").parse().unwrap();
                taken += u32::from(limiter.take_by(Class::Links, ip).await.1.is_ok());
            }
        }
        assert_eq!(taken, 40);
        let elsewhere = "2001:db8:1:100::1".parse().unwrap();
        for _ in 0..10 {
            limiter.take_by(Class::Links, elsewhere).await.1.unwrap();
        }
        assert!(limiter.take_by(Class::Links, elsewhere).await.1.is_err(), "a house has its own limit");
    }
}
