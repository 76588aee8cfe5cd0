//! Keeps what went wrong on our side, so that an administrator who is told an id finds the cause (A1-M5).
//!
//! Bounded at every step: what waits to be written, what is written together, how much is kept and for how long. What does
//! not fit is lost here and is in the log all the same.

use crate::queries;
use guard::Failure;
use kernel::{Ambient, Fault, Timestamp, redact};
use seal::{Aad, DataKey};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use store::Db;
use store::keys::KeyStore;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

/// How long a failure is kept; see `docs/retention.md`.
pub const KEPT_FOR: Duration = Duration::from_hours(30 * 24);
/// How many are kept at most; the oldest make room.
pub const MOST_KEPT: i64 = 10_000;
/// How many may wait to be written.
const WAITING: usize = 256;
/// How many are written in one transaction.
const TOGETHER: usize = 32;
/// How often what is too old or too much is deleted.
const SWEPT_EVERY: Duration = Duration::from_mins(5);
/// How long a question waits for what is still being written.
const PATIENCE: Duration = Duration::from_secs(1);
/// The longest cause, in characters.
const LONGEST: usize = 8_000;

/// A failure as it is sealed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) at: Timestamp,
    pub(crate) code: String,
    pub(crate) status: u16,
    pub(crate) method: String,
    pub(crate) route: String,
    pub(crate) detail: String,
    pub(crate) cause: String,
    pub(crate) user_ref: Option<String>,
}

enum Message {
    Keep(Box<Failure>),
    /// Answered when everything before it is written.
    Settle(oneshot::Sender<()>),
}

const fn place(id: Uuid) -> Aad {
    Aad { table: "failures", row: id, column: "body", user: Uuid::nil() }
}

/// The way in, and to what is kept.
pub(crate) struct Faults {
    db: Db,
    key: Arc<DataKey>,
    sender: mpsc::Sender<Message>,
}

/// Writes down what comes in; `server` runs it beside the requests.
pub struct Keeper {
    db: Db,
    key: Arc<DataKey>,
    ambient: Ambient,
    receiver: mpsc::Receiver<Message>,
}

impl Faults {
    pub(crate) async fn new(db: Db, keys: &KeyStore, ambient: Ambient) -> store::Result<(Self, Keeper)> {
        let key = Arc::new(DataKey::of_server(&keys.server_key("failures").await?));
        let (sender, receiver) = mpsc::channel(WAITING);
        let keeper = Keeper { db: db.clone(), key: key.clone(), ambient, receiver };
        Ok((Self { db, key, sender }, keeper))
    }

    /// Hands a failure over; `false` when too many wait already.
    pub(crate) fn keep(&self, failure: Failure) -> bool {
        self.sender.try_send(Message::Keep(Box::new(failure))).is_ok()
    }

    /// The failure of a request.
    pub(crate) async fn find(&self, id: Uuid) -> Result<Option<Kept>, Fault> {
        // Whoever asks at once should not be told that there is nothing; whoever waits too long is told what there is.
        let _ = tokio::time::timeout(PATIENCE, self.settle()).await;
        let Some(row) = queries::find(&mut self.db.lookup().await?, id).await? else { return Ok(None) };
        let body = self.key.open(&place(id), &row.body)?;
        serde_json::from_slice(&body).map(Some).map_err(Fault::internal)
    }

    async fn settle(&self) {
        let (done, settled) = oneshot::channel();
        if self.sender.send(Message::Settle(done)).await.is_ok() {
            // An error means that the keeper has stopped: then nothing more is written.
            let _ = settled.await;
        }
    }
}

impl Keeper {
    /// Writes and sweeps until nobody hands anything over any more. To stop it, drop it.
    pub async fn run(mut self) {
        let mut swept = tokio::time::interval(SWEPT_EVERY);
        loop {
            tokio::select! {
                message = self.receiver.recv() => match message {
                    Some(first) => self.take(first).await,
                    None => return,
                },
                _ = swept.tick() => match self.sweep().await {
                    Ok(0) => {}
                    Ok(deleted) => tracing::info!(event = "swept", slice = "monitor", deleted),
                    Err(error) => tracing::warn!(event = "sweep_failed", slice = "monitor", %error, "tried again later"),
                },
            }
        }
    }

