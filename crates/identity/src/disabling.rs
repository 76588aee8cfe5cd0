//! Keeping the holder of an account out without losing anything of it, and letting them in again: for whoever runs this
//! server.
//!
//! Everything that lets somebody in asks whether the account is active, so one word in its row is enough. What is signed in
//! ends all the same, so that it does not come back with the account.

use crate::account_queries as queries;
use crate::{Identity, queries as accounts};
use guard::Role;
use kernel::{Fault, Kind};

/// Where it was done, in the person's list of events.
const BY: &str = "command line";

impl Identity {
    /// Signs an account out everywhere and lets nobody in by it: no password, no refresh token, no API key, no other
    /// provider. Effective at once here, and within two seconds in other processes. `false` when it was disabled already.
    ///
    /// # Errors
    /// 404 when there is no such account, 409 for the owner's, and for one that waits for a yes.
    pub async fn disable_account(&self, email: &str) -> Result<bool, Fault> {
        let user = self.find_user(email).await?.ok_or_else(Fault::not_found)?;
        let mut tx = self.db.begin().await?;
        if !queries::disable(&mut tx, user, self.ambient.now()).await? {
            tx.rollback().await?;
            return self.why_not(email).await;
        }
        if !kernel::weaken::is("X-CVE-2023-22492") {
            self.end_everything(&mut tx, user).await?;
        }
        self.note_from(&mut tx, user, "disabled", String::new(), BY.to_owned()).await?;
        tx.commit().await?;
        self.forget(user);
        Ok(true)
    }

    /// Lets them in again, with the password, the second factors and the API keys they had. `false` when it was not
    /// disabled.
    ///
    /// # Errors
    /// 404 when there is no such account.
    pub async fn enable_account(&self, email: &str) -> Result<bool, Fault> {
        let user = self.find_user(email).await?.ok_or_else(Fault::not_found)?;
        let mut tx = self.db.begin().await?;
        let enabled = queries::enable(&mut tx, user, self.ambient.now()).await?;
        if enabled {
            self.note_from(&mut tx, user, "enabled", String::new(), BY.to_owned()).await?;
        }
        tx.commit().await?;
        Ok(enabled)
    }

    async fn why_not(&self, email: &str) -> Result<bool, Fault> {
        let folded = crate::model::Email::fold(email);
        let found = accounts::find_user(&mut self.db.lookup().await?, &folded).await?;
        let account = found.ok_or_else(Fault::not_found)?;
        if account.role.0 == Role::Owner {
            let detail = "The owner's account cannot be disabled: nobody could enable anything any more.";
            return Err(Fault::new(Kind::Conflict, "owner_stays", detail));
        }
        if account.status == accounts::AWAITING {
            let detail = "This account waits for a yes. Decline it instead.";
            return Err(Fault::new(Kind::Conflict, "awaiting_approval", detail));
        }
        Ok(false)
    }
}
