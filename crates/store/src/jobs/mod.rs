//! Background work that survives: enqueued in the transaction that makes it necessary, leased by a worker, taken up again
//! when that worker dies.
//!
//! A job holds ids only; what it is about is read when it runs. A handler may run more than once for one job (a process
//! can die after the work and before the note that it is done), so it has to be idempotent; [`Lease::complete`] closes
//! even that gap for what it writes to the database. A kind that no handler knows any more stays in the table, untouched
//! and readable.

mod handler;
mod lease;
mod queries;
mod runner;
mod work;

pub use handler::{Handler, Outcome};
pub use lease::Lease;
pub use runner::{Pace, Runner, Running};

pub(crate) use queries::STATEMENTS;

use crate::{Result, Tx};
use kernel::{Ambient, JobId, Timestamp, UserId};
use tokio::sync::watch;
use uuid::Uuid;

/// Work to be done.
#[derive(Debug, Clone, Copy)]
pub struct NewJob {
    /// Which handler does it: `recordings.transcribe`.
    pub kind: &'static str,
    /// What it is about.
    pub subject: Uuid,
    /// Whose it is; it disappears with them.
    pub owner: Option<UserId>,
    /// Not before.
    pub run_at: Timestamp,
    /// After this many tries, or deaths of the process in mid-work, it has failed. At least 1.
    pub max_attempts: u32,
}

crate::row! {
    /// A job that somebody works on.
    #[derive(Debug, Clone, PartialEq)]
    pub struct Job {
        /// Its id.
        pub id: JobId,
        /// Which handler does it.
        pub kind: String,
        /// What it is about.
        pub subject: Uuid,
        /// Whose it is.
        pub owner: Option<UserId>,
        /// Which try this is, from 1.
        pub attempts: i64,
        /// How many tries it has.
        pub max_attempts: i64,
    }
}

crate::row! {
    /// How many jobs of one kind are in one state.
    #[derive(Debug, Clone, PartialEq)]
    pub struct Count {
        /// Which handler does them.
        pub kind: String,
        /// `ready`, `running`, `done` or `failed`.
        pub state: String,
        /// How many.
        pub n: i64,
    }
}

/// Adds a job to the transaction that makes it necessary. When that commits, the runner of this process wakes up; a
/// runner elsewhere sees it within [`Pace::poll`].
pub async fn enqueue(tx: &mut Tx, ambient: &Ambient, job: NewJob) -> Result<JobId> {
    let id: JobId = ambient.id();
    tx.sql(queries::INSERT)
        .bind(id)
        .bind(job.kind.to_owned())
        .bind(job.subject)
        .bind(job.owner)
        .bind(job.run_at)
        .bind(i64::from(job.max_attempts.max(1)))
        .bind(ambient.now())
        .run()
        .await?;
    tx.wakes_runner();
    Ok(id)
}

/// How many jobs there are, by kind and state; kinds that no handler knows included.
pub async fn counts(tx: &mut Tx) -> Result<Vec<Count>> {
    tx.sql(queries::COUNTS).all().await
}

/// Tells the dispatchers of this process that there is work.
#[derive(Clone)]
pub(crate) struct Wake(watch::Sender<u64>);

impl Wake {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(0))
    }

    pub(crate) fn now(&self) {
        self.0.send_modify(|times| *times = times.wrapping_add(1));
    }

    fn listen(&self) -> watch::Receiver<u64> {
        self.0.subscribe()
    }
}
