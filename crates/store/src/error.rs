//! What can go wrong with the data: a variant for what a caller can act on, the rest folded into `Sql`.
//!
//! No text here holds a password, a bound value or a row: drivers' messages name constraints and columns only, and
//! settings that cannot be understood are never repeated.

use kernel::Fault;
use sqlx::error::{DatabaseError, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

/// Why the database did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A unique constraint, under the one name both engines agree on: `<table>_<column>…_key` or `<table>_pkey`.
    #[error("unique constraint {0}")]
    Unique(String),
    /// A foreign key; no name, because SQLite has none to give.
    #[error("a foreign key refers to nothing")]
    Foreign,
    /// A `check`, by its name.
    #[error("check constraint {0}")]
    Check(String),
    /// No turn, connection or lock within the waiting time: answer 503 and let the caller try again.
    #[error("the database is busy")]
    Busy,
    /// The shared batch could not be made durable. Every member gets this, and for every member the outcome is *unknown,
    /// probably lost*: after a failed fsync a crash may still bring the data back.
    #[error("the batch could not be made durable: {0}")]
    Batch(Arc<str>),
    /// The server is not there, or ended the connection.
    #[error("the database is away: {0}")]
    Away(Arc<str>),
    /// An earlier statement of this transaction failed or was cancelled half way, so it can only be rolled back.
    #[error("an earlier statement of this transaction failed")]
    Doomed,
    /// The transaction was held longer than `Policy::hold` and has been taken away.
    #[error("the transaction was held too long")]
    Revoked,
    /// A reader tried to write.
    #[error("a reader must not write")]
    ReadOnly,
    /// The job belongs to somebody else by now; whatever this worker did for it must not be kept.
    #[error("the lease on this job was lost")]
    LeaseLost,
    /// This person has no data key: never had one, or it was destroyed, and with it everything sealed under it.
    #[error("there is no data key for this person")]
    NoKey,
    /// The key store was wrapped under another `SECRET_KEY`, and none of the previous ones opens it.
    #[error("SECRET_KEY does not open this key store; set the value it was made with as SECRET_KEY_PREVIOUS")]
    WrongSecretKey,
    /// The database belongs to another environment.
    #[error("this database is stamped {found:?}, but ENVIRONMENT is {wanted:?}")]
    Environment {
        /// What the database says.
        found: String,
        /// What this process was told.
        wanted: String,
    },
    /// The schema is not what this program needs: older (and `Settings::migrate` is off), newer, or changed by hand.
    #[error("schema: {0}")]
    Schema(Arc<str>),
    /// A setting that cannot work.
    #[error("{0}")]
    Config(Arc<str>),
    /// What is stored cannot be read: a wrong type, or sealed data that does not open.
    #[error("unreadable: {0}")]
    Unreadable(Arc<str>),
    /// Everything else.
    #[error("{0}")]
    Sql(Arc<str>),
}

impl Error {
    pub(crate) fn config(text: impl Into<Arc<str>>) -> Self {
        Self::Config(text.into())
    }

    /// Whether it is the unique constraint `name`, for `map_err` in a slice.
    pub fn is_unique(&self, name: &str) -> bool {
        matches!(self, Self::Unique(found) if found == name)
    }

    /// Whether the same request may succeed a moment later.
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Busy | Self::Batch(_) | Self::Away(_) | Self::Revoked)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        if error.is_passing() {
            let detail = "The database is busy. Try again in a moment.";
            return Self::unavailable("database_busy", detail, Duration::from_secs(1)).because(error);
        }
        Self::internal(error)
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::PoolTimedOut => Self::Busy,
            sqlx::Error::Database(d) => database(&**d).unwrap_or_else(|| Self::Sql(error.to_string().into())),
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => {
                Self::Away(error.to_string().into())
            }
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::ColumnNotFound(_) | sqlx::Error::Decode(_) => {
                Self::Unreadable(error.to_string().into())
            }
            _ => Self::Sql(error.to_string().into()),
        }
    }
}

fn database(d: &dyn DatabaseError) -> Option<Error> {
    let code = d.code().unwrap_or_default();
    let named = || d.constraint().map(str::to_owned);
    match d.kind() {
        ErrorKind::UniqueViolation => return named().or_else(|| sqlite_unique(&code, d.message())).map(Error::Unique),
        ErrorKind::ForeignKeyViolation => return Some(Error::Foreign),
        ErrorKind::CheckViolation => {
            let sqlite = || d.message().strip_prefix("CHECK constraint failed: ").map(str::to_owned);
            return named().or_else(sqlite).map(Error::Check);
        }
        _ => {}
    }
    match &*code {
        // SQLITE_CONSTRAINT_ROWID: a duplicate `integer primary key`, which sqlx 0.9 files under `Other`.
        "2579" => sqlite_unique(&code, d.message()).map(Error::Unique),
        // SQLITE_READONLY; PostgreSQL: read_only_sql_transaction.
        "8" | "25006" => Some(Error::ReadOnly),
        // SQLITE_BUSY and SQLITE_BUSY_SNAPSHOT; PostgreSQL: serialization_failure, deadlock_detected, lock_not_available.
        "5" | "517" | "40001" | "40P01" | "55P03" => Some(Error::Busy),
        // PostgreSQL: query_canceled (statement_timeout), idle_in_transaction_session_timeout, transaction_timeout.
        "57014" | "25P03" | "25P04" => Some(Error::Revoked),
        // PostgreSQL: shutting down, starting up, too many connections, connection exceptions.
        "57P01" | "57P02" | "57P03" | "53300" => Some(Error::Away(d.message().into())),
        _ if code.len() == 5 && code.starts_with("08") => Some(Error::Away(d.message().into())),
        _ => None,
    }
}

/// SQLite names the columns, never the constraint; PostgreSQL's name, by our convention, is made of the same parts.
fn sqlite_unique(code: &str, message: &str) -> Option<String> {
    let what = message.strip_prefix("UNIQUE constraint failed: ")?;
    if let Some(index) = what.strip_prefix("index '") {
        return index.strip_suffix('\'').map(str::to_owned); // an index over an expression is the exception: named
    }
    let (table, _) = what.split_once('.')?;
    if matches!(code, "1555" | "2579") {
        return Some(format!("{table}_pkey"));
    }
    let columns: Vec<&str> = what.split(", ").filter_map(|c| c.split_once('.').map(|(_, column)| column)).collect();
    Some(format!("{table}_{}_key", columns.join("_")))
}
