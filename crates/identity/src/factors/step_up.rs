//! Step-up: whoever holds a session proves again who they are, before what matters (A2-1).

use super::{Method, Proof, access_queries as access};
use crate::client::Client;
use crate::{Identity, binding};
use guard::{Caller, Class, Confirmed, Credential, Limits};
use kernel::{Fault, Kind, Secret, Timestamp};
use seal::{Purpose, token};
use store::Tx;

const KIND: &str = "step_up";

fn wrong() -> Fault {
    Fault::new(Kind::Unauthenticated, "invalid_credentials", "That was not right. Nothing was confirmed.")
}

/// A session that was confirmed.
pub(crate) struct Raised {
    /// Until when.
    pub(crate) until: Timestamp,
    /// A browser's new id.
    pub(crate) sid: Option<Secret<String>>,
}

/// An API key has nobody behind it who could prove anything.
pub(crate) fn in_person(caller: &Caller) -> Result<(), Fault> {
    if caller.credential == Credential::ApiKey {
        return Err(Fault::new(Kind::Forbidden, "not_with_an_api_key", "Sign in to do this."));
    }
    Ok(())
}

impl Identity {
    /// What a session can be confirmed with, and what a passkey is to be asked. Who has a second factor shows that.
    pub(crate) async fn step_up_options(
        &self,
        caller: &Caller,
    ) -> Result<(Vec<Method>, Option<serde_json::Value>), Fault> {
        in_person(caller)?;
        let mut methods = self.second_factors(caller.user_id).await?;
        if methods.is_empty() {
            methods.push(Method::Password);
        }
        let asked = self.ask_passkeys(caller.user_id, (caller.session_id, KIND), &methods).await?;
        Ok((methods, asked))
    }

    /// Confirms a session. Its id changes, so that a copy of the one before gains nothing.
    ///
    /// # Errors
    /// 401 `invalid_credentials` for a wrong proof, for the password alone where there is a second factor, and while the
    /// account is locked; 403, 422, 429.
    pub(crate) async fn step_up(
        &self,
        limits: &Limits,
        client: &Client,
        caller: &Caller,
        proof: Proof,
    ) -> Result<Raised, Fault> {
        in_person(caller)?;
        let user = caller.user_id;
        limits.by_key(Class::SecondFactor, &user.to_string()).await?;
        let is_second = proof.is_second_factor();
        if !is_second && self.needs_second_factor(user).await? {
            return Err(wrong());
        }
        let lane = self.asked_again(self.lane(client, user).await?);
        let counted = self.count_proof(user, lane, client).await?.ok_or_else(wrong)?;
        let shown = self.check(user, proof, (caller.session_id, KIND)).await?.ok_or_else(wrong)?;
        let mut tx = self.db.begin().await?;
        if !self.spend(&mut tx, user, shown, client).await? {
            return Err(wrong());
        }
        self.note(&mut tx, user, "confirmed", client).await?;
        let raised = self.raise(&mut tx, client, caller, is_second || caller.second_factor).await?;
        tx.commit().await?;
        self.forget_session(caller);
        self.won(counted).await?;
        Ok(raised)
    }

    /// Notes with a change that the session's holder has proven who they are. To be followed by
    /// [`Identity::forget_session`] once it is committed.
    pub(super) async fn raise(
        &self,
        tx: &mut Tx,
        client: &Client,
        caller: &Caller,
        second_factor: bool,
    ) -> Result<Raised, Fault> {
        let at = self.ambient.now();
        let by = access::Confirmation {
            session: caller.session_id,
            at,
            second_factor,
            ip_prefix: client.ip_prefix.clone(),
            user_agent: client.user_agent.clone(),
        };
        let ended = || Fault::new(Kind::Unauthenticated, "authentication_required", "Sign in first.");
        if !access::confirm(tx, by).await? {
            return Err(ended());
        }
        let mut sid = None;
        if caller.credential == Credential::Session {
            let (secret, hash) = token::mint(Purpose::Session, &*self.ambient.rng);
            if !access::change_id(tx, caller.session_id, &hash, at, at.plus(binding::HAND_OVER)).await? {
                return Err(ended());
            }
            sid = Some(secret);
        }
        Ok(Raised { until: at.plus(Confirmed::LASTS), sid })
    }

    /// Forgets what is remembered of the caller's session.
    pub(crate) fn forget_session(&self, caller: &Caller) {
        if let Some(cache) = &self.cache {
            cache.forget(caller.session_id);
        }
    }
}
