//! What the routes and the background work of this slice share.

use crate::config::Config;
use crate::media::MediaStore;
use crate::providers::clamd::Clamd;
use kernel::{Ambient, Breaker, Fault, Kind, UserId};
use speech::{Limits, PoolSettings, Prober, WhisperPool};
use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use store::Db;
use store::keys::KeyStore;

/// What the routes and the background work of this slice share. One per process; its threads start with it.
pub struct State {
    pub(crate) db: Db,
    pub(crate) keys: KeyStore,
    pub(crate) ambient: Ambient,
    pub(crate) config: Config,
    pub(crate) media: MediaStore,
    pub(crate) prober: Prober,
    pub(crate) engine: WhisperPool,
    pub(crate) turns: Turns,
    pub(crate) scanner: Option<Clamd>,
}

impl State {
    /// Opens the media directory and starts the threads that work on files and on speech. No model is loaded before it
    /// is needed.
    ///
    /// # Errors
    /// The directory cannot be made, or the system gives no more threads.
    pub fn new(config: Config, db: Db, keys: KeyStore, ambient: Ambient) -> io::Result<Arc<Self>> {
        let limits = Limits {
            max_duration: config.max_duration,
            max_channels: config.max_channels,
            max_rate: config.max_rate,
            ..Limits::default()
        };
        let scanner = config.clamd.clone().map(|address| Clamd::new(address, config.clamd_patience, &ambient));
        let pool = PoolSettings { limits, ..PoolSettings::new(&config.models_dir) };
        Ok(Arc::new(Self {
            media: MediaStore::open(&config.media_dir)?,
            prober: Prober::new(limits)?,
            engine: WhisperPool::start(pool)?,
            turns: Turns::default(),
            scanner,
            db,
            keys,
            ambient,
            config,
        }))
    }

    /// The ways to what this slice calls outside: the virus scanner, if there is one.
    pub fn breakers(&self) -> Vec<Arc<Breaker>> {
        self.scanner.iter().map(Clamd::way).collect()
    }

    /// Whether a speech model is there, so that work can go on; for a readiness or doctor page.
    ///
    /// # Errors
    /// What is missing and how to get it.
    pub fn model(&self) -> Result<speech::ModelFile, speech::Missing> {
        self.engine.model()
    }
}

/// Who has how many transcriptions going on over `/v1/`.
#[derive(Clone, Default)]
pub(crate) struct Turns(Arc<Mutex<HashMap<UserId, u32>>>);

/// One going on; over when dropped.
pub(crate) struct Turn {
    turns: Turns,
    user: UserId,
}

impl Turns {
    /// # Errors
    /// 429 when this person has `most` already.
    pub(crate) fn take(&self, user: UserId, most: u32) -> Result<Turn, Fault> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(user).or_insert(0);
        if *count >= most {
            let detail = format!("At most {most} transcriptions at once. Wait for one of yours to end.");
            return Err(Fault::new(Kind::TooMany, "too_many_requests", detail).retry_after(Duration::from_secs(5)));
        }
        *count += 1;
        Ok(Turn { turns: self.clone(), user })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut counts = self.turns.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.user) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_third_at_once_waits_and_a_neighbour_does_not() {
        let (turns, ambient) = (Turns::default(), Ambient::system());
        let (one, two): (UserId, UserId) = (ambient.id(), ambient.id());
        let first = turns.take(one, 2).unwrap();
        let second = turns.take(one, 2).unwrap();
        assert_eq!(turns.take(one, 2).err().unwrap().kind(), Kind::TooMany);
        drop(turns.take(two, 2).unwrap());
        drop(first);
        drop(turns.take(one, 2).unwrap());
        drop(second);
        assert!(turns.0.lock().unwrap().is_empty(), "nobody is remembered for nothing");
    }
}
