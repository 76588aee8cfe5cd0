//! The single SQLite writer: turns in order of arrival, many turns to one COMMIT.
//!
//! A task owns the batch and is never cancelled; a transaction owns only the right to use the connection for one turn.
//! Everything that can be dropped (by a timeout, a panic, a client that leaves) is a `oneshot` sender, and a dropped
//! sender *means* rollback, so no destructor does work and no await point is dangerous.
//! Not here: what the statements say, and reading.

use crate::settings::{Policy, Stats};
use crate::{Error, Result};
use futures_util::FutureExt;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use std::panic::{AssertUnwindSafe, Location};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;
use tokio::sync::{Mutex, mpsc, oneshot, watch};
use tokio::time::{Instant, timeout};

/// How often SQLite asks whether a running statement should stop, in its own virtual machine's steps.
const STEPS_BETWEEN_CHECKS: i32 = 10_000;
/// After a failed COMMIT: how long to refuse writes before the disk is tried again.
const PROBE_PAUSE: Duration = Duration::from_millis(250);

pub(crate) struct Slot {
    pub(crate) conn: SqliteConnection,
    pub(crate) turn: u64,
}

/// The right to use the connection while `slot.turn == number`. Dropping it gives the turn back and rolls back.
pub(crate) struct Turn {
    pub(crate) slot: Arc<Mutex<Slot>>,
    pub(crate) number: u64,
    done: oneshot::Sender<Settle>,
}

struct Settle {
    keep: bool,
    ack: oneshot::Sender<Result<()>>,
}

impl Turn {
    /// Ends the turn and waits until the whole batch is durable. Dropping this future does not take the decision back.
    pub(crate) async fn settle(self, keep: bool) -> Result<()> {
        let (ack, durable) = oneshot::channel();
        self.done.send(Settle { keep, ack }).map_err(|_| Error::Revoked)?;
        durable.await.unwrap_or_else(|_| Err(gone()))
    }
}

fn gone() -> Error {
    Error::Batch("the writer is gone".into())
}

struct Ask {
    reply: oneshot::Sender<Result<Turn>>,
    at: &'static Location<'static>,
}

#[derive(Clone)]
pub(crate) struct Writer {
    queue: mpsc::Sender<Ask>,
    wait: Duration,
    stop: Arc<watch::Sender<bool>>,
    stopped: watch::Receiver<bool>,
    pub(crate) stats: Arc<Stats>,
}

impl Writer {
    /// Takes the one connection that writes. `options` make its successors after a failure.
    pub(crate) async fn start(options: SqliteConnectOptions, conn: SqliteConnection, policy: Policy) -> Result<Self> {
        let (queue, asks) = mpsc::channel(policy.queue);
        let (stop, stopping) = watch::channel(false);
        let (ended, stopped) = watch::channel(false);
        let stats = Arc::<Stats>::default();
        let slot = Arc::new(Mutex::new(Slot { conn, turn: 0 }));
        let cut = Arc::<AtomicBool>::default();
        let desk = Desk { asks, stopping, slot, cut, options, policy, stats: stats.clone(), doubt: None };
        desk.arm().await?;
        tokio::spawn(desk.supervised(ended));
        Ok(Self { queue, wait: policy.wait, stop: Arc::new(stop), stopped, stats })
    }

    pub(crate) async fn turn(&self, at: &'static Location<'static>) -> Result<Turn> {
        let (reply, turn) = oneshot::channel();
        timeout(self.wait, async {
            self.queue.send(Ask { reply, at }).await.map_err(|_| gone())?;
            turn.await.unwrap_or_else(|_| Err(gone()))
        })
        .await
        .unwrap_or(Err(Error::Busy))
    }

    /// Serves everyone who already waits, refuses the rest, and returns when the connection is closed.
    pub(crate) async fn close(&self) {
        self.stop.send_replace(true);
        // An error means that the desk is gone already, which is what we wait for.
        let _ = self.stopped.clone().wait_for(|ended| *ended).await;
    }
}

