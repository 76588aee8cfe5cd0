//! What a slice writes to have work done.

use super::{Job, Lease};
use crate::{Result, Tx};
use futures_util::future::BoxFuture;
use std::future::Future;
use std::time::Duration;

/// How a try ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is done.
    Done,
    /// It may work later. On the last try this is a failure with the reason as its code.
    Retry {
        /// Not before this much later.
        after: Duration,
        /// A stable word for programs, never a sentence, never content: `model_busy`.
        reason: &'static str,
    },
    /// It will never work.
    Fail {
        /// A stable word for programs: `undecodable`.
        code: &'static str,
    },
}

/// Does the jobs of one kind. Idempotent: the same job may come again.
pub trait Handler: Send + Sync + 'static {
    /// The kind, `<slice>.<verb>`. Never reuse one for something else.
    const KIND: &'static str;
    /// How many at once in this process.
    const CONCURRENCY: usize = 1;

    /// Does one job. A panic counts as a try. Dropped where it awaits when the lease is lost; look at
    /// [`Lease::stopping`] from threads that cannot be dropped.
    fn run(&self, job: Job, lease: Lease) -> impl Future<Output = Outcome> + Send;

    /// The job has failed for good: by [`Outcome::Fail`], or after its last try, or because each try ended with the
    /// death of the process (`code` is then `crashed`). Runs in the transaction that says so; only statements here.
    fn gave_up(&self, tx: &mut Tx, job: &Job, code: &str) -> impl Future<Output = Result<()>> + Send {
        let _ = (tx, job, code);
        async { Ok(()) }
    }
}

/// A `Handler` without its type, so that a runner can hold several.
pub(super) trait AnyHandler: Send + Sync + 'static {
    fn kind(&self) -> &'static str;
    fn concurrency(&self) -> usize;
    fn run(&self, job: Job, lease: Lease) -> BoxFuture<'_, Outcome>;
    fn gave_up<'a>(&'a self, tx: &'a mut Tx, job: &'a Job, code: &'a str) -> BoxFuture<'a, Result<()>>;
}

impl<H: Handler> AnyHandler for H {
    fn kind(&self) -> &'static str {
        H::KIND
    }

    fn concurrency(&self) -> usize {
        H::CONCURRENCY.max(1)
    }

    fn run(&self, job: Job, lease: Lease) -> BoxFuture<'_, Outcome> {
        Box::pin(Handler::run(self, job, lease))
    }

    fn gave_up<'a>(&'a self, tx: &'a mut Tx, job: &'a Job, code: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(Handler::gave_up(self, tx, job, code))
    }
}
