//! `Db`: the door to the data.

use crate::jobs::Wake;
use crate::lite::Lite;
use crate::migrate;
use crate::pg::Pg;
use crate::settings::{Settings, Stats};
use crate::sql::{Sql, Statement};
use crate::tx::{Inner, Tx, Watch};
use crate::{Result, instance};
use futures_util::future::BoxFuture;
use sqlx::{Column, Either, Executor, SqlSafeStr};
use std::panic::Location;
use std::path::Path;
use std::sync::atomic::Ordering::Relaxed;

/// An open database. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    pub(crate) inner: Kind,
    pub(crate) wake: Wake,
    /// Whether statements are logged.
    told: bool,
}

#[derive(Clone)]
pub(crate) enum Kind {
    Sqlite(Box<Lite>),
    Postgres(Pg),
}

/// Which of the two engines it is; for what a log or a test wants to say, never for choosing a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Embedded, one process.
    Sqlite,
    /// A server, any number of processes.
    Postgres,
}

impl Db {
    /// Opens the database, brings its schema up to date (behind a lock, once, however many processes start together) and
    /// checks that it belongs to this environment.
    pub fn open(settings: &Settings) -> BoxFuture<'_, Result<Self>> {
        // Boxed, here and below: an `async fn` is compiled anew in every crate that awaits it, and with it all that the
        // two drivers do. Behind a box it is compiled once, here (docs/decisions/0005-boxed-seams.md).
        Box::pin(Self::open_unboxed(settings))
    }

    async fn open_unboxed(settings: &Settings) -> Result<Self> {
        let inner = match &settings.url {
            None => Kind::Sqlite(Box::new(Lite::open(settings, "mindvibe.db", &migrate::DATA).await?)),
            Some(url) => {
                let pg = Pg::open(settings, url.expose()).await?;
                migrate::postgres(&pg.pool, &migrate::DATA, settings.migrate).await?;
                Kind::Postgres(pg)
            }
        };
        let db = Self { told: settings.log_statements, ..Self::over(inner) };
        instance::check(&db, &settings.environment).await?;
        Ok(db)
    }

    pub(crate) fn over(inner: Kind) -> Self {
        Self { inner, wake: Wake::new(), told: false }
    }

    /// Begins a writing transaction. On SQLite it waits its turn: never await anything but this `Tx` while holding it,
    /// and least of all another `begin` or `read`.
    #[track_caller]
    pub fn begin(&self) -> BoxFuture<'_, Result<Tx>> {
        let at = Location::caller(); // an `async fn` would name this file instead of the caller's
        Box::pin(async move {
            Ok(Tx::new(
                &self.wake,
                self.told,
                match &self.inner {
                    Kind::Sqlite(lite) => Inner::Turn(lite.writer.turn(at).await?),
                    Kind::Postgres(pg) => {
                        Inner::Pg(Box::pin(pg.pool.begin_with(pg.texts.write)).await?, Watch::new(pg, at))
                    }
                },
            ))
        })
    }

    /// Begins a reading transaction: one moment of committed data, beside the writer. Drop it when done.
    #[track_caller]
    pub fn read(&self) -> BoxFuture<'_, Result<Tx>> {
        let at = Location::caller();
        self.stats().reads.fetch_add(1, Relaxed);
        Box::pin(async move {
            Ok(Tx::new(
                &self.wake,
                self.told,
                match &self.inner {
                    Kind::Sqlite(lite) => Inner::Lite(Box::pin(lite.read.begin()).await?),
                    Kind::Postgres(pg) => {
                        Inner::Pg(Box::pin(pg.pool.begin_with(pg.texts.read)).await?, Watch::new(pg, at))
                    }
                },
            ))
        })
    }

    /// For reading *one* statement: the same as [`Db::read`] without the cost of a transaction around it. Each statement
    /// sees a moment of its own, so do not ask two questions whose answers must agree.
    pub fn lookup(&self) -> BoxFuture<'_, Result<Tx>> {
        self.stats().reads.fetch_add(1, Relaxed);
        Box::pin(async move {
            Ok(Tx::new(
                &self.wake,
                self.told,
                match &self.inner {
                    Kind::Sqlite(lite) => Inner::LookLite(Box::pin(lite.read.acquire()).await?),
                    Kind::Postgres(pg) => Inner::LookPg(Box::pin(pg.pool.acquire()).await?),
                },
            ))
        })
    }

    /// Which engine it is.
    pub const fn engine(&self) -> Engine {
        match &self.inner {
            Kind::Sqlite(_) => Engine::Sqlite,
            Kind::Postgres(_) => Engine::Postgres,
        }
    }

    /// What has happened since it was opened.
    pub fn stats(&self) -> &Stats {
        match &self.inner {
            Kind::Sqlite(lite) => &lite.writer.stats,
            Kind::Postgres(pg) => &pg.stats,
        }
    }

    /// Finishes what waits, refuses the rest, and leaves a SQLite file without a log beside it.
    pub fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            match &self.inner {
                Kind::Sqlite(lite) => lite.close().await,
                Kind::Postgres(pg) => pg.pool.close().await,
            }
        })
    }

    /// SQLite: the file.
    pub(crate) fn path(&self) -> Option<&Path> {
        match &self.inner {
            Kind::Sqlite(lite) => Some(lite.path()),
            Kind::Postgres(_) => None,
        }
    }

    /// Lets the engine itself read a statement; answers its column names and its number of parameters.
    async fn describe(&self, sql: Sql) -> Result<(Vec<String>, usize)> {
        fn shape<S: sqlx::Statement>(s: &S) -> (Vec<String>, usize) {
            let count = match s.parameters() {
                Some(Either::Left(types)) => types.len(),
                Some(Either::Right(count)) => count,
                None => 0,
            };
            (s.columns().iter().map(|c| c.name().to_owned()).collect(), count)
        }
        Ok(match &self.inner {
            Kind::Sqlite(lite) => shape(&lite.read.acquire().await?.prepare(sql.sqlite.into_sql_str()).await?),
            Kind::Postgres(pg) => shape(&pg.pool.acquire().await?.prepare(sql.postgres.into_sql_str()).await?),
        })
    }

    /// The catalogue's judgement of one statement: the engine can read it, its columns are those of the row type, both
    /// texts take the same parameters, and it holds nothing that reaches beyond its transaction.
    ///
    /// # Errors
    /// Which text, and why.
    pub async fn check(&self, statement: &Statement) -> Result<(), String> {
        let sql = statement.sql;
        if let Some(word) = statement.forbidden() {
            return Err(format!("{sql:?}: `{word}` does not belong in a statement"));
        }
        let (columns, parameters) = self.describe(sql).await.map_err(|e| format!("{sql:?}: {e}"))?;
        if columns != statement.columns {
            return Err(format!("{sql:?}: columns {columns:?}, the row type has {:?}", statement.columns));
        }
        for text in [sql.sqlite, sql.postgres] {
            let highest = Statement::highest_parameter(text);
            if highest != parameters {
                return Err(format!("{text:?}: parameters up to ${highest}, the engine counts {parameters}"));
            }
        }
        Ok(())
    }
}
