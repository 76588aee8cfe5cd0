//! The data: one transaction API over SQLite and PostgreSQL, migrations, the key store, the job queue and the memory of
//! idempotency keys. The only crate that names sqlx.
//!
//! On SQLite one writer connection serves all transactions: each is a savepoint inside a shared batch (see `writer`), so
//! that durable writes cost far less than one `fsync` each. On PostgreSQL a transaction is a transaction.
//!
//! Not here: what the tables of a slice mean (its `queries.rs`), what is sealed and how (`seal`), backups.

mod checkpoint;
mod db;
mod error;
mod instance;
pub mod jobs;
pub mod keys;
mod lite;
mod migrate;
pub mod once;
mod pg;
mod row;
mod settings;
mod sql;
#[cfg(feature = "testing")]
pub mod testing;
mod tx;
mod value;
mod writer;

pub use db::{Db, Engine};
pub use error::Error;
pub use row::Record;
pub use settings::{Policy, Settings, Stats};
pub use sql::{Sql, Statement};
pub use tx::{Stmt, Tx};
pub use value::{BoxDynError, Value};

#[doc(hidden)]
pub use row::{lite as __lite, pg as __pg};
#[doc(hidden)]
pub use sqlx as __sqlx; // for `row!` and `value!` only: slices never write the name themselves

/// What this crate's functions answer.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Every text this crate itself sends to the data (the key store's are elsewhere), for the catalogue test.
pub fn statements() -> Vec<&'static Statement> {
    [instance::STATEMENTS, jobs::STATEMENTS, once::STATEMENTS].into_iter().flatten().collect()
}
