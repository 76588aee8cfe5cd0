//! A session as it is remembered for a moment, and what is remembered with it, so that requests in a row ask for nothing
//! twice. All of it ends with the entry.

use crate::device::Family;
use crate::model::{SessionKind, SessionView, User};
use crate::queries::Live;
use guard::{Caller, Confirmed, Credential, Problem, Sender, Written};
use kernel::Timestamp;
use seal::TokenHash;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// How often a browser's session gets another id.
const RENEWED_EVERY: Duration = Duration::from_hours(24);
/// How exactly is noted when a session was last used: a write for each request would cost more than the request.
const NOTED_EVERY: Duration = Duration::from_mins(1);

/// A session that counts, and its owner.
pub(crate) struct Known {
    pub(crate) caller: Caller,
    pub(crate) user: Arc<User>,
    pub(crate) session: SessionView,
    /// What it began on, or was last confirmed on.
    pub(crate) family: Family,
    /// The same as the program wrote it.
    user_agent: String,
    /// An anti-forgery value that was found to be made for its present id.
    csrf: OnceLock<String>,
    /// What its owner was last told of it, with what changes by itself.
    told_owner: OnceLock<(Option<Timestamp>, Written)>,
    pub(crate) suspicious: bool,
    /// When its present id was made.
    pub(crate) renewed_at: Timestamp,
    /// Whether it was found by its present id, and not by the one before.
    pub(crate) is_current: bool,
    /// Whether it was noted that it is used by something else than what it began on; for `SESSION_BINDING=log`.
    pub(crate) told: AtomicBool,
    idle_expires_at: Timestamp,
    last_seen_at: Timestamp,
    /// Whether the present use has been noted, or need not be.
    noted: AtomicBool,
}

impl Known {
    pub(crate) fn new(live: Live, hash: &TokenHash) -> Self {
        let credential = match live.kind {
            SessionKind::Browser => Credential::Session,
            SessionKind::Token => Credential::Token,
        };
        let is_current = hash.as_bytes()[..] == live.token_hash[..];
        Self {
            caller: Caller {
                user_id: live.user_id,
                role: live.role.0,
                session_id: live.session_id,
                credential,
                second_factor: live.shown,
                // Whoever was overtaken by a step-up has not made it.
                confirmed_at: live.confirmed_at.filter(|_| is_current && live.suspicious_at.is_none()),
                scopes: None,
                memo: None,
            },
            user: Arc::new(User {
                id: live.user_id,
                email: live.email,
                display_name: live.display_name,
                role: live.role.0,
                locale: live.locale,
                time_zone: live.time_zone,
                created_at: live.created_at,
                second_factor: live.second_factor,
            }),
            session: SessionView {
                id: live.session_id,
                created_at: live.began_at,
                expires_at: live.expires_at,
                confirmed_until: None,
            },
            family: Family::of(&live.user_agent),
            user_agent: live.user_agent,
            csrf: OnceLock::new(),
            told_owner: OnceLock::new(),
            suspicious: live.suspicious_at.is_some(),
            renewed_at: live.renewed_at.unwrap_or(live.began_at),
            is_current,
            told: AtomicBool::new(false),
            idle_expires_at: live.idle_expires_at,
            last_seen_at: live.last_seen_at,
            // A token's slides when it is refreshed.
            noted: AtomicBool::new(live.kind == SessionKind::Token),
        }
    }

    /// What is known of a caller besides, who was recognised by the present id of a session that was looked up a moment ago.
    pub(crate) fn of(caller: &Caller) -> Option<Arc<Self>> {
        caller.memo.clone()?.downcast().ok()
    }

    /// Whether it is used by the program that it began on. Most requests say word for word what that one said.
    pub(crate) fn is_used_by(&self, sender: &Sender) -> bool {
        sender.user_agent == self.user_agent || Family::of(&sender.user_agent) == self.family
    }

    /// Whether its id has been the same for so long that it gets another.
    pub(crate) fn is_to_be_renewed(&self, now: Timestamp) -> bool {
        self.is_current && !self.suspicious && now.since(self.renewed_at) >= RENEWED_EVERY
    }

    /// The session as its owner sees it, who is this caller.
    pub(crate) fn seen_by(&self, caller: &Caller, now: Timestamp) -> SessionView {
        let confirmed_until = caller.confirmed_at.map(|at| at.plus(Confirmed::LASTS)).filter(|until| *until > now);
        SessionView { confirmed_until, ..self.session }
    }

    /// What its owner is told of it, written by `write` unless it stays the same while the entry is believed.
    pub(crate) fn tell(
        &self,
        confirmed_until: Option<Timestamp>,
        write: impl FnOnce() -> Result<Written, Problem>,
    ) -> Result<Written, Problem> {
        if let Some((_, written)) = self.told_owner.get().filter(|(until, _)| *until == confirmed_until) {
            return Ok(written.clone());
        }
        let written = write()?;
        // Once the confirmation has lapsed, the entry is replaced soon.
        let _ = self.told_owner.set((confirmed_until, written.clone()));
        Ok(written)
    }

    /// Whether an anti-forgery value was made for the present id. The answer is remembered for as long as the entry is, and
    /// only for the one value that was right: each browser has one.
    pub(crate) fn csrf_matches(&self, token: &str, check: impl FnOnce() -> bool) -> bool {
        // Whoever could measure how long this takes has the cookie of the session, and needs not guess.
        if self.csrf.get().is_some_and(|right| right == token) {
            return true;
        }
        let is_right = check();
        if is_right {
            // Another one that is right as well need not be remembered.
            let _ = self.csrf.set(token.to_owned());
        }
        is_right
    }

    pub(crate) fn is_alive(&self, now: Timestamp) -> bool {
        now < self.session.expires_at && now < self.idle_expires_at
    }

    /// Whether this is the one use that has to be noted.
    pub(crate) fn is_to_be_noted(&self, now: Timestamp) -> bool {
        now.since(self.last_seen_at) >= NOTED_EVERY && !self.noted.swap(true, Ordering::Relaxed)
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;
    use crate::sessions::{BROWSER_LIFE, IDLE};
    use guard::Role;
    use kernel::{Ambient, UserId};

    /// Somebody with a session.
    pub(crate) fn known(ambient: &Ambient) -> Known {
        let (user_id, session_id, now) = (ambient.id::<UserId>(), ambient.uuid(), ambient.now());
        Known {
            caller: Caller {
                user_id,
                role: Role::Member,
                session_id,
                credential: Credential::Session,
                second_factor: false,
                confirmed_at: Some(now),
                scopes: None,
                memo: None,
            },
            user: Arc::new(User {
                id: user_id,
                email: "a@example.org".to_owned(),
                display_name: "A".to_owned(),
                role: Role::Member,
                locale: "en".to_owned(),
                time_zone: "UTC".to_owned(),
                created_at: now,
                second_factor: false,
            }),
            session: SessionView {
                id: session_id,
                created_at: now,
                expires_at: now.plus(BROWSER_LIFE),
                confirmed_until: None,
            },
            family: Family::of(""),
            user_agent: String::new(),
            csrf: OnceLock::new(),
            told_owner: OnceLock::new(),
            suspicious: false,
            renewed_at: now,
            is_current: true,
            told: AtomicBool::new(false),
            idle_expires_at: now.plus(IDLE),
            last_seen_at: now,
            noted: AtomicBool::new(false),
        }
    }
}
