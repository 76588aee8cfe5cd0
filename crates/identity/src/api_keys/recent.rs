//! What was looked up a moment ago, so that a script that asks ten things asks the database once.
//!
//! Believed for as short a time as sessions are, so that what another process ends is over within two seconds; what this
//! one ends, it forgets at once.

use crate::cache::FRESH;
use kernel::Timestamp;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many there may be.
const MOST: usize = 10_000;

/// Values by a text that finds them.
pub(crate) struct Recent<T>(Mutex<Entries<T>>);

struct Entries<T> {
    by_name: HashMap<String, (Timestamp, Arc<T>)>,
    removals: u64,
}

/// The state before the database was asked.
#[derive(Clone, Copy)]
pub(crate) struct Before(u64);

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self(Mutex::new(Entries { by_name: HashMap::new(), removals: 0 }))
    }
}

fn fresh(at: Timestamp, now: Timestamp) -> bool {
    at <= now && now.since(at) < FRESH
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
    pub(crate) fn put(&self, before: Before, name: &str, value: Arc<T>, now: Timestamp) {
        let mut entries = self.lock();
        if entries.removals != before.0 {
            return;
        }
        if entries.by_name.len() >= MOST {
            entries.by_name.retain(|_, (at, _)| fresh(*at, now));
            if entries.by_name.len() >= MOST {
                entries.by_name.clear();
            }
        }
        entries.by_name.insert(name.to_owned(), (now, value));
    }

    /// The one value that passes, if it is there.
    pub(crate) fn find(&self, now: Timestamp, passes: impl Fn(&T) -> bool) -> Option<Arc<T>> {
        let entries = self.lock();
        entries.by_name.values().find(|(at, value)| fresh(*at, now) && passes(value)).map(|(_, value)| value.clone())
    }

    /// Forgets what does not pass.
    pub(crate) fn retain(&self, keep: impl Fn(&T) -> bool) {
        let mut entries = self.lock();
        entries.removals += 1;
        entries.by_name.retain(|_, (_, value)| keep(value));
    }
}
