//! Trusted devices: browsers that need not show the second factor for thirty days. The password they do need, and they have
//! a lock of their own, so that strangers cannot lock their owner out (A1-M6).

use super::access_queries as access;
use crate::Identity;
use crate::client::Client;
use crate::lockout::Lane;
use kernel::{Fault, Secret, UserId};
use seal::{Purpose, token};
use std::time::Duration;
use uuid::Uuid;

/// How long a device is trusted.
pub(crate) const LIFE: Duration = Duration::from_hours(30 * 24);
/// How many one person may have; the oldest make room.
const MOST: i64 = 20;

impl Identity {
    /// The trusted device that a request comes from, if it is this person's.
    pub(crate) async fn trusted_device(&self, client: &Client, user: UserId) -> Result<Option<Uuid>, Fault> {
        let hash = client.device.as_ref().and_then(|device| token::parse(Purpose::Device, device.expose()));
        let Some(hash) = hash else { return Ok(None) };
        Ok(access::find_device(&mut self.db.lookup().await?, &hash, user, self.ambient.now()).await?)
    }

    /// Whose tries a request's are counted with.
    pub(crate) async fn lane(&self, client: &Client, user: UserId) -> Result<Lane, Fault> {
        Ok(self.trusted_device(client, user).await?.map_or(Lane::Open, Lane::Device))
    }

    /// Notes that a trusted device stood in for the second factor.
    pub(crate) async fn used_device(&self, user: UserId, device: Uuid) -> Result<(), Fault> {
        let mut tx = self.db.begin().await?;
        access::use_device(&mut tx, user, device, self.ambient.now()).await?;
        Ok(tx.commit().await?)
    }

    /// Trusts the device that a request comes from, for whoever has just shown a second factor on it; what its cookie holds.
    pub(crate) async fn trust_device(&self, user: UserId, client: &Client) -> Result<Secret<String>, Fault> {
        let (secret, token_hash) = token::mint(Purpose::Device, &*self.ambient.rng);
        let at = self.ambient.now();
        let new = access::NewDevice {
            id: self.ambient.uuid(),
            user,
            token_hash,
            user_agent: client.user_agent.clone(),
            ip_prefix: client.ip_prefix.clone(),
            at,
            expires_at: at.plus(LIFE),
        };
        let mut tx = self.db.begin().await?;
        access::insert_device(&mut tx, new, MOST).await?;
        self.note(&mut tx, user, "device_trusted", client).await?;
        tx.commit().await?;
        Ok(secret)
    }
}
