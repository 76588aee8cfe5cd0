//! The key store: each person's data key and the server's own keys, wrapped under `SECRET_KEY`, apart from the data.
//!
//! On SQLite it is a file of its own (`keys.db`), on PostgreSQL a schema of its own (`mindvibe_keys`), so that a backup of
//! the data holds nothing that opens it, and destroying one row here makes a person's data unreadable in every backup.
//! What is done with a key is `seal`'s work.

mod cache;
mod queries;
mod rewrap;

#[cfg(feature = "testing")]
pub(crate) use queries::STATEMENTS;

use crate::db::Kind;
use crate::lite::Lite;
use crate::{Db, Error, Result, Settings, migrate};
use cache::Cache;
use futures_util::future::BoxFuture;
use kernel::{Ambient, Secret, UserId};
use queries::Wrapped;
use seal::{DataKey, KeyEncryptionRing, OpenError};
use std::sync::{Arc, Mutex, PoisonError};

/// Opens only under the right `SECRET_KEY`.
const CHECK: &str = "check";
/// The first version of a person's data key.
const FIRST: u32 = 1;

/// The open key store. Cheap to clone.
#[derive(Clone)]
pub struct KeyStore(Arc<Inner>);

struct Inner {
    db: Db,
    ring: KeyEncryptionRing,
    ambient: Ambient,
    cache: Mutex<Cache>,
}

impl KeyStore {
    /// Opens the key store beside `db`, and wraps what is still under a previous `SECRET_KEY` under the current one.
    ///
    /// # Errors
    /// `WrongSecretKey` when the ring does not hold the `SECRET_KEY` it was made with.
    pub fn open<'a>(
        settings: &'a Settings,
        db: &'a Db,
        ring: KeyEncryptionRing,
        ambient: Ambient,
    ) -> BoxFuture<'a, Result<Self>> {
        Box::pin(Self::open_unboxed(settings, db, ring, ambient))
    }

    async fn open_unboxed(settings: &Settings, db: &Db, ring: KeyEncryptionRing, ambient: Ambient) -> Result<Self> {
        let db = match &db.inner {
            Kind::Sqlite(_) => Db::over(Kind::Sqlite(Box::new(Lite::open(settings, "keys.db", &migrate::KEYS).await?))),
            Kind::Postgres(pg) => {
                migrate::postgres(&pg.pool, &migrate::KEYS, settings.migrate).await?;
                db.clone()
            }
        };
        let store = Self(Arc::new(Inner { db, ring, ambient, cache: Mutex::new(Cache::default()) }));
        store.server_key(CHECK).await?;
        store.rewrap().await?;
        Ok(store)
    }

    /// This person's data key. Kept in memory for up to a minute, so that another process's [`KeyStore::destroy`] is
    /// noticed by then.
    ///
    /// # Errors
    /// `NoKey` when there is none (any more).
    pub fn of(&self, user: UserId) -> BoxFuture<'_, Result<Arc<DataKey>>> {
        Box::pin(async move {
            let now = self.0.ambient.now();
            if let Some(key) = self.cache().get(user, now) {
                return Ok(key);
            }
            let forgotten = self.cache().forgotten();
            let found: Option<Wrapped> = self.0.db.lookup().await?.sql(queries::FIND).bind(user).optional().await?;
            let wrapped = found.ok_or(Error::NoKey)?.wrapped;
            let key = Arc::new(self.0.ring.unwrap(&wrapped, &person(user)).map_err(|e| unopened(e, "data_keys"))?);
            self.cache().put(user, key.clone(), now, forgotten);
            Ok(key)
        })
    }

    /// Makes this person's data key; do it before the account is stored, so that no account is ever without.
    ///
    /// # Errors
    /// `Unique("data_keys_pkey")` when there is one.
    pub fn create(&self, user: UserId) -> BoxFuture<'_, Result<Arc<DataKey>>> {
        Box::pin(async move {
            let Inner { db, ring, ambient, .. } = &*self.0;
            let key = DataKey::generate(FIRST, &*ambient.rng);
            let wrapped = ring.wrap(&key, &person(user), &*ambient.rng);
            let mut tx = db.begin().await?;
            tx.sql(queries::INSERT).bind(user).bind(wrapped).bind(ambient.now()).run().await?;
            tx.commit().await?;
            Ok(Arc::new(key))
        })
    }

    /// Destroys this person's data key: from now on nothing sealed under it can be read. Doing it again does nothing, or
    /// what an error left undone.
    pub fn destroy(&self, user: UserId) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let mut tx = self.0.db.begin().await?;
            tx.sql(queries::DELETE).bind(user).run().await?;
            tx.commit().await?;
            self.cache().forget(user);
            if let Kind::Sqlite(lite) = &self.0.db.inner {
                lite.empty_log().await?; // it still held the row
            }
            Ok(())
        })
    }

    /// A key of the server's own, by name; made when it is first asked for.
    pub fn server_key(&self, name: &'static str) -> BoxFuture<'_, Result<Secret<[u8; 32]>>> {
        Box::pin(async move {
            let Inner { db, ring, ambient, .. } = &*self.0;
            let find = async || db.lookup().await?.sql(queries::FIND_SERVER).bind(name.to_owned()).optional().await;
            let mut found: Option<Wrapped> = find().await?;
            if found.is_none() {
                let wrapped = ring.wrap_server_key(&Secret::new(ambient.bytes()), &named(name), &*ambient.rng);
                let mut tx = db.begin().await?;
                tx.sql(queries::INSERT_SERVER).bind(name.to_owned()).bind(wrapped).bind(ambient.now()).run().await?;
                tx.commit().await?;
                found = find().await?; // another process may have been first
            }
            let wrapped = found.ok_or_else(|| Error::Unreadable(format!("server key {name} vanished").into()))?.wrapped;
            ring.unwrap_server_key(&wrapped, &named(name)).map_err(|e| unopened(e, "server_keys"))
        })
    }

    /// Closes the key store's file. On PostgreSQL the connections are the database's.
    pub fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            if let Kind::Sqlite(lite) = &self.0.db.inner {
                lite.close().await;
            }
        })
    }

    /// For the catalogue test: where the statements of this module can be read.
    #[cfg(feature = "testing")]
    pub(crate) fn db(&self) -> &Db {
        &self.0.db
    }

    fn cache(&self) -> std::sync::MutexGuard<'_, Cache> {
        // No code panics half way through a change of the cache.
        self.0.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a wrapped data key belongs to: it opens for nobody else.
fn person(user: UserId) -> Vec<u8> {
    [b"data-key/", user.uuid().as_bytes().as_slice()].concat()
}

/// What a wrapped key of the server belongs to.
fn named(name: &str) -> Vec<u8> {
    [b"server-key/", name.as_bytes()].concat()
}

fn unopened(error: OpenError, table: &str) -> Error {
    match error {
        OpenError::OtherKey => Error::WrongSecretKey,
        other => Error::Unreadable(format!("{table}: {other}").into()),
    }
}
