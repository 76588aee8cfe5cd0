//! How to open a database, and how long anything may take.

use kernel::Secret;
use std::panic::Location;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Where the data is and how it is opened.
#[derive(Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting with a name of its own")]
pub struct Settings {
    /// A `postgres://` URL; `None` is SQLite in `data_dir`.
    pub url: Option<Secret<String>>,
    /// The directory of the SQLite files `mindvibe.db` and `keys.db`, and of the job runner's lock.
    pub data_dir: PathBuf,
    /// What the database is stamped with when it is first opened; it never opens under another name again (A2-14).
    pub environment: String,
    /// Whether to bring an older schema up to date. Off: an older schema is an error.
    pub migrate: bool,
    /// SQLite: how many connections read at once, beside the one that writes.
    pub readers: u32,
    /// PostgreSQL: how many connections this process may hold.
    pub connections: u32,
    /// PostgreSQL: certificates to trust instead of the system's, a PEM file.
    pub tls_ca_file: Option<PathBuf>,
    /// PostgreSQL on another host without checking its certificate. The caller has to refuse this outside development.
    pub tls_without_verification: bool,
    /// Whether each statement's text is logged, never with its values. For development: a log of all of them is large.
    pub log_statements: bool,
    /// PostgreSQL on this machine: check its certificate as that of any other.
    pub tls_verify_local: bool,
    /// How long anything may take.
    pub policy: Policy,
}

impl Settings {
    /// SQLite in `data_dir`, with the defaults for the rest.
    pub fn sqlite(data_dir: impl Into<PathBuf>, environment: impl Into<String>) -> Self {
        Self {
            url: None,
            data_dir: data_dir.into(),
            environment: environment.into(),
            migrate: true,
            readers: 4,
            connections: 16,
            tls_ca_file: None,
            tls_without_verification: false,
            log_statements: false,
            tls_verify_local: false,
            policy: Policy::default(),
        }
    }

    /// PostgreSQL at `url`, with the defaults for the rest. `data_dir` still holds media.
    pub fn postgres(url: Secret<String>, data_dir: impl Into<PathBuf>, environment: impl Into<String>) -> Self {
        Self { url: Some(url), ..Self::sqlite(data_dir, environment) }
    }
}

/// How many writes share a commit, and how long anything may take.
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    /// A batch closes at this many members …
    pub members: usize,
    /// … or at this age, checked before the next member starts, or when nobody waits.
    pub age: Duration,
    /// How long `begin` waits for its turn (PostgreSQL: for a connection, or a lock) before it answers `Busy`.
    /// This also ends a task that waits for itself.
    pub wait: Duration,
    /// A transaction longer than this is reported with the place that began it.
    pub slow: Duration,
    /// A transaction longer than this is taken away.
    pub hold: Duration,
    /// How many may wait before `begin` itself waits for a place (fair, and bounded by `wait`).
    pub queue: usize,
}

impl Default for Policy {
    fn default() -> Self {
        let ms = Duration::from_millis;
        Self { members: 64, age: ms(5), wait: ms(5_000), slow: ms(250), hold: ms(5_000), queue: 1024 }
    }
}

/// What has happened since the database was opened.
#[derive(Default, Debug)]
pub struct Stats {
    pub(crate) batches: AtomicU64,
    pub(crate) members: AtomicU64,
    pub(crate) slow: AtomicU64,
    pub(crate) revoked: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) reads: AtomicU64,
}

impl Stats {
    /// SQLite: how many commits there were.
    pub fn batches(&self) -> u64 {
        self.batches.load(Relaxed)
    }

    /// SQLite: how many transactions those commits kept.
    pub fn members(&self) -> u64 {
        self.members.load(Relaxed)
    }

    /// How many transactions took longer than `Policy::slow`.
    pub fn slow(&self) -> u64 {
        self.slow.load(Relaxed)
    }

    /// SQLite: how many were taken away after `Policy::hold`.
    pub fn revoked(&self) -> u64 {
        self.revoked.load(Relaxed)
    }

    /// How often somebody began to read, outside what also writes.
    pub fn reads(&self) -> u64 {
        self.reads.load(Relaxed)
    }

    /// SQLite: how many commits failed.
    pub fn failed(&self) -> u64 {
        self.failed.load(Relaxed)
    }

    pub(crate) fn report_slow(&self, at: &Location<'_>) {
        self.slow.fetch_add(1, Relaxed);
        tracing::warn!(begun_at = %at, "slow transaction");
    }
}
