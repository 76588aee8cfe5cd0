//! Claims the jobs of one kind and sees each through: heartbeat, outcome, shutdown.

use super::handler::{AnyHandler, Outcome};
use super::runner::Shared;
use super::{Job, Lease, queries};
use crate::{Error, Result};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// After a panic: time for a person to look, and for a passing cause to pass.
const AFTER_PANIC: Duration = Duration::from_secs(10);
/// How often to try to write down an outcome before leaving it to whoever takes the job up again.
const TRIES_TO_NOTE: u32 = 6;

pub(super) type Stop = watch::Receiver<Option<Duration>>;

/// Returns with the time of grace when the runner shuts down. Never when it is merely dropped: then this task is too.
pub(super) async fn asked_to_stop(stop: &mut Stop) -> Duration {
    if let Ok(grace) = stop.wait_for(Option::is_some).await {
        return grace.unwrap_or_default();
    }
    std::future::pending().await
}

pub(super) async fn dispatch(shared: Arc<Shared>, handler: Arc<dyn AnyHandler>, mut stop: Stop) {
    let places = Arc::new(Semaphore::new(handler.concurrency()));
    let mut wake = shared.db.wake.listen();
    let mut jobs = JoinSet::new(); // dropped with this task, and every job with it
    loop {
        let place = tokio::select! {
            biased;
            _ = asked_to_stop(&mut stop) => break,
            // The semaphore is never closed.
            Ok(place) = places.clone().acquire_owned() => place,
        };
        while jobs.try_join_next().is_some() {} // forget those that ended
        wake.mark_unchanged(); // before looking: what arrives while we look wakes us again
        match claim(&shared, handler.kind()).await {
            Ok(Some(job)) => {
                let each = see_through(shared.clone(), handler.clone(), job, stop.clone());
                jobs.spawn(async move {
                    each.await;
                    drop(place);
                });
                continue;
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, kind = handler.kind(), "cannot claim a job; trying again"),
        }
        drop(place);
        tokio::select! {
            _ = asked_to_stop(&mut stop) => break,
            _ = wake.changed() => {}
            () = tokio::time::sleep(shared.pace.poll) => {}
        }
    }
    while jobs.join_next().await.is_some() {}
}

async fn claim(shared: &Shared, kind: &'static str) -> Result<Option<Job>> {
    let now = shared.ambient.now();
    let due: queries::One =
        shared.db.lookup().await?.sql(queries::IS_ANY).bind(kind.to_owned()).bind(now).one().await?;
    if due.n == 0 {
        return Ok(None);
    }
    let mut tx = shared.db.begin().await?;
    let until = now.plus(shared.pace.lease);
    let claim = tx.sql(queries::CLAIM).bind(Some(shared.worker)).bind(Some(until)).bind(kind.to_owned()).bind(now);
    let job = claim.optional().await?;
    tx.commit().await?;
    Ok(job)
}

async fn see_through(shared: Arc<Shared>, handler: Arc<dyn AnyHandler>, job: Job, mut stop: Stop) {
    let (tell, told) = watch::channel(false);
    let lease = Lease::new(&job, shared.worker, shared.pace.lease, shared.ambient.clone(), told);
    if job.attempts > job.max_attempts {
        // Every try so far ended with the death of the process. Another one may take it down again.
        note(&shared, &*handler, &job, &lease, Outcome::Fail { code: "crashed" }).await;
        return;
    }
    let mut work = JoinSet::new(); // a task of its own: it may panic, or compute without a pause
    let (own, of, with) = (handler.clone(), job.clone(), lease.clone());
    work.spawn(async move { own.run(of, with).await });
    let mut heard = Instant::now();
    let mut deadline = None;
    let outcome = loop {
        tokio::select! {
            ended = work.join_next() => match ended {
                Some(Ok(outcome)) => break outcome,
                Some(Err(error)) => {
                    tracing::error!(kind = job.kind, job = %job.id, panicked = error.is_panic(), "a job ended badly");
                    break Outcome::Retry { after: AFTER_PANIC, reason: "panicked" };
                }
                None => return,
            },
            () = tokio::time::sleep(shared.pace.heartbeat) => match lease.beat(&shared.db).await {
                Ok(true) => heard = Instant::now(),
                Ok(false) => {
                    // Finished by the handler itself with `Lease::complete`, taken over, or deleted with its owner.
                    tell.send_replace(true);
                    if tokio::time::timeout(shared.pace.heartbeat, work.join_next()).await.is_err() {
                        tracing::warn!(kind = job.kind, job = %job.id, "lost the lease, giving the work up");
                    }
                    return;
                }
                Err(error) if heard.elapsed() > shared.pace.lease => {
                    tracing::warn!(%error, kind = job.kind, job = %job.id, "could not renew the lease, giving the work up");
                    tell.send_replace(true);
                    return;
                }
                Err(error) => tracing::warn!(%error, kind = job.kind, job = %job.id, "could not renew the lease yet"),
            },
            grace = asked_to_stop(&mut stop), if deadline.is_none() => {
                deadline = Some(Instant::now() + grace);
                tell.send_replace(true);
            }
            () = tokio::time::sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => {
                work.shutdown().await;
                give_back(&shared, &job, &lease).await;
                return;
            }
        }
    };
    match outcome {
        // It stopped because it was told to.
        Outcome::Retry { .. } if deadline.is_some() => give_back(&shared, &job, &lease).await,
        outcome => note(&shared, &*handler, &job, &lease, outcome).await,
    }
}

async fn give_back(shared: &Shared, job: &Job, lease: &Lease) {
    if let Err(error) = lease.release(&shared.db).await {
        tracing::warn!(%error, kind = job.kind, job = %job.id, "could not give the job back; its lease will run out");
    }
}

/// Writes the outcome down, patiently: losing it would mean doing the work again.
async fn note(shared: &Shared, handler: &dyn AnyHandler, job: &Job, lease: &Lease, outcome: Outcome) {
    for tries in 0..TRIES_TO_NOTE {
        match note_once(shared, handler, job, lease, &outcome).await {
            Ok(()) => return,
            Err(error) => tracing::warn!(%error, kind = job.kind, job = %job.id, "could not note how the job ended"),
        }
        tokio::time::sleep(Duration::from_millis(100) * 2u32.pow(tries)).await;
    }
}

async fn note_once(
    shared: &Shared,
    handler: &dyn AnyHandler,
    job: &Job,
    lease: &Lease,
    outcome: &Outcome,
) -> Result<(), Error> {
    let mut tx = shared.db.begin().await?;
    let failure = match outcome {
        Outcome::Done => {
            lease.finish(&mut tx, "done", None).await?; // no row: `Lease::complete` has done it
            None
        }
        Outcome::Retry { after, reason } if job.attempts < job.max_attempts => {
            lease.retry(&mut tx, *after, reason).await?;
            None
        }
        Outcome::Retry { reason, .. } => Some(*reason),
        Outcome::Fail { code } => Some(*code),
    };
    if let Some(code) = failure {
        tracing::warn!(kind = job.kind, job = %job.id, code, attempts = job.attempts, "a job failed for good");
        if lease.finish(&mut tx, "failed", Some(code)).await? {
            handler.gave_up(&mut tx, job, code).await?;
        }
    }
    tx.commit().await
}