// Never `COMMIT` or `BEGIN` through sqlx's `Transaction`: a nested `begin` that is cancelled sends ROLLBACK for the
// *outer* one. sqlx believes this connection is idle, and that is what keeps its hands off.
const OPEN: &str = "begin immediate; savepoint m";
const KEEP_AND_OPEN: &str = "release m; savepoint m";
const UNDO: &str = "rollback to m"; // leaves `m` open for the next member: no second text needed
/// Writes a page and syncs it, without needing a table.
const PROBE: &str = "begin immediate; pragma user_version = 1; commit";

struct Desk {
    asks: mpsc::Receiver<Ask>,
    stopping: watch::Receiver<bool>,
    slot: Arc<Mutex<Slot>>,
    /// Tells SQLite to give up the statement that is running.
    cut: Arc<AtomicBool>,
    options: SqliteConnectOptions,
    policy: Policy,
    stats: Arc<Stats>,
    /// A COMMIT failed, and no write has succeeded since: when it was last tried.
    doubt: Option<Instant>,
}

impl Desk {
    /// Runs the desk, and again after a panic: the batch it was in fails, the next caller finds a fresh connection.
    async fn supervised(mut self, ended: watch::Sender<bool>) {
        while AssertUnwindSafe(self.run()).catch_unwind().await.is_err() {
            tracing::error!("the writer panicked; its batch is lost, a fresh one takes over");
            self.stats.failed.fetch_add(1, Relaxed);
            self.renew().await;
        }
        // The connection is closed here, not when the last `Tx` lets go of the slot, so that `close` means closed.
        let _ = self.exec("pragma optimize").await;
        let spare = SqliteConnectOptions::new().in_memory(true).connect().await;
        if let Ok(spare) = spare {
            let old = std::mem::replace(&mut self.slot.lock().await.conn, spare);
            if let Err(error) = old.close().await {
                tracing::warn!(%error, "closing the writer");
            }
        }
        ended.send_replace(true);
    }

    async fn run(&mut self) {
        while let Some(first) = self.next().await {
            if self.doubt.is_some() && !self.sound().await {
                // A caller that left is no reason to fail; here and below.
                let _ = first.reply.send(Err(Error::Batch("the disk does not take writes".into())));
                continue;
            }
            let mut acks = Vec::new();
            let outcome = self.batch(first, &mut acks).await.map_err(|e| Error::Batch(e.to_string().into()));
            if let Err(error) = &outcome {
                tracing::error!(%error, members = acks.len(), "a batch failed");
                self.stats.failed.fetch_add(1, Relaxed);
                self.renew().await; // before the answers: who retries at once finds a sound writer, or an honest no
            }
            for ack in acks {
                let _ = ack.send(outcome.clone());
            }
        }
    }

    async fn next(&mut self) -> Option<Ask> {
        tokio::select! {
            biased;
            ask = self.asks.recv() => return ask,
            // An error means that every `Writer` is gone, so nobody can ask again.
            _ = self.stopping.wait_for(|stop| *stop) => {}
        }
        self.asks.close(); // who already waits is still served
        self.asks.recv().await
    }

