//! The connection to Redis: there or away, said once each way, and mended by itself.
//!
//! Nobody waits for a connection to be made: while it is away, whoever asks is told so at once.

use crate::counters::{Bucket, SCRIPT};
use kernel::Secret;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, RedisError, RedisResult, Script};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// How long an answer may take. Redis takes microseconds; who takes longer is as good as gone.
const PATIENCE: Duration = Duration::from_millis(250);
/// How long a connection may take to be made.
const CONNECTING: Duration = Duration::from_secs(1);
/// Between two tries to make one.
const AGAIN: Duration = Duration::from_millis(500);

/// Redis is not there, or answers nonsense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Redis is away")]
pub struct Away;

/// An address that cannot be used. It may hold a password, so it is not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is an address such as redis://:password@127.0.0.1:6379/0, or rediss:// for TLS")]
pub struct BadUrl;

/// What instances share, in Redis.
pub struct Relay {
    shared: Arc<Shared>,
    keeper: JoinHandle<()>,
}

struct Shared {
    client: Client,
    script: Script,
    key: Secret<[u8; 32]>,
    /// The connection, and how many there were before it, so that a late failure of an old one does no harm.
    present: RwLock<(u64, Option<MultiplexedConnection>)>,
    lost: Notify,
    /// Whether it was told that Redis is away.
    told: AtomicBool,
}

impl Relay {
    /// Whether an address can be used, for settings to be refused before anything begins.
    ///
    /// # Errors
    /// [`BadUrl`].
    pub fn check(url: &Secret<String>) -> Result<(), BadUrl> {
        client(url).map(drop)
    }

    /// Links to the Redis at `url`, under a key that all instances of this installation have and nobody else. Waits for
    /// one try at most: that Redis is away is no reason not to begin.
    ///
    /// # Errors
    /// [`BadUrl`].
    pub async fn open(url: &Secret<String>, key: Secret<[u8; 32]>) -> Result<Self, BadUrl> {
        let shared = Arc::new(Shared {
            client: client(url)?,
            script: Script::new(SCRIPT),
            key,
            present: RwLock::new((0, None)),
            lost: Notify::new(),
            told: AtomicBool::new(false),
        });
        shared.try_connect().await;
        let keeper = tokio::spawn(keep(shared.clone()));
        Ok(Self { shared, keeper })
    }

    /// Whether Redis answered when it was last asked.
    pub fn is_present(&self) -> bool {
        self.shared.connection().is_some()
    }

    /// What the script answers for these buckets.
    pub(crate) async fn run(&self, buckets: &[Bucket<'_>]) -> Result<Vec<i64>, Away> {
        let shared = &self.shared;
        let (number, mut connection) = shared.connection().ok_or(Away)?;
        shared.call(&mut connection, buckets).await.map_err(|error| {
            shared.lose(number, &error);
            Away
        })
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

fn client(url: &Secret<String>) -> Result<Client, BadUrl> {
    // What the library says of a bad one may repeat parts of it. A certificate that nobody checks is not worth having.
    let url = url.expose().as_str();
    if url.contains('#') {
        return Err(BadUrl);
    }
    Client::open(url).map_err(|_| BadUrl)
}

/// Makes a new connection whenever there is none.
async fn keep(shared: Arc<Shared>) {
    loop {
        if shared.connection().is_some() {
            shared.lost.notified().await;
        }
        if !shared.try_connect().await {
            tokio::time::sleep(AGAIN).await;
        }
    }
}

impl Shared {
    fn connection(&self) -> Option<(u64, MultiplexedConnection)> {
        let present = self.present.read().unwrap_or_else(PoisonError::into_inner);
        present.1.clone().map(|connection| (present.0, connection))
    }

    async fn call(&self, connection: &mut MultiplexedConnection, buckets: &[Bucket<'_>]) -> RedisResult<Vec<i64>> {
        let mut call = self.script.prepare_invoke();
        for bucket in buckets {
            call.key(bucket.name(&self.key)).arg(bucket.each()).arg(bucket.most.get()).arg(bucket.amount.get());
        }
        call.invoke_async(connection).await
    }

    /// A connection counts once the script has run on it: a Redis that only takes connections is not there.
    async fn connect(&self) -> RedisResult<MultiplexedConnection> {
        let config =
            AsyncConnectionConfig::new().set_connection_timeout(Some(CONNECTING)).set_response_timeout(Some(PATIENCE));
        let mut connection = self.client.get_multiplexed_async_connection_with_config(&config).await?;
        let (most, amount, period) = (NonZeroU32::MAX, NonZeroU32::MIN, Duration::from_hours(1));
        let probe = Bucket { class: "probe", key: "", most, period, amount };
        self.call(&mut connection, &[probe]).await?;
        Ok(connection)
    }

    async fn try_connect(&self) -> bool {
        match self.connect().await {
            Ok(connection) => {
                let mut present = self.present.write().unwrap_or_else(PoisonError::into_inner);
                *present = (present.0 + 1, Some(connection));
                if self.told.swap(false, Ordering::AcqRel) {
                    tracing::warn!(event = "relay_back", "Redis answers again: limits are shared by all instances");
                }
                true
            }
            Err(error) => {
                self.tell(&error);
                false
            }
        }
    }

    /// Gives up a connection that failed, unless there is a newer one.
    fn lose(&self, number: u64, error: &RedisError) {
        let mut present = self.present.write().unwrap_or_else(PoisonError::into_inner);
        if present.0 == number && present.1.take().is_some() {
            self.tell(error);
            self.lost.notify_one();
        }
    }

    fn tell(&self, error: &RedisError) {
        if !self.told.swap(true, Ordering::AcqRel) {
            tracing::error!(
                event = "relay_away",
                %error,
                "Redis does not answer: every instance limits by itself, at half the rate, until it does"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_checked_and_never_repeated() {
        let check = |url: &str| Relay::check(&Secret::new(url.to_owned()));
        for good in ["redis://127.0.0.1:6379", "redis://:secret@cache.example:6379/2", "rediss://cache.example"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in ["", "cache.example", "http://cache.example", "rediss://cache.example/#insecure"] {
            assert_eq!(check(bad), Err(BadUrl), "{bad}");
        }
        assert!(!BadUrl.to_string().contains("cache.example"));
    }
}
