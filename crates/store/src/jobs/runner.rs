//! The workers of this process: one dispatcher a kind, and one task that takes up what dead workers left.

use super::handler::{AnyHandler, Handler};
use super::{queries, work};
use crate::db::Engine;
use crate::{Db, Error, Result, once};
use kernel::{Ambient, Timestamp};
use std::fs::{File, TryLockError};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use uuid::Uuid;

/// How long finished jobs stay readable.
const KEEP_FINISHED: Duration = Duration::from_hours(30 * 24);
/// How often what is no longer needed is deleted.
const SWEEP_EVERY: Duration = Duration::from_hours(1);

/// How often the runner looks, and how long a lease lasts.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// How often to look for jobs that became due, or that another process enqueued.
    pub poll: Duration,
    /// A worker that was not heard of for this long is dead.
    pub lease: Duration,
    /// How often a worker is heard of.
    pub heartbeat: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        let s = Duration::from_secs;
        Self { poll: s(1), lease: s(60), heartbeat: s(15) }
    }
}

/// Collects handlers; [`Runner::start`] sets them to work.
pub struct Runner {
    db: Db,
    ambient: Ambient,
    pace: Pace,
    handlers: Vec<Arc<dyn AnyHandler>>,
}

/// Handlers at work. Dropping it stops them where they stand, as the death of the process would;
/// [`Running::shutdown`] is the polite way.
pub struct Running {
    tasks: JoinSet<()>,
    stop: watch::Sender<Option<Duration>>,
    _lock: Option<File>,
}

/// What every dispatcher needs.
pub(super) struct Shared {
    pub(super) db: Db,
    pub(super) ambient: Ambient,
    pub(super) pace: Pace,
    /// This runner, and no other one before or after it.
    pub(super) worker: Uuid,
}

impl Runner {
    /// A runner without handlers.
    pub fn new(db: Db, ambient: Ambient) -> Self {
        Self { db, ambient, pace: Pace::default(), handlers: Vec::new() }
    }

    /// Another pace, for tests.
    #[must_use]
    pub fn pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// Adds the handler of one kind.
    #[must_use]
    pub fn register(mut self, handler: impl Handler) -> Self {
        self.handlers.push(Arc::new(handler));
        self
    }

    /// Takes up what a dead process left, and sets the handlers to work. On SQLite that is everything that was running,
    /// at once, because one process owns the database: a second one gets `Error::Config`.
    pub async fn start(self) -> Result<Running> {
        for (at, handler) in self.handlers.iter().enumerate() {
            if self.handlers[..at].iter().any(|other| other.kind() == handler.kind()) {
                return Err(Error::config(format!("two handlers for jobs of the kind {}", handler.kind())));
            }
        }
        let lock = own(&self.db)?;
        let Self { db, ambient, pace, handlers } = self;
        let worker = ambient.uuid();
        let shared = Arc::new(Shared { db, ambient, pace, worker });
        let left = match shared.db.engine() {
            Engine::Sqlite => shared.reclaim(Timestamp::from_micros(i64::MAX)).await?,
            Engine::Postgres => shared.reclaim(shared.ambient.now()).await?,
        };
        if left > 0 {
            tracing::info!(jobs = left, "taking up jobs that a dead process left");
        }
        shared.report_unknown(&handlers).await?;
        let (stop, stopping) = watch::channel(None);
        let mut tasks = JoinSet::new();
        for handler in handlers {
            tasks.spawn(work::dispatch(shared.clone(), handler, stopping.clone()));
        }
        tasks.spawn(shared.housekeeping(stopping));
        Ok(Running { tasks, stop, _lock: lock })
    }
}

impl Running {
    /// Takes no new jobs, tells the handlers to stop and waits up to `grace` for them; what is not done by then goes
    /// back into the queue, without counting as a try.
    pub async fn shutdown(mut self, grace: Duration) {
        self.stop.send_replace(Some(grace));
        while let Some(ended) = self.tasks.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a dispatcher of jobs ended badly");
            }
        }
    }
}

impl Shared {
    async fn reclaim(&self, expired_before: Timestamp) -> Result<u64> {
        let mut tx = self.db.begin().await?;
        let jobs = tx.sql(queries::RECLAIM).bind(expired_before).run().await?;
        tx.commit().await?;
        Ok(jobs)
    }

    /// Says which kinds wait for a handler that this program does not have (any more). They stay as they are.
    async fn report_unknown(&self, handlers: &[Arc<dyn AnyHandler>]) -> Result<()> {
        let kinds: Vec<queries::Kind> = self.db.lookup().await?.sql(queries::READY_KINDS).all().await?;
        for kind in kinds.iter().filter(|ready| handlers.iter().all(|handler| handler.kind() != ready.kind)) {
            tracing::warn!(kind = kind.kind, "jobs of a kind that this program does not know stay where they are");
        }
        Ok(())
    }

    async fn sweep(&self) -> Result<()> {
        let now = self.ambient.now();
        let mut tx = self.db.begin().await?;
        tx.sql(queries::PURGE).bind(now.minus(KEEP_FINISHED)).run().await?;
        once::purge(&mut tx, now).await?;
        tx.commit().await
    }

    async fn housekeeping(self: Arc<Self>, mut stopping: work::Stop) {
        let mut reclaim = tokio::time::interval(self.pace.heartbeat);
        let mut sweep = tokio::time::interval(SWEEP_EVERY);
        loop {
            let done = tokio::select! {
                _ = work::asked_to_stop(&mut stopping) => return,
                _ = reclaim.tick() => self.reclaim(self.ambient.now()).await.map(drop),
                _ = sweep.tick() => self.sweep().await,
            };
            if let Err(error) = done {
                tracing::warn!(%error, "housekeeping of jobs; trying again later");
            }
        }
    }
}

/// On SQLite: a lock that ends with the process, so that no second one takes this one's running jobs for a dead one's.
fn own(db: &Db) -> Result<Option<File>> {
    let Some(path) = db.path() else { return Ok(None) };
    let path = path.with_file_name("jobs.lock");
    let cannot = |e: std::io::Error| Error::config(format!("cannot lock {}: {e}", path.display()));
    let file = File::options().create(true).append(true).open(&path).map_err(cannot)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Err(Error::config("another process works on this data directory")),
        Err(TryLockError::Error(e)) => Err(cannot(e)),
    }
}
