//! What was looked up a moment ago, so that a script that asks ten things asks the database once.
//!
//! Believed for as short a time as sessions are, so that what another process ends is over within two seconds; what this
//! one ends, it forgets at once.

use crate::cache::FRESH;
use kernel::Timestamp;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use uuid::Uuid;

/// How much longer a value is found by its id: a request that has just found it by name may ask once more. Together with
/// [`FRESH`] the two seconds within which an end is effective.
const SLACK: Duration = Duration::from_millis(500);
/// How many there may be.
const MOST: usize = 10_000;

/// Values by a text that finds them, and by the id of what they are about.
pub(crate) struct Recent<T>(Mutex<Entries<T>>);

struct Entries<T> {
    by_name: HashMap<String, (Timestamp, Arc<T>)>,
    names: HashMap<Uuid, String>,
    removals: u64,
}

/// The state before the database was asked.
#[derive(Clone, Copy)]
pub(crate) struct Before(u64);

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self(Mutex::new(Entries { by_name: HashMap::new(), names: HashMap::new(), removals: 0 }))
    }
}

fn fresh(at: Timestamp, now: Timestamp) -> bool {
    younger(at, now, FRESH)
}

fn younger(at: Timestamp, now: Timestamp, age: Duration) -> bool {
    at <= now && now.since(at) < age
}

impl<T> Entries<T> {
    fn retain(&mut self, keep: impl Fn(Timestamp, &T) -> bool) {
        self.by_name.retain(|_, (at, value)| keep(*at, value));
        let by_name = &self.by_name;
        self.names.retain(|_, name| by_name.contains_key(name));
    }
}

impl<T> Recent<T> {
    fn lock(&self) -> MutexGuard<'_, Entries<T>> {
        // No code panics half way through a change of the entries.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn get(&self, name: &str, now: Timestamp) -> Option<Arc<T>> {
        self.lock().by_name.get(name).filter(|(at, _)| fresh(*at, now)).map(|(_, value)| value.clone())
    }

    /// To be asked before the database is.
    pub(crate) fn before(&self) -> Before {
        Before(self.lock().removals)
    }

    /// Keeps what the database said, unless something was forgotten since it was asked.
    pub(crate) fn put(&self, before: Before, (name, id): (&str, Uuid), value: Arc<T>, now: Timestamp) {
        let mut entries = self.lock();
        if entries.removals != before.0 {
            return;
        }
        if entries.by_name.len() >= MOST {
            entries.retain(|at, _| fresh(at, now));
            if entries.by_name.len() >= MOST {
                entries.retain(|_, _| false);
            }
        }
        entries.names.insert(id, name.to_owned());
        entries.by_name.insert(name.to_owned(), (now, value));
    }

    /// The value about this id, for the rest of the request that has found it by its name.
    pub(crate) fn by_id(&self, id: Uuid, now: Timestamp) -> Option<Arc<T>> {
        let entries = self.lock();
        let (at, value) = entries.by_name.get(entries.names.get(&id)?)?;
        younger(*at, now, FRESH + SLACK).then(|| value.clone())
    }

    /// Forgets what does not pass.
    pub(crate) fn retain(&self, keep: impl Fn(&T) -> bool) {
        let mut entries = self.lock();
        entries.removals += 1;
        entries.retain(|_, value| keep(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_micros(1_800_000_000_000_000).plus(Duration::from_millis(millis))
    }

    fn one(recent: &Recent<&str>) -> Uuid {
        let id = Uuid::from_u128(7);
        recent.put(recent.before(), ("name", id), Arc::new("value"), at(0));
        id
    }

    #[test]
    fn a_request_that_found_it_finds_it_again() {
        let recent = Recent::default();
        let id = one(&recent);
        assert!(recent.get("name", at(1499)).is_some());
        assert!(recent.get("name", at(1500)).is_none());
        assert!(recent.by_id(id, at(1999)).is_some());
        assert!(recent.by_id(id, at(2000)).is_none());
        assert!(recent.by_id(Uuid::from_u128(8), at(0)).is_none());
    }

    #[test]
    fn what_is_forgotten_is_found_by_neither() {
        let recent = Recent::default();
        let id = one(&recent);
        let before = recent.before();
        recent.retain(|_| false);
        assert!(recent.get("name", at(0)).is_none() && recent.by_id(id, at(0)).is_none());
        recent.put(before, ("name", id), Arc::new("from before"), at(0));
        assert!(recent.get("name", at(0)).is_none(), "the answer may be about what has just ended");
        assert!(recent.lock().names.is_empty());
    }
}
