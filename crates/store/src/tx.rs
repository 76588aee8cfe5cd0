//! `Tx`: a unit of work.

use crate::jobs::Wake;
use crate::pg::Pg;
use crate::row::Record;
use crate::settings::Stats;
use crate::sql::Sql;
use crate::value::Value;
use crate::writer::Turn;
use crate::{Error, Result};
use futures_util::future::BoxFuture;
use sqlx::Transaction;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgRow, Postgres};
use sqlx::query::Query as Q;
use sqlx::sqlite::{Sqlite, SqliteArguments, SqliteRow};
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// A unit of work. Dropping it rolls back; only [`Tx::commit`] keeps, and it returns when the data is durable.
/// After any failed or cancelled statement it can only be rolled back, on both engines (as PostgreSQL has it).
#[must_use]
pub struct Tx {
    inner: Inner,
    doomed: bool,
    /// Jobs were enqueued: whoever does them hears of it when the work is kept.
    wakes: bool,
    wake: Wake,
    told: bool,
}

pub(crate) enum Inner {
    Turn(Turn),
    Lite(Transaction<'static, Sqlite>),
    Pg(Transaction<'static, Postgres>, Watch),
    LookLite(PoolConnection<Sqlite>),
    LookPg(PoolConnection<Postgres>),
}

/// Reports a slow PostgreSQL transaction when it ends; the server itself ends it at `hold`.
pub(crate) struct Watch {
    began: Instant,
    slow: Duration,
    at: &'static Location<'static>,
    stats: Arc<Stats>,
}

impl Watch {
    pub(crate) fn new(pg: &Pg, at: &'static Location<'static>) -> Self {
        Self { began: Instant::now(), slow: pg.policy.slow, at, stats: pg.stats.clone() }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if self.began.elapsed() > self.slow {
            self.stats.report_slow(self.at);
        }
    }
}

/// One statement being built: `tx.sql(INSERT).bind(id).run().await?`.
#[must_use]
pub struct Stmt<'t> {
    tx: &'t mut Tx,
    query: Query,
}

enum Query {
    Lite(Q<'static, Sqlite, SqliteArguments>),
    Pg(Q<'static, Postgres, PgArguments>),
    /// A statement that changes something, given to a connection that only reads.
    Refused,
}

impl Tx {
    pub(crate) fn new(wake: &Wake, told: bool, inner: Inner) -> Self {
        Self { inner, doomed: false, wakes: false, wake: wake.clone(), told }
    }

    /// Starts a statement; bind its parameters in the order of their numbers.
    pub fn sql(&mut self, sql: Sql) -> Stmt<'_> {
        if self.told {
            // A constant of the program: what is bound to it is not here, and is never logged.
            let text = match self.inner {
                Inner::Turn(_) | Inner::Lite(_) | Inner::LookLite(_) => sql.sqlite,
                Inner::Pg(..) | Inner::LookPg(_) => sql.postgres,
            };
            tracing::debug!(target: "sql", event = "statement", text);
        }
        let query = match self.inner {
            Inner::Turn(_) | Inner::Lite(_) | Inner::LookLite(_) => Query::Lite(sqlx::query(sql.sqlite)),
            Inner::Pg(..) => Query::Pg(sqlx::query(sql.postgres)),
            // Outside of a transaction PostgreSQL does not know that we only read.
            Inner::LookPg(_) if sql.postgres.trim_start().starts_with("select") => Query::Pg(sqlx::query(sql.postgres)),
            Inner::LookPg(_) => Query::Refused,
        };
        Stmt { tx: self, query }
    }

    /// Keeps the work and returns once it is durable. If this future is dropped, the work may or may not be kept.
    pub fn commit(self) -> BoxFuture<'static, Result<()>> {
        Box::pin(async move {
            // PostgreSQL answers COMMIT of a failed transaction with a cheerful ROLLBACK, which sqlx takes for success.
            if self.doomed {
                return Err(Error::Doomed);
            }
            match self.inner {
                Inner::Turn(turn) => turn.settle(true).await?,
                Inner::Lite(tx) => tx.commit().await?,
                Inner::Pg(tx, _watch) => tx.commit().await?,
                Inner::LookLite(_) | Inner::LookPg(_) => {}
            }
            if self.wakes {
                self.wake.now();
            }
            Ok(())
        })
    }

    pub(crate) fn wakes_runner(&mut self) {
        self.wakes = true;
    }

