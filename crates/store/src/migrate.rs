//! Brings a schema up to date: once, in one transaction, however many processes start together.
//!
//! Each migration is a file per engine, compiled into the program. What was applied is recorded with a checksum; a file
//! that was changed afterwards, or a database that a newer program has been at, stops the start.
//! There is no way down: a backup is the way down.

use crate::{Error, Result};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use sqlx::postgres::PgPool;
use sqlx::{Connection, Row, SqliteConnection};
use std::time::Duration;
use tokio::time::Instant;

/// The migrations of one schema, and where it records them.
pub(crate) struct Set {
    sqlite: &'static [Migration],
    postgres: &'static [Migration],
    /// PostgreSQL: what has to be there before the record can be read.
    prepare: &'static str,
    record: Record,
    /// PostgreSQL: the advisory lock that one migrating process holds.
    lock: i64,
}

struct Migration {
    name: &'static str,
    text: &'static str,
}

/// The four texts about the table of applied migrations.
struct Record {
    create: &'static str,
    read: &'static str,
    write: &'static str,
    lock: &'static str,
}

macro_rules! files {
    ($folder:literal: $($name:literal),* $(,)?) => {
        &[$(Migration { name: $name, text: include_str!(concat!("../", $folder, "/", $name, ".sql")) }),*]
    };
}

macro_rules! record {
    ($table:literal) => {
        Record {
            create: concat!(
                "create table if not exists ",
                $table,
                " (version integer not null, name text not null, checksum text not null, primary key (version))"
            ),
            read: concat!("select version, name, checksum from ", $table, " order by version"),
            write: concat!("insert into ", $table, " (version, name, checksum) values ($1, $2, $3)"),
            lock: "select pg_try_advisory_xact_lock($1)",
        }
    };
}

/// The data itself.
pub(crate) const DATA: Set = Set {
    sqlite: files!("migrations/sqlite": "0001_identity", "0002_store", "0003_journal", "0004_recordings", "0005_mail", "0006_factors", "0007_tokens", "0008_failures", "0009_proofs"),
    postgres: files!("migrations/postgres": "0001_identity", "0002_store", "0003_journal", "0004_recordings", "0005_mail", "0006_factors", "0007_tokens", "0008_failures", "0009_proofs"),
    prepare: "",
    record: record!("schema_migrations"),
    lock: 0x6d69_6e64_7669_0001,
};

/// The key store: another file, another schema, so that no backup of the data holds what opens it.
pub(crate) const KEYS: Set = Set {
    sqlite: files!("migrations-keys/sqlite": "0001_keys"),
    postgres: files!("migrations-keys/postgres": "0001_keys"),
    prepare: "create schema if not exists mindvibe_keys",
    record: record!("mindvibe_keys.schema_migrations"),
    lock: 0x6d69_6e64_7669_0002,
};

/// How SQLite, which knows no schemas, records them.
const SQLITE_RECORD: Record = record!("schema_migrations");

/// How long to wait for another process that is migrating.
const PATIENCE: Duration = Duration::from_mins(2);

impl Migration {
    /// Of the text with the line ends of Unix, so that a checkout on another system is the same program.
    fn checksum(&self) -> String {
        HEXLOWER.encode(&Sha256::digest(self.text.replace("\r\n", "\n")))
    }
}

/// Which of `known` are still to be applied, given what was.
fn pending(known: &'static [Migration], applied: &[(i64, String, String)], migrate: bool) -> Result<Vec<usize>> {
    for (version, name, checksum) in applied {
        let index = usize::try_from(version - 1).unwrap_or(usize::MAX);
        let Some(migration) = known.get(index) else {
            let text = format!("this database has been migrated by a newer version of the program ({name})");
            return Err(Error::Schema(text.into()));
        };
        if migration.name != name || migration.checksum() != *checksum {
            return Err(Error::Schema(format!("migration {name} is not the one that was applied here").into()));
        }
    }
    let left: Vec<usize> = (applied.len()..known.len()).collect();
    if let (Some(first), false) = (left.first(), migrate) {
        let text = format!("migration {} has not been applied, and migrating is switched off", known[*first].name);
        return Err(Error::Schema(text.into()));
    }
    Ok(left)
}

/// Names the state of all PostgreSQL migrations.
#[cfg(feature = "testing")]
pub(crate) fn fingerprint() -> String {
    let all: String = DATA.postgres.iter().chain(KEYS.postgres).map(Migration::checksum).collect();
    HEXLOWER.encode(&Sha256::digest(all)[..8])
}

/// The version of the migration at `index`: they count from one without a gap, which a test checks.
fn version(index: usize) -> i32 {
    i32::try_from(index + 1).unwrap_or(i32::MAX)
}

fn failed(migration: &Migration, error: &sqlx::Error) -> Error {
    Error::Schema(format!("migration {}: {error}", migration.name).into())
}

