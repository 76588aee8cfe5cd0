//! Sessions that were looked up a moment ago, so that a page that asks ten things asks the database once.
//!
//! What another process ends is noticed here when an entry is [`FRESH`] old, so that an end is effective everywhere within
//! two seconds. What this process ends, it forgets at once.

use crate::known::Known;
use kernel::{Timestamp, UserId};
use seal::TokenHash;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use uuid::Uuid;

/// How long an entry is believed.
pub(crate) const FRESH: Duration = Duration::from_millis(1500);
/// How many there may be; some 10 MB.
const MOST: usize = 10_000;

/// The entries, by the hash of the token.
#[derive(Default)]
pub(crate) struct Cache(Mutex<Entries>);

#[derive(Default)]
struct Entries {
    by_hash: HashMap<[u8; 32], Entry>,
    hash_of: HashMap<Uuid, [u8; 32]>,
    removals: u64,
}

struct Entry {
    at: Timestamp,
    known: Arc<Known>,
}

/// The state of the cache before the database was asked; see [`Cache::put`].
#[derive(Clone, Copy)]
pub(crate) struct Before(u64);

impl Cache {
    /// The session of this token, if it was looked up a moment ago.
    pub(crate) fn get(&self, hash: &TokenHash, now: Timestamp) -> Option<Arc<Known>> {
        self.lock().fresh(hash.as_bytes(), now)
    }

    /// The same by the session's id.
    pub(crate) fn by_session(&self, id: Uuid, now: Timestamp) -> Option<Arc<Known>> {
        let entries = self.lock();
        let hash = entries.hash_of.get(&id)?;
        entries.fresh(hash, now)
    }

    /// To be asked before the database is.
    pub(crate) fn before(&self) -> Before {
        Before(self.lock().removals)
    }

    /// Keeps what the database said, unless a session was ended since it was asked: the answer might be about that one.
    pub(crate) fn put(&self, before: Before, hash: &TokenHash, known: Arc<Known>, now: Timestamp) {
        let mut entries = self.lock();
        if entries.removals != before.0 {
            return;
        }
        if entries.by_hash.len() >= MOST {
            entries.make_room(now);
        }
        entries.hash_of.insert(known.session.id, *hash.as_bytes());
        entries.by_hash.insert(*hash.as_bytes(), Entry { at: now, known });
    }

    /// Forgets a session that has ended, by its id.
    pub(crate) fn forget(&self, id: Uuid) {
        self.lock().retain(|known| known.session.id != id);
    }

    /// Forgets a session that has ended, by the hash of its token.
    pub(crate) fn forget_hash(&self, hash: &[u8]) {
        let mut entries = self.lock();
        entries.removals += 1;
        if let Some(entry) = <[u8; 32]>::try_from(hash).ok().and_then(|hash| entries.by_hash.remove(&hash)) {
            entries.hash_of.remove(&entry.known.session.id);
        }
    }

    /// Forgets all sessions of somebody.
    pub(crate) fn forget_user(&self, user: UserId) {
        self.lock().retain(|known| known.caller.user_id != user);
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        // No code panics half way through a change of the entries.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    fn fresh(&self, hash: &[u8; 32], now: Timestamp) -> Option<Arc<Known>> {
        let entry = self.by_hash.get(hash)?;
        // A clock that was set back must not make an entry young again.
        (entry.at <= now && now.since(entry.at) < FRESH).then(|| entry.known.clone())
    }

    fn retain(&mut self, keep: impl Fn(&Known) -> bool) {
        self.removals += 1;
        self.by_hash.retain(|_, entry| keep(&entry.known));
        let by_hash = &self.by_hash;
        self.hash_of.retain(|_, hash| by_hash.contains_key(hash));
    }

    fn make_room(&mut self, now: Timestamp) {
        self.by_hash.retain(|_, entry| entry.at <= now && now.since(entry.at) < FRESH);
        if self.by_hash.len() >= MOST {
            self.by_hash.clear();
        }
        let by_hash = &self.by_hash;
        self.hash_of.retain(|_, hash| by_hash.contains_key(hash));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::known::testing::known;
    use kernel::{Ambient, SystemRng};
    use seal::{Purpose, token};

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_micros(1_800_000_000_000_000).plus(Duration::from_secs(seconds))
    }

    fn entry(cache: &Cache, now: Timestamp) -> (TokenHash, Arc<Known>) {
        let (_, hash) = token::mint(Purpose::Session, &SystemRng);
        let known = Arc::new(known(&Ambient::system()));
        cache.put(cache.before(), &hash, known.clone(), now);
        (hash, known)
    }

    #[test]
    fn an_entry_lives_less_than_two_seconds() {
        let cache = Cache::default();
        let (hash, known) = entry(&cache, at(10));
        assert!(cache.get(&hash, at(11)).is_some());
        assert!(cache.by_session(known.session.id, at(11)).is_some());
        assert!(cache.get(&hash, at(12)).is_none());
        assert!(cache.get(&hash, at(9)).is_none(), "the clock was set back");
    }

    #[test]
    fn what_ended_is_forgotten_in_every_way() {
        let cache = Cache::default();
        let (first, known) = entry(&cache, at(0));
        cache.forget(known.session.id);
        let (second, _) = entry(&cache, at(0));
        cache.forget_hash(second.as_bytes());
        let (third, known) = entry(&cache, at(0));
        cache.forget_user(known.caller.user_id);
        for hash in [first, second, third] {
            assert!(cache.get(&hash, at(0)).is_none());
        }
        let entries = cache.lock();
        assert!(entries.hash_of.is_empty() && entries.by_hash.is_empty());
    }

    #[test]
    fn an_answer_from_before_an_end_is_not_kept() {
        let cache = Cache::default();
        let (_, hash) = token::mint(Purpose::Session, &SystemRng);
        let known = Arc::new(known(&Ambient::system()));
        let before = cache.before();
        cache.forget(known.session.id);
        cache.put(before, &hash, known, at(0));
        assert!(cache.get(&hash, at(0)).is_none());
    }

    #[test]
    fn it_does_not_grow_without_end() {
        let cache = Cache::default();
        for _ in 0..=MOST {
            entry(&cache, at(0));
        }
        let entries = cache.lock();
        assert!(entries.by_hash.len() <= MOST);
        assert_eq!(entries.by_hash.len(), entries.hash_of.len());
    }
}