    /// Runs members until the batch is due, then commits. An error here is the whole batch's.
    async fn batch(&mut self, first: Ask, acks: &mut Vec<oneshot::Sender<Result<()>>>) -> sqlx::Result<()> {
        let (began, mut next) = (Instant::now(), Some(first));
        let (mut last, mut kept, mut members) = (None, 0, 0); // `last`: was the newest member kept?
        while let Some(ask) = next.take() {
            if !ask.reply.is_closed() {
                // Both follow-up texts name `m`: were the transaction gone (an error that makes SQLite roll back all of
                // it, e.g. disk full), they fail here instead of letting the next member write outside of a batch.
                let text = match last {
                    None => OPEN,
                    Some(true) => KEEP_AND_OPEN,
                    Some(false) => UNDO,
                };
                if let Err(e) = self.exec(text).await {
                    let _ = ask.reply.send(Err(Error::Batch(e.to_string().into())));
                    return Err(e);
                }
                let settle = self.serve(ask).await;
                members += 1;
                last = Some(settle.as_ref().is_some_and(|s| s.keep));
                kept += u64::from(last == Some(true));
                acks.extend(settle.map(|s| s.ack));
            }
            if members >= self.policy.members || began.elapsed() >= self.policy.age {
                break;
            }
            next = self.asks.try_recv().ok();
        }
        if last == Some(false) {
            self.exec(UNDO).await?;
        }
        if last.is_some() {
            let text = if kept > 0 { "commit" } else { "rollback" }; // COMMIT releases `m` too
            if let Err(e) = self.exec(text).await {
                self.doubt = Some(Instant::now());
                return Err(e);
            }
            self.stats.batches.fetch_add(u64::from(kept > 0), Relaxed);
            self.stats.members.fetch_add(kept, Relaxed);
        }
        Ok(())
    }

    /// Lends the connection for one turn; `None` is a member that left or was sent away.
    async fn serve(&mut self, ask: Ask) -> Option<Settle> {
        let (done, mut settled) = oneshot::channel();
        let number = self.slot.lock().await.turn;
        let turn = Turn { slot: self.slot.clone(), number, done };
        if ask.reply.send(Ok(turn)).is_err() {
            return None;
        }
        let settle = if let Ok(settle) = timeout(self.policy.slow, &mut settled).await {
            settle.ok()
        } else {
            self.stats.report_slow(ask.at);
            if let Ok(settle) = timeout(self.policy.hold.saturating_sub(self.policy.slow), &mut settled).await {
                settle.ok()
            } else {
                settled.close(); // from here its commit answers `Revoked` …
                self.stats.revoked.fetch_add(1, Relaxed);
                self.cut.store(true, Relaxed);
                settled.try_recv().ok() // … unless it was already on its way
            }
        };
        self.slot.lock().await.turn += 1; // … and so do its statements; waits for one that is being interrupted
        self.cut.store(false, Relaxed);
        settle
    }

    async fn exec(&self, text: &'static str) -> sqlx::Result<()> {
        let mut slot = self.slot.lock().await;
        sqlx::query(text).execute(&mut slot.conn).await.map(drop)
    }

    /// Lets `cut` end a statement that outlives its turn: a turn alone can only be taken away *between* statements.
    async fn arm(&self) -> sqlx::Result<()> {
        let cut = self.cut.clone();
        let mut slot = self.slot.lock().await;
        slot.conn.lock_handle().await?.set_progress_handler(STEPS_BETWEEN_CHECKS, move || !cut.load(Relaxed));
        Ok(())
    }

    /// After a failed batch nobody guesses the connection's state: a fresh one, and the old one closed.
    async fn renew(&mut self) {
        let _ = self.exec("rollback").await; // fails when SQLite has rolled back by itself
        self.cut.store(false, Relaxed);
        match self.options.connect().await {
            Ok(conn) => {
                let old = std::mem::replace(&mut self.slot.lock().await.conn, conn);
                let _ = old.close().await; // it is not used again, whatever it says
                if let Err(error) = self.arm().await {
                    tracing::error!(%error, "long statements cannot be interrupted");
                }
            }
            Err(error) => {
                tracing::error!(%error, "cannot reopen the writer, trying again");
                self.doubt.get_or_insert_with(Instant::now);
            }
        }
    }

    /// Whether a write goes through again after a COMMIT that did not. Asked at most every `PROBE_PAUSE`.
    async fn sound(&mut self) -> bool {
        if let Some(tried) = self.doubt {
            tokio::time::sleep_until(tried + PROBE_PAUSE).await;
        }
        match self.exec(PROBE).await {
            Ok(()) => {
                self.doubt = None;
                true
            }
            Err(error) => {
                tracing::error!(%error, "the disk still does not take writes");
                self.doubt = Some(Instant::now());
                self.renew().await;
                false
            }
        }
    }
}
