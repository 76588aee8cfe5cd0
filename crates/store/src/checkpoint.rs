//! Moves the write-ahead log of a SQLite file into it, on a connection of its own, so that no transaction pays for it.

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::watch;

/// How often the log's size is looked at.
const EVERY: Duration = Duration::from_millis(500);
/// A log of this size is worth a checkpoint that disturbs nobody.
const WORTH_IT: u64 = 4 << 20;
/// A log of this size is cut even though writers have to wait for it: under constant load the gentle kind never
/// reaches the end of a log that grows meanwhile.
const TOO_LONG: u64 = 64 << 20;

/// How long a checkpoint that writers wait for waits for readers: it is their time, and there is another chance soon.
const PATIENCE: Duration = Duration::from_millis(250);
/// How often to try when the log *must* be emptied.
const TRIES_TO_EMPTY: usize = 8;

const TRUNCATE: &str = "pragma wal_checkpoint(truncate)";
const PASSIVE: &str = "pragma wal_checkpoint(passive)";

/// The task's handle; dropping it ends the task, [`Checkpointer::close`] also leaves the log empty.
pub(crate) struct Checkpointer {
    stop: watch::Sender<bool>,
    stopped: watch::Receiver<bool>,
}

impl Checkpointer {
    pub(crate) fn start(options: SqliteConnectOptions) -> Self {
        let (stop, stopping) = watch::channel(false);
        let (ended, stopped) = watch::channel(false);
        tokio::spawn(run(options, stopping, ended));
        Self { stop, stopped }
    }

    pub(crate) async fn close(&self) {
        self.stop.send_replace(true);
        // An error means that the task is gone already.
        let _ = self.stopped.clone().wait_for(|ended| *ended).await;
    }
}

async fn run(options: SqliteConnectOptions, mut stopping: watch::Receiver<bool>, ended: watch::Sender<bool>) {
    let log = log_of(options.get_filename());
    let mut conn = None;
    loop {
        let stop = tokio::select! {
            // An error means that the handle is gone: nobody waits for an empty log.
            asked = stopping.wait_for(|stop| *stop) => if asked.is_ok() { true } else { return },
            () = tokio::time::sleep(EVERY) => false,
        };
        let size = tokio::fs::metadata(&log).await.map_or(0, |meta| meta.len());
        let text = match size {
            _ if stop => Some(TRUNCATE),
            TOO_LONG.. => Some(TRUNCATE),
            WORTH_IT.. => Some(PASSIVE),
            _ => None,
        };
        if let Some(text) = text
            && let Err(error) = checkpoint(&options, &mut conn, text).await
        {
            tracing::warn!(%error, log_bytes = size, "checkpoint failed");
            conn = None;
        }
        if stop {
            if let Some(conn) = conn.take()
                && let Err(error) = conn.close().await
            {
                tracing::warn!(%error, "closing after the last checkpoint");
            }
            ended.send_replace(true);
            return;
        }
    }
}

/// Everything so far into the main file, and nothing left in the log; false when somebody was reading all the while.
pub(crate) async fn empty(options: &SqliteConnectOptions) -> sqlx::Result<bool> {
    let mut conn = None;
    for _ in 0..TRIES_TO_EMPTY {
        if checkpoint(options, &mut conn, TRUNCATE).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether it was complete.
async fn checkpoint(
    options: &SqliteConnectOptions,
    conn: &mut Option<SqliteConnection>,
    text: &'static str,
) -> sqlx::Result<bool> {
    let conn = match conn {
        Some(conn) => conn,
        None => conn.insert(options.clone().busy_timeout(PATIENCE).connect().await?),
    };
    let busy: i64 = sqlx::query_scalar(text).fetch_one(conn).await?;
    Ok(busy == 0)
}

fn log_of(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}