/// On the connection that will be the writer's. `begin immediate` is the lock; the busy timeout is the patience.
pub(crate) async fn sqlite(conn: &mut SqliteConnection, set: &Set, migrate: bool) -> Result<()> {
    let mut tx = conn.begin_with("begin immediate").await?;
    sqlx::query(SQLITE_RECORD.create).execute(&mut *tx).await?;
    let rows = sqlx::query(SQLITE_RECORD.read).fetch_all(&mut *tx).await?;
    let applied = rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?)));
    let applied = applied.collect::<sqlx::Result<Vec<(i64, String, String)>>>()?;
    for index in pending(set.sqlite, &applied, migrate)? {
        let migration = &set.sqlite[index];
        sqlx::raw_sql(migration.text).execute(&mut *tx).await.map_err(|e| failed(migration, &e))?;
        let record = sqlx::query(SQLITE_RECORD.write).bind(version(index)).bind(migration.name);
        record.bind(migration.checksum()).execute(&mut *tx).await?;
        tracing::info!(migration = migration.name, "migrated");
    }
    Ok(tx.commit().await?)
}

/// The lock belongs to the transaction and is taken by try and back-off (A1-S2): a process that dies lets go of it, one
/// that waits holds no transaction open meanwhile, and a pooler in between does not matter.
pub(crate) async fn postgres(pool: &PgPool, set: &Set, migrate: bool) -> Result<()> {
    let until = Instant::now() + PATIENCE;
    let mut pause = Duration::from_millis(20);
    let mut tx = loop {
        let mut tx = pool.begin().await?;
        if sqlx::query_scalar::<_, bool>(set.record.lock).bind(set.lock).fetch_one(&mut *tx).await? {
            break tx;
        }
        drop(tx);
        if Instant::now() >= until {
            return Err(Error::Schema("another process has been migrating for two minutes".into()));
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(1));
    };
    if !set.prepare.is_empty() {
        sqlx::raw_sql(set.prepare).execute(&mut *tx).await?;
    }
    sqlx::query(set.record.create).execute(&mut *tx).await?;
    let rows = sqlx::query(set.record.read).fetch_all(&mut *tx).await?;
    let applied = rows.iter().map(|row| Ok((i64::from(row.try_get::<i32, _>(0)?), row.try_get(1)?, row.try_get(2)?)));
    let applied = applied.collect::<sqlx::Result<Vec<(i64, String, String)>>>()?;
    for index in pending(set.postgres, &applied, migrate)? {
        let migration = &set.postgres[index];
        sqlx::raw_sql(migration.text).execute(&mut *tx).await.map_err(|e| failed(migration, &e))?;
        let record = sqlx::query(set.record.write).bind(version(index)).bind(migration.name);
        record.bind(migration.checksum()).execute(&mut *tx).await?;
        tracing::info!(migration = migration.name, "migrated");
    }
    Ok(tx.commit().await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn names_in(folder: &str) -> Vec<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = files.map(|name| name.strip_suffix(".sql").unwrap().to_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn every_file_is_listed_for_both_engines_and_they_count_from_one() {
        for (set, folder) in [(&DATA, "migrations"), (&KEYS, "migrations-keys")] {
            let listed: Vec<&str> = set.sqlite.iter().map(|m| m.name).collect();
            assert_eq!(listed, names_in(&format!("{folder}/sqlite")));
            assert_eq!(listed, names_in(&format!("{folder}/postgres")));
            assert_eq!(listed, set.postgres.iter().map(|m| m.name).collect::<Vec<_>>());
            for (index, name) in listed.iter().enumerate() {
                assert!(name.starts_with(&format!("{:04}_", version(index))), "{name}");
            }
        }
    }

    #[test]
    fn a_changed_file_and_a_newer_database_stop_the_start() {
        let sound = |n: usize| {
            let of = |(i, m): (usize, &Migration)| (i64::from(version(i)), m.name.to_owned(), m.checksum());
            DATA.sqlite.iter().enumerate().take(n).map(of).collect::<Vec<_>>()
        };
        assert_eq!(pending(DATA.sqlite, &sound(1), true).unwrap().len(), DATA.sqlite.len() - 1);
        assert!(pending(DATA.sqlite, &sound(1), false).unwrap_err().to_string().contains("switched off"));
        assert!(pending(DATA.sqlite, &sound(DATA.sqlite.len()), false).unwrap().is_empty());
        let mut changed = sound(2);
        changed[0].2.replace_range(0..1, "x");
        assert!(pending(DATA.sqlite, &changed, true).unwrap_err().to_string().contains("not the one"));
        let mut newer = sound(DATA.sqlite.len());
        newer.push((i64::from(version(DATA.sqlite.len())), "0099_future".into(), "00".into()));
        assert!(pending(DATA.sqlite, &newer, true).unwrap_err().to_string().contains("newer"));
    }
}
