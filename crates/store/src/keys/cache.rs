//! The data keys of the people who are active right now.

use kernel::{Timestamp, UserId};
use seal::DataKey;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// How many keys are in memory at most.
const CAPACITY: usize = 1024;
/// How long a key may be used before the store is asked again: another process may have destroyed it.
const TRUSTED_FOR: Duration = Duration::from_mins(1);

/// Least recently used goes first.
#[derive(Default)]
pub(super) struct Cache {
    entries: HashMap<UserId, Entry>,
    uses: u64,
    forgotten: u64,
}

struct Entry {
    key: Arc<DataKey>,
    loaded: Timestamp,
    used: u64,
}

impl Cache {
    pub(super) fn get(&mut self, user: UserId, now: Timestamp) -> Option<Arc<DataKey>> {
        self.uses += 1;
        let entry = self.entries.get_mut(&user)?;
        if now.since(entry.loaded) >= TRUSTED_FOR || now < entry.loaded {
            self.entries.remove(&user);
            return None;
        }
        entry.used = self.uses;
        Some(entry.key.clone())
    }

    /// How many keys were told to be forgotten so far; see [`Cache::put`].
    pub(super) const fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// Keeps a key that was read when `forgotten` was what [`Cache::forgotten`] said. If it says more by now, this very
    /// key may have been destroyed in between: then it is not kept.
    pub(super) fn put(&mut self, user: UserId, key: Arc<DataKey>, now: Timestamp, forgotten: u64) {
        if forgotten != self.forgotten {
            return;
        }
        self.uses += 1;
        if self.entries.len() >= CAPACITY && !self.entries.contains_key(&user) {
            // A walk over all entries, but only after a miss, which has cost a query already.
            let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.used).map(|(user, _)| *user);
            oldest.map(|user| self.entries.remove(&user));
        }
        self.entries.insert(user, Entry { key, loaded: now, used: self.uses });
    }

    pub(super) fn forget(&mut self, user: UserId) {
        self.forgotten += 1;
        self.entries.remove(&user);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::{Ambient, SystemRng};

    #[test]
    fn it_is_bounded_and_the_least_recently_used_goes() {
        let (mut cache, ambient) = (Cache::default(), Ambient::system());
        let now = Timestamp::from_micros(0);
        let key = Arc::new(DataKey::generate(1, &SystemRng));
        let users: Vec<UserId> = (0..=CAPACITY).map(|_| ambient.id()).collect();
        for user in &users[..CAPACITY] {
            cache.put(*user, key.clone(), now, 0);
        }
        assert!(cache.get(users[0], now).is_some());
        cache.put(users[CAPACITY], key, now, 0);
        assert_eq!(cache.entries.len(), CAPACITY);
        assert!(cache.get(users[0], now).is_some(), "was used a moment ago");
        assert!(cache.get(users[1], now).is_none(), "was used longest ago");
    }

    #[test]
    fn a_key_is_asked_for_again_after_a_minute() {
        let mut cache = Cache::default();
        let (user, now) = (Ambient::system().id(), Timestamp::from_micros(1_000_000));
        cache.put(user, Arc::new(DataKey::generate(1, &SystemRng)), now, 0);
        assert!(cache.get(user, now.plus(TRUSTED_FOR).minus(Duration::from_micros(1))).is_some());
        assert!(cache.get(user, now.plus(TRUSTED_FOR)).is_none());
        cache.put(user, Arc::new(DataKey::generate(1, &SystemRng)), now, 0);
        cache.forget(user);
        assert!(cache.get(user, now).is_none());
        cache.put(user, Arc::new(DataKey::generate(1, &SystemRng)), now, 0);
        assert!(cache.get(user, now).is_none(), "it was read before it was destroyed, and arrives after");
    }
}