    /// Gives the work up, and waits until everything it has *read* is durable: a conflict answered on the strength of
    /// a batch mate's row must not outlive that row. Use it where an answer depends on the refusal; else just drop.
    pub fn rollback(self) -> BoxFuture<'static, Result<()>> {
        Box::pin(async move {
            match self.inner {
                Inner::Turn(turn) => turn.settle(false).await,
                Inner::Lite(tx) => Ok(tx.rollback().await?),
                Inner::Pg(tx, _watch) => Ok(tx.rollback().await?),
                Inner::LookLite(_) | Inner::LookPg(_) => Ok(()),
            }
        })
    }
}

/// Runs `$body` on whichever connection the transaction has. A macro, because the two engines share no type.
macro_rules! drive {
    ($stmt:expr, |$q:ident, $conn:ident| $body:expr) => {{
        let Stmt { tx, query } = $stmt;
        if std::mem::replace(&mut tx.doomed, true) {
            return Err(Error::Doomed); // set before the await: a future dropped half way leaves it set
        }
        let result = match (&mut tx.inner, query) {
            (Inner::Turn(turn), Query::Lite($q)) => {
                let mut slot = turn.slot.lock().await;
                if slot.turn != turn.number {
                    return Err(Error::Revoked);
                }
                let $conn = &mut slot.conn;
                $body
            }
            (Inner::Lite(tx), Query::Lite($q)) => {
                let $conn = &mut **tx;
                $body
            }
            (Inner::Pg(tx, _), Query::Pg($q)) => {
                let $conn = &mut **tx;
                $body
            }
            (Inner::LookLite(conn), Query::Lite($q)) => {
                let $conn = &mut **conn;
                $body
            }
            (Inner::LookPg(conn), Query::Pg($q)) => {
                let $conn = &mut **conn;
                $body
            }
            (_, Query::Refused) => return Err(Error::ReadOnly),
            _ => unreachable!("a statement is built by the transaction that runs it"),
        };
        tx.doomed = result.is_err();
        Ok(result?)
    }};
}

impl<'t> Stmt<'t> {
    /// Binds the next parameter.
    pub fn bind<T: Value>(mut self, value: T) -> Self {
        self.query = match self.query {
            Query::Lite(q) => Query::Lite(q.bind(value.lite())),
            Query::Pg(q) => Query::Pg(q.bind(value.pg())),
            Query::Refused => Query::Refused,
        };
        self
    }

    /// Runs it; answers how many rows it changed.
    pub fn run(self) -> BoxFuture<'t, Result<u64>> {
        Box::pin(async move { drive!(self, |q, conn| q.execute(conn).await.map(|done| done.rows_affected())) })
    }

    /// All rows.
    pub async fn all<R: Record>(self) -> Result<Vec<R>> {
        let Self { tx, query } = self;
        let rows = Stmt { tx: &mut *tx, query }.fetch_all().await?;
        rows.iter().map(|row| tx.read_row(row)).collect()
    }

    /// The first row. Safe for RETURNING too: both engines finish the change, foreign keys included, before any row.
    pub async fn optional<R: Record>(self) -> Result<Option<R>> {
        let Self { tx, query } = self;
        let row = Stmt { tx: &mut *tx, query }.fetch_optional().await?;
        row.map(|row| tx.read_row(&row)).transpose()
    }

    /// The one row of a statement that always answers one, such as an aggregate.
    pub async fn one<R: Record>(self) -> Result<R> {
        self.optional().await?.ok_or_else(|| sqlx::Error::RowNotFound.into())
    }

    // The two below know no row type, so that the drivers are compiled into this crate once, and not into each slice for
    // each of its row types.

    fn fetch_all(self) -> BoxFuture<'t, Result<Vec<AnyRow>>> {
        Box::pin(async move {
            drive!(self, |q, conn| q.fetch_all(conn).await.map(|rows| rows.into_iter().map(AnyRow::from).collect()))
        })
    }

    fn fetch_optional(self) -> BoxFuture<'t, Result<Option<AnyRow>>> {
        Box::pin(async move { drive!(self, |q, conn| q.fetch_optional(conn).await.map(|row| row.map(AnyRow::from))) })
    }
}

enum AnyRow {
    Lite(SqliteRow),
    Pg(PgRow),
}

impl From<SqliteRow> for AnyRow {
    fn from(row: SqliteRow) -> Self {
        Self::Lite(row)
    }
}

impl From<PgRow> for AnyRow {
    fn from(row: PgRow) -> Self {
        Self::Pg(row)
    }
}

impl Tx {
    fn read_row<R: Record>(&mut self, row: &AnyRow) -> Result<R> {
        let read = match row {
            AnyRow::Lite(row) => R::from_row(row),
            AnyRow::Pg(row) => R::from_row(row),
        };
        self.doomed |= read.is_err();
        Ok(read?)
    }
}
