//! Opens a SQLite file: its permissions, its manners, its readers and its writer.

use crate::checkpoint::{self, Checkpointer};
use crate::migrate::{self, Set};
use crate::settings::Settings;
use crate::writer::Writer;
use crate::{Error, Result};
use sqlx::ConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use std::fs::{DirBuilder, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// A statement cache as large as the catalogue, so that nothing is parsed twice on a connection.
pub(crate) const CACHED_STATEMENTS: usize = 512;

#[derive(Clone)]
pub(crate) struct Lite {
    pub(crate) read: SqlitePool,
    pub(crate) writer: Writer,
    pub(crate) options: SqliteConnectOptions,
    checkpointer: Arc<Checkpointer>,
}

impl Lite {
    /// Opens `file` in the data directory of `settings`, and brings it up to `set`.
    pub(crate) async fn open(settings: &Settings, file: &str, set: &Set) -> Result<Self> {
        let path = settings.data_dir.join(file);
        make_private(&settings.data_dir, &path)?;
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .busy_timeout(Duration::from_secs(5))
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            // Deleted rows are overwritten, not merely unlinked: erasure has to be one.
            .pragma("secure_delete", "on")
            // Checkpoints are the checkpointer's; see there.
            .pragma("wal_autocheckpoint", "0")
            .pragma("trusted_schema", "off")
            .statement_cache_capacity(CACHED_STATEMENTS)
            .disable_statement_logging();
        let mut conn = options.connect().await.map_err(|e| cannot_open(&path, &e))?;
        migrate::sqlite(&mut conn, set, settings.migrate).await?;
        let read = SqlitePoolOptions::new()
            .max_connections(settings.readers.max(1))
            .acquire_timeout(settings.policy.wait)
            .test_before_acquire(false) // a file does not go away, and a ping costs a round trip to its thread
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options.clone().read_only(true))
            .await?;
        let writer = Writer::start(options.clone(), conn, settings.policy).await?;
        let checkpointer = Arc::new(Checkpointer::start(options.clone()));
        Ok(Self { read, writer, options, checkpointer })
    }

    /// Everything so far into the main file, and nothing left in the log: for what must not linger. `Busy` when
    /// somebody was reading all the while.
    pub(crate) async fn empty_log(&self) -> Result<()> {
        if checkpoint::empty(&self.options).await? { Ok(()) } else { Err(Error::Busy) }
    }

    pub(crate) async fn close(&self) {
        self.writer.close().await;
        self.read.close().await;
        self.checkpointer.close().await; // last: the log can only be emptied when nobody reads from it
    }

    pub(crate) fn path(&self) -> &Path {
        self.options.get_filename()
    }
}

fn cannot_open(path: &Path, error: &sqlx::Error) -> Error {
    Error::config(format!("cannot open {}: {error}", path.display()))
}

/// Nobody but us reads these files: 0700 for a directory we make, 0600 for the file (its log inherits that).
fn make_private(dir: &Path, file: &Path) -> Result<()> {
    let cannot = |what: &Path, e: std::io::Error| Error::config(format!("cannot create {}: {e}", what.display()));
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(|e| cannot(dir, e))?;
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(file) {
        Ok(_) => {}
        Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
        Err(e) => return Err(cannot(file, e)),
    }
    Ok(())
}
