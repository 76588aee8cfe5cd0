//! Buckets that all instances take from: one script, one step, by the time of Redis (A1-M2, A1-S1).

use crate::link::{Away, Relay};
use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use kernel::Secret;
use sha2::Sha256;
use std::num::NonZeroU32;
use std::time::Duration;

/// The script; see there for what it takes and answers.
pub(crate) const SCRIPT: &str = include_str!("gcra.lua");
/// Before every name, so that an operator sees whose they are.
const PREFIX: &str = "mindvibe:limit:";

/// A bucket that holds `most`, and is filled again within `period`.
#[derive(Debug, Clone, Copy)]
pub struct Bucket<'a> {
    /// What is limited: `sign-in`.
    pub class: &'a str,
    /// Whose bucket it is: an address, a user.
    pub key: &'a str,
    /// How many a full one holds.
    pub most: NonZeroU32,
    /// In which time an empty one is full again.
    pub period: Duration,
    /// How many are taken at once. More than a full one holds can never be taken.
    pub amount: NonZeroU32,
}

/// What is left in a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// How many more could be taken at once.
    pub remaining: u32,
    /// How long it is until as many as were asked for are there; `None` when they were.
    pub wait: Option<Duration>,
}

impl Bucket<'_> {
    /// Microseconds in which one comes back.
    pub(crate) fn each(&self) -> u64 {
        let each = self.period.as_micros() / u128::from(self.most.get());
        u64::try_from(each).unwrap_or(u64::MAX).max(1)
    }

    /// What it is called in Redis. Under the installation's own key, so that neither addresses nor users can be read
    /// there, and two installations may share one server. Other settings make another bucket.
    pub(crate) fn name(&self, key: &Secret<[u8; 32]>) -> String {
        // Any length of key is taken, and this one is as long as the hash's.
        let Ok(mut mac) = <Hmac<Sha256> as KeyInit>::new_from_slice(key.expose()) else { return PREFIX.to_owned() };
        mac.update(self.class.as_bytes());
        mac.update(&[0]);
        mac.update(&self.most.get().to_be_bytes());
        mac.update(&self.period.as_micros().to_be_bytes());
        mac.update(self.key.as_bytes());
        format!("{PREFIX}{}", BASE64URL_NOPAD.encode(&mac.finalize().into_bytes()[..16]))
    }
}

impl Relay {
    /// Takes from each of the buckets what is asked of it; from none of them when one has too little.
    ///
    /// # Errors
    /// [`Away`] when Redis does not answer within a quarter of a second, or not as it should.
    pub async fn take(&self, buckets: &[Bucket<'_>]) -> Result<Vec<Taken>, Away> {
        let answer = self.run(buckets).await?;
        let taken = |pair: &[i64]| match pair {
            [left, wait] => Some(Taken {
                remaining: u32::try_from(*left).ok()?,
                wait: (*wait > 0).then(|| Duration::from_micros(wait.unsigned_abs())),
            }),
            _ => None,
        };
        let all: Option<Vec<_>> = answer.chunks(2).map(taken).collect();
        all.filter(|all| all.len() == buckets.len()).ok_or(Away)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_nothing_and_every_part_of_it_counts() {
        let key = Secret::new([7; 32]);
        let bucket = |class, key, most, seconds| Bucket {
            class,
            key,
            most: NonZeroU32::new(most).unwrap(),
            period: Duration::from_secs(seconds),
            amount: NonZeroU32::MIN,
        };
        let one = bucket("sign-in", "192.0.2.1", 5, 60);
        let name = one.name(&key);
        assert!(name.starts_with("mindvibe:limit:") && !name.contains("192") && !name.contains("sign"), "{name}");
        assert_eq!(name, bucket("sign-in", "192.0.2.1", 5, 60).name(&key));
        let others = [
            bucket("links", "192.0.2.1", 5, 60).name(&key),
            bucket("sign-in", "192.0.2.2", 5, 60).name(&key),
            bucket("sign-in", "192.0.2.1", 6, 60).name(&key),
            bucket("sign-in", "192.0.2.1", 5, 61).name(&key),
            one.name(&Secret::new([8; 32])),
        ];
        assert!(!others.contains(&name), "{others:?}");
        let more = Bucket { amount: NonZeroU32::MAX, ..one };
        assert_eq!(name, more.name(&key), "how much is taken makes no other bucket");
        assert_eq!(one.each(), 12_000_000);
    }
}
