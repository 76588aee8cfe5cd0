//! Whether a browser's session is still used by what it began on (A1-M7), and the change of its id.
//!
//! A cookie that was copied into another program gives itself away by that program's name. A name can be forged, so this is
//! a trip-wire and no lock: the lock is that what matters asks for a confirmation. A network alone says nothing, since
//! phones change theirs all day.

use crate::config::SessionBinding;
use crate::device::Family;
use crate::factors::access_queries as access;
use crate::known::Known;
use crate::notices::Notice;
use crate::{Identity, cookies};
use guard::{Caller, Credential, Role, Sender};
use kernel::{Fault, Timestamp};
use seal::{Purpose, TokenHash, token};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use uuid::Uuid;

/// How long the id before the present one is good for requests that were under way.
pub(crate) const HAND_OVER: Duration = Duration::from_secs(10);

impl Identity {
    /// The caller of a session that has just been recognised by `hash`; `None` when it ends here, because another program
    /// uses it than the one it began on.
    ///
    /// # Errors
    /// When what was noticed cannot be stored: an alarm that is lost is worse than a request that is refused.
    pub(crate) async fn watch(
        self: &Arc<Self>,
        known: &Known,
        hash: &TokenHash,
        sender: &Sender,
    ) -> Result<Option<Caller>, Fault> {
        let mut caller = known.caller.clone();
        if caller.credential != Credential::Session {
            return Ok(Some(caller));
        }
        let now = self.ambient.now();
        if known.is_used_by(sender) || kernel::weaken::is("A1-M7") {
            if known.is_to_be_renewed(now) {
                self.renew(known, hash, sender, now).await;
            }
            return Ok(Some(caller));
        }
        match self.binding_of(caller.role) {
            SessionBinding::Log => {
                if !known.told.swap(true, Ordering::Relaxed) {
                    self.report("session_elsewhere", known);
                }
            }
            SessionBinding::Flag => {
                caller.confirmed_at = None;
                if !known.suspicious {
                    self.suspect(known, sender, now).await?;
                }
            }
            SessionBinding::Enforce => {
                self.report("session_elsewhere_ended", known);
                self.end_session(caller.session_id).await?;
                return Ok(None);
            }
        }
        Ok(Some(caller))
    }

    /// Whoever administers is held to more, unless the operator has said that nothing is to follow from it.
    fn binding_of(&self, role: Role) -> SessionBinding {
        match self.config.session_binding {
            SessionBinding::Flag if role >= Role::Admin => SessionBinding::Enforce,
            mode => mode,
        }
    }

    fn report(&self, event: &'static str, known: &Known) {
        let user_ref = self.pseudonym("user", known.caller.user_id.uuid().as_bytes(), 12);
        tracing::warn!(event, user_ref, "a session is used by another program than the one it began on");
    }

    /// Marks a session, tells its owner, once.
    async fn suspect(&self, known: &Known, sender: &Sender, at: Timestamp) -> Result<(), Fault> {
        let (user, id) = (known.caller.user_id, known.caller.session_id);
        let mut tx = self.db.begin().await?;
        if access::suspect(&mut tx, id, at).await? {
            let not_me = self.not_me_link(&mut tx, user).await?;
            let (network, device) = (sender.prefix(), Family::of(&sender.user_agent).to_string());
            self.notify(&mut tx, user, Notice::SuspiciousSession { network, device, not_me }).await?;
            tx.commit().await?;
            self.report("session_suspicious", known);
        }
        if let Some(cache) = &self.cache {
            cache.forget(id);
        }
        Ok(())
    }

    async fn store_renewed(&self, id: Uuid, old: &TokenHash, new: &TokenHash, at: Timestamp) -> store::Result<bool> {
        let mut tx = self.db.begin().await?;
        // Of several requests at once, one changes it and the others go on with the one before.
        let renewed = access::renew(&mut tx, id, old, new, at, at.plus(HAND_OVER)).await?;
        tx.commit().await?;
        Ok(renewed)
    }

    /// Gives a session another id. Without it the present one is as good: reading must go on while the disk takes no
    /// writes.
    async fn renew(&self, known: &Known, hash: &TokenHash, sender: &Sender, now: Timestamp) {
        let (secret, new) = token::mint(Purpose::Session, &*self.ambient.rng);
        let id = known.caller.session_id;
        match self.store_renewed(id, hash, &new, now).await {
            Ok(true) => {
                if let Some(cache) = &self.cache {
                    cache.forget(id);
                }
                let left = known.session.expires_at.since(now);
                sender.set_cookie(cookies::session(secret.expose(), left));
                sender.set_cookie(cookies::csrf(&self.csrf_for(&secret), left));
            }
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "a session's id could not be changed; the next request tries again"),
        }
    }
}
