//! Who is asking: this slice's side of `guard`'s port.

use crate::{Identity, api_keys};
use data_encoding::HEXLOWER;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use guard::{Admission, Asked, Caller, Credential, Ended, Identities, Presented, Sender};
use hmac::{Hmac, KeyInit, Mac};
use kernel::{Fault, Secret, UserId};
use seal::{Purpose, csrf, token};
use sha2::Sha256;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::broadcast::Receiver;

/// What `server` plugs into `guard`.
pub(crate) struct Port(pub(crate) Arc<Identity>);

/// Ends what a credential stands for; whose it was, if it was one that counted.
async fn revoke(identity: &Arc<Identity>, presented: &Presented) -> Result<bool, Fault> {
    match presented {
        Presented::Session(sid) => match token::parse(Purpose::Session, sid.expose()) {
            Some(hash) => identity.session_leaked(&hash).await,
            None => Ok(false),
        },
        Presented::ApiKey(text) => Ok(identity.key_leaked(text.expose()).await?.is_some()),
        Presented::Token(text) if text.expose().starts_with(api_keys::PREFIX) => {
            Ok(identity.key_leaked(text.expose()).await?.is_some())
        }
        Presented::Token(text) => match identity.ticket_leaked(text.expose()).await? {
            // It has opened nothing and opens nothing any more: its owner asks for another.
            Some(_) => Ok(true),
            None => identity.token_leaked(text.expose()).await,
        },
    }
}

impl Identities for Port {
    fn resolve_at_once(&self, presented: &Presented, sender: &Sender) -> Option<Caller> {
        let Presented::Session(sid) = presented else { return None };
        self.0.caller_at_once(&token::parse(Purpose::Session, sid.expose())?, sender)
    }

    fn resolve<'a>(
        &'a self,
        presented: &'a Presented,
        sender: &'a Sender,
    ) -> BoxFuture<'a, Result<Option<Caller>, Fault>> {
        async move {
            match presented {
                Presented::Session(sid) if kernel::weaken::is("X-CVE-2026-114607") && sid.expose().contains('.') => {
                    self.0.bearer(sid.expose()).await
                }
                Presented::Session(sid) => {
                    let Some(hash) = token::parse(Purpose::Session, sid.expose()) else { return Ok(None) };
                    let Some(known) = self.0.session_of(&hash).await? else { return Ok(None) };
                    self.0.watch(&known, &hash, sender).await
                }
                Presented::ApiKey(text) => self.0.key_caller(text.expose()).await,
                Presented::Token(text) if text.expose().starts_with(api_keys::PREFIX) => {
                    self.0.key_caller(text.expose()).await
                }
                Presented::Token(text) => self.0.bearer(text.expose()).await,
            }
        }
        .boxed()
    }

    fn admit<'a>(&'a self, caller: &'a Caller, asked: &'a Asked<'a>) -> BoxFuture<'a, Result<Admission, Fault>> {
        async move {
            if caller.credential == Credential::ApiKey {
                return self.0.admit_key(caller, asked).await;
            }
            Ok(Admission::default())
        }
        .boxed()
    }

    fn csrf_matches(&self, sid: &Secret<String>, token: &str) -> bool {
        self.0.csrf_matches(sid, token)
    }

    fn user_ref(&self, user: UserId) -> String {
        self.0.user_refs.of(user, || self.0.pseudonym("user", user.uuid().as_bytes(), 12))
    }

    fn redeem<'a>(
        &'a self,
        ticket: &'a Secret<String>,
        purpose: &'a str,
        sender: &'a Sender,
    ) -> BoxFuture<'a, Result<Option<Caller>, Fault>> {
        async move { self.0.redeem_ticket(ticket.expose(), purpose, sender).await }.boxed()
    }

    fn still<'a>(&'a self, caller: &'a Caller) -> BoxFuture<'a, Result<bool, Fault>> {
        async move { self.0.is_still(caller).await }.boxed()
    }

    fn ended(&self) -> Option<Receiver<Ended>> {
        Some(self.0.ends.listen())
    }

    fn leaked<'a>(&'a self, presented: &'a Presented) -> BoxFuture<'a, ()> {
        async move {
            match revoke(&self.0, presented).await {
                Ok(true) => {
                    tracing::warn!(
                        event = "leaked_credential",
                        "a valid credential was seen where it must not be and is revoked"
                    );
                }
                Ok(false) => {}
                // It was refused all the same; it only lives on where else it is held.
                Err(error) => {
                    tracing::error!(%error, "a credential that was seen where it must not be could not be revoked");
                }
            }
        }
        .boxed()
    }
}

/// What stands for users in the log, remembered: it is the same for as long as the process runs, and it is in every line
/// of the access log.
#[derive(Default)]
pub(crate) struct UserRefs(Mutex<HashMap<UserId, String>>);

impl UserRefs {
    fn of(&self, user: UserId, make: impl FnOnce() -> String) -> String {
        // Whole entries are added; nothing panics half way.
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(text) = known.get(&user) {
            return text.clone();
        }
        let text = make();
        if known.len() >= MOST_REFS {
            known.clear();
        }
        known.insert(user, text.clone());
        text
    }
}

/// How many users' are remembered: about a megabyte.
const MOST_REFS: usize = 10_000;

impl Identity {
    /// An anti-forgery value for the session of this cookie.
    pub(crate) fn csrf_for(&self, sid: &Secret<String>) -> String {
        csrf::mint(&self.csrf_key, sid.expose(), &*self.ambient.rng)
    }

    /// Whether an anti-forgery value was made for the session of this cookie.
    pub(crate) fn csrf_matches(&self, sid: &Secret<String>, token: &str) -> bool {
        csrf::check(&self.csrf_key, sid.expose(), token, token)
    }

    /// What stands for a value where the value must not: the first `digits` (at most 64) of its HMAC-SHA-256, in hex.
    pub(crate) fn pseudonym(&self, domain: &'static str, value: &[u8], digits: usize) -> String {
        // HMAC takes keys of every length (RFC 2104, section 3), so this cannot fail.
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(self.log_key.expose()).expect("HMAC takes every key");
        mac.update(domain.as_bytes());
        mac.update(&[0]);
        mac.update(value);
        let mut text = HEXLOWER.encode(&mac.finalize().into_bytes());
        text.truncate(digits);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::Ambient;

    #[test]
    fn a_pseudonym_is_made_once_and_memory_is_bounded() {
        let (refs, ambient) = (UserRefs::default(), Ambient::system());
        let (one, other): (UserId, UserId) = (ambient.id(), ambient.id());
        assert_eq!(refs.of(one, || "a".to_owned()), "a");
        assert_eq!(refs.of(other, || "b".to_owned()), "b");
        assert_eq!(refs.of(one, || unreachable!("it is known")), "a");
        for _ in 0..2 * MOST_REFS {
            refs.of(ambient.id(), String::new);
        }
        assert!(refs.0.lock().unwrap().len() <= MOST_REFS);
    }
}
