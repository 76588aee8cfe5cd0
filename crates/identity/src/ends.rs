//! What ends here is told at once to the sockets of this process. Those of another process ask every minute.

use crate::Identity;
use crate::queries::Ended as Row;
use guard::{Caller, Credential, Ended};
use kernel::Fault;
use std::sync::Arc;
use tokio::sync::broadcast::{Receiver, Sender, channel};
use uuid::Uuid;

/// How many ends a socket may be behind; one that is further behind asks.
const BEHIND: usize = 256;

/// Tells of ends.
pub(crate) struct Ends(Sender<Ended>);

impl Default for Ends {
    fn default() -> Self {
        Self(channel(BEHIND).0)
    }
}

impl Ends {
    /// Tells everybody who listens; nobody may.
    pub(crate) fn tell(&self, ended: Ended) {
        let _ = self.0.send(ended);
    }

    /// Everything that ends from now on.
    pub(crate) fn listen(&self) -> Receiver<Ended> {
        self.0.subscribe()
    }
}

impl Identity {
    /// Forgets a session that has ended, and tells its sockets.
    pub(crate) fn ended_session(&self, id: Uuid) {
        if let Some(cache) = &self.cache {
            cache.forget(id);
        }
        self.ends.tell(Ended::Session(id));
    }

    /// The same for sessions that made room for a new one.
    pub(crate) fn ended_sessions(&self, rows: &[Row]) {
        for row in rows {
            self.forget_hash(&row.token_hash);
            self.ends.tell(Ended::Session(row.id));
        }
    }

    /// Whether somebody who was let in a while ago would be let in now.
    pub(crate) async fn is_still(self: &Arc<Self>, caller: &Caller) -> Result<bool, Fault> {
        if caller.credential == Credential::ApiKey {
            // A key opens no socket through a ticket; whoever lets one in asks the key itself again.
            return Ok(false);
        }
        let known = self.session_by_id(caller.session_id).await?;
        Ok(known.is_some_and(|known| known.caller.user_id == caller.user_id && known.caller.role == caller.role))
    }
}
