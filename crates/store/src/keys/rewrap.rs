//! After `SECRET_KEY` was changed: everything that is still wrapped under a previous one is wrapped under the current one.

use super::queries::{self, PersonKey, ServerKey};
use super::{CHECK, KeyStore, named, person, unopened};
use crate::Result;
use kernel::UserId;
use uuid::Uuid;

impl KeyStore {
    /// Goes through all keys, unless the one that is done last says that this was finished. A page at a time, so that
    /// an interruption loses nothing, and opening under both texts works meanwhile.
    pub(super) async fn rewrap(&self) -> Result<()> {
        let inner = &*self.0;
        let server: Vec<ServerKey> = inner.db.lookup().await?.sql(queries::ALL_SERVER).all().await?;
        if server.iter().any(|key| key.name == CHECK && inner.ring.is_current(&key.wrapped)) {
            return Ok(());
        }
        tracing::info!("SECRET_KEY has changed: wrapping every key under the new one");
        let mut after = UserId::from(Uuid::nil());
        loop {
            let page: Vec<PersonKey> = inner.db.lookup().await?.sql(queries::AFTER).bind(after).all().await?;
            let Some(last) = page.last() else { break };
            after = last.user_id;
            self.rewrap_page(&page).await?;
        }
        let (check, others): (Vec<_>, Vec<_>) = server.into_iter().partition(|key| key.name == CHECK);
        let mut tx = inner.db.begin().await?;
        for ServerKey { name, wrapped } in others.into_iter().chain(check) {
            let key = inner.ring.unwrap_server_key(&wrapped, &named(&name)).map_err(|e| unopened(e, "server_keys"))?;
            let fresh = inner.ring.wrap_server_key(&key, &named(&name), &*inner.ambient.rng);
            tx.sql(queries::REWRAP_SERVER).bind(fresh).bind(name).bind(wrapped).run().await?;
        }
        tx.commit().await
    }

    async fn rewrap_page(&self, page: &[PersonKey]) -> Result<()> {
        let inner = &*self.0;
        let mut fresh = Vec::with_capacity(page.len()); // computed before the writer's turn begins
        for key in page.iter().filter(|key| !inner.ring.is_current(&key.wrapped)) {
            let context = person(key.user_id);
            let open = inner.ring.unwrap(&key.wrapped, &context).map_err(|e| unopened(e, "data_keys"))?;
            fresh.push((key, inner.ring.wrap(&open, &context, &*inner.ambient.rng)));
        }
        let mut tx = inner.db.begin().await?;
        for (key, wrapped) in fresh {
            tx.sql(queries::REWRAP).bind(wrapped).bind(key.user_id).bind(key.wrapped.clone()).run().await?;
        }
        tx.commit().await
    }
}