    /// This message and those that wait behind it.
    async fn take(&mut self, first: Message) {
        let (mut failures, mut waiting) = (Vec::new(), Vec::new());
        let mut next = Some(first);
        while let Some(message) = next {
            match message {
                Message::Keep(failure) => failures.push(*failure),
                Message::Settle(done) => waiting.push(done),
            }
            next = if failures.len() < TOGETHER { self.receiver.try_recv().ok() } else { None };
        }
        if !failures.is_empty()
            && let Err(error) = self.write(failures).await
        {
            tracing::warn!(event = "failures_not_kept", %error, "what failed is in the log alone");
        }
        for done in waiting {
            // Whoever asked may have gone.
            let _ = done.send(());
        }
    }

    async fn write(&self, failures: Vec<Failure>) -> Result<(), Fault> {
        let mut sealed = Vec::with_capacity(failures.len());
        for failure in failures {
            let (id, at) = (failure.id, failure.at);
            let body = serde_json::to_vec(&kept(failure)).map_err(Fault::internal)?;
            sealed.push((id, at, self.key.seal(&place(id), &body, &*self.ambient.rng)));
        }
        let mut tx = self.db.begin().await?;
        for (id, at, body) in sealed {
            queries::insert(&mut tx, id, at, body).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    async fn sweep(&self) -> store::Result<u64> {
        let mut tx = self.db.begin().await?;
        let deleted = queries::sweep(&mut tx, self.ambient.now().minus(KEPT_FOR), MOST_KEPT).await?;
        tx.commit().await?;
        Ok(deleted)
    }
}

fn kept(failure: Failure) -> Kept {
    let Failure { id: _, at, code, status, method, route, detail, cause, user_ref } = failure;
    // As in the log: what looks like a secret is nobody's to read, administrators included.
    let cause: String = redact::text(&cause).chars().take(LONGEST).collect();
    Kept { at, code: code.to_owned(), status, method, route, detail, cause, user_ref }
}

#[cfg(test)]
mod tests {
    use super::*;

    store::conformance!(what_failed_is_found_by_its_id_and_is_sealed);

    async fn what_failed_is_found_by_its_id_and_is_sealed(db: Db) {
        let ambient = Ambient::system();
        let keys = store::testing::keys(&db).await;
        let (faults, keeper) = Faults::new(db.clone(), &keys, ambient.clone()).await.unwrap();
        let id = ambient.uuid();
        let failure = Failure {
            id,
            at: ambient.now(),
            code: "internal",
            status: 500,
            method: "GET".to_owned(),
            route: "/api/moods/{id}".to_owned(),
            detail: "Something went wrong on our side.".to_owned(),
            cause: "quixotrembling at postgres://mind:hunter22@db/mind".to_owned(),
            user_ref: None,
        };
        assert!(faults.keep(failure.clone()));
        let writing = tokio::spawn(keeper.run());
        let found = faults.find(id).await.unwrap().expect("written while the question waited");
        assert_eq!((found.code.as_str(), found.status, found.route.as_str()), ("internal", 500, "/api/moods/{id}"));
        assert_eq!(found.cause, "quixotrembling at postgres://mind:***@db/mind");
        assert!(faults.find(ambient.uuid()).await.unwrap().is_none());
        let row = queries::find(&mut db.lookup().await.unwrap(), id).await.unwrap().unwrap();
        assert!(!row.body.windows(8).any(|bytes| bytes == b"quixotre"), "the cause is sealed");
        writing.abort();
        assert!(writing.await.is_err());
        let (faults, _idle) = Faults::new(db, &keys, ambient).await.unwrap();
        assert!((0..WAITING).all(|_| faults.keep(failure.clone())));
        assert!(!faults.keep(failure), "nobody takes them, and memory does not grow");
        keys.close().await;
    }
}
