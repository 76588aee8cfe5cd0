//! A password is set: by its owner, by the link of a letter, or by whoever runs this server.
//!
//! However it happens, everything that is signed in is signed out, the count of wrong tries begins anew and a letter says
//! so. A second factor stays as it is: a mailbox is no second factor.

use crate::account_queries as queries;
use crate::client::Client;
use crate::links::void;
use crate::lockout::Lane;
use crate::model::{DisplayName, Email};
use crate::notices::Notice;
use crate::{Identity, rules};
use kernel::{Fault, Secret, UserId};
use seal::{Purpose, TokenHash};
use std::time::Duration;

/// What lifting a lock found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unlocked {
    /// There was one, or there were wrong tries.
    Lifted,
    /// There was nothing to lift.
    WasOpen,
}

/// Who sets it.
enum By<'a> {
    Client(&'a Client),
    CommandLine,
}

impl Identity {
    /// Refuses a password that this account may not have.
    ///
    /// # Errors
    /// 422 with every reason.
    fn judge(&self, keeper: &queries::Keeper, password: &Secret<String>) -> Result<(), Fault> {
        let unreadable = |_| Fault::internal("an address or a name that was accepted cannot be read");
        let email = Email::parse(&keeper.email).map_err(unreadable)?;
        let name = DisplayName::parse(&keeper.display_name).map_err(unreadable)?;
        let faults = rules::refuse_password(self.config.password_mode, password, &email, &name);
        if faults.is_empty() { Ok(()) } else { Err(Fault::invalid(faults)) }
    }

    /// Sets the password of whoever knows the present one. The caller begins a session anew.
    ///
    /// # Errors
    /// 401 `invalid_credentials` when the present password is wrong, or the account locked; 422 for the new one.
    pub(crate) async fn change_password(
        &self,
        user: UserId,
        client: &Client,
        current: Secret<String>,
        password: Secret<String>,
    ) -> Result<(), Fault> {
        use crate::accounts::NoEntry;
        rules::check_length(&current).map_err(|fault| Fault::invalid(vec![fault]))?;
        let keeper = queries::keeper(&mut self.db.lookup().await?, user).await?.ok_or(NoEntry::Refused)?;
        self.judge(&keeper, &password)?;
        let counted = self.count_try_of(user, self.asked_again(Lane::Open), client).await?;
        let Some(counted) = counted else { return Err(NoEntry::Refused.into()) };
        let verdict = match self.pool.verify(current, Some(keeper.password_phc.clone())).await {
            Ok(verdict) => verdict,
            Err(error) => {
                self.take_back(counted).await?;
                return Err(error.into());
            }
        };
        if !verdict.matches || keeper.password_state == crate::queries::VOID {
            return Err(NoEntry::Refused.into());
        }
        self.set_password(user, password, By::Client(client), None).await?;
        self.won(counted).await
    }

    /// Sets the password of whoever has the link of a letter.
    ///
    /// # Errors
    /// 410 `link_void`, 422 for the password, which leaves the link good.
    pub(crate) async fn reset_password(
        &self,
        hash: &TokenHash,
        client: &Client,
        password: Secret<String>,
    ) -> Result<(), Fault> {
        let found = queries::find_link(&mut self.db.lookup().await?, hash, Purpose::Reset, self.ambient.now()).await?;
        let user = found.ok_or_else(void)?;
        let keeper = queries::keeper(&mut self.db.lookup().await?, user).await?.ok_or_else(void)?;
        self.judge(&keeper, &password)?;
        self.set_password(user, password, By::Client(client), Some(hash)).await
    }

    async fn set_password(
        &self,
        user: UserId,
        password: Secret<String>,
        by: By<'_>,
        link: Option<&TokenHash>,
    ) -> Result<(), Fault> {
        let phc = self.pool.hash(password, self.ambient.rng.clone()).await?;
        let mut tx = self.db.begin().await?;
        if let Some(hash) = link {
            // Of two that come with one link, one is too late.
            self.use_link(&mut tx, hash, Purpose::Reset).await?;
        }
        if !queries::set_password(&mut tx, user, phc, self.ambient.now()).await? {
            return Err(void());
        }
        if !kernel::weaken::is("A2-12") {
            self.end_everything(&mut tx, user).await?;
        }
        queries::void_links(&mut tx, user, Purpose::Reset).await?;
        if let Some(reader) = queries::reader(&mut tx, user).await? {
            queries::forget_counts(&mut tx, &self.subject(&reader.email_folded)).await?;
        }
        match by {
            By::Client(client) => self.note(&mut tx, user, "password_changed", client).await?,
            By::CommandLine => {
                let device = "command line".to_owned();
                self.note_from(&mut tx, user, "password_changed", String::new(), device).await?;
            }
        }
        self.notify(&mut tx, user, Notice::PasswordChanged).await?;
        tx.commit().await?;
        self.forget(user);
        Ok(())
    }

    /// Lifts the lock of an account, and nothing else: no session begins, the count of a hundred goes on.
    ///
    /// # Errors
    /// 410 `link_void`.
    pub(crate) async fn unlock_by_link(&self, hash: &TokenHash, client: &Client) -> Result<(), Fault> {
        let mut tx = self.db.begin().await?;
        let user = self.use_link(&mut tx, hash, Purpose::Unlock).await?;
        if let Some(reader) = queries::reader(&mut tx, user).await? {
            queries::lift_locks(&mut tx, &self.subject(&reader.email_folded)).await?;
        }
        self.note(&mut tx, user, "unlocked", client).await?;
        tx.commit().await?;
        Ok(())
    }

    /// "It was not me": everything is signed out, the password opens nothing any more, and a letter sets a new one.
    ///
    /// # Errors
    /// 410 `link_void`.
    pub(crate) async fn secure(&self, hash: &TokenHash, client: &Client) -> Result<(), Fault> {
        let mut tx = self.db.begin().await?;
        let user = self.use_link(&mut tx, hash, Purpose::NotMe).await?;
        self.end_everything(&mut tx, user).await?;
        queries::void_password(&mut tx, user).await?;
        queries::void_links(&mut tx, user, Purpose::Reset).await?;
        self.note(&mut tx, user, "reported_not_me", client).await?;
        let token = self.make_link(&mut tx, user, Purpose::Reset).await?;
        self.notify(&mut tx, user, Notice::PasswordReset { token }).await?;
        tx.commit().await?;
        self.forget(user);
        Ok(())
    }

    /// Sets the password of an account, for whoever runs this server; the same rules hold.
    ///
    /// # Errors
    /// 404 when there is no such account, 422 for the password.
    pub async fn set_password_of(&self, email: &str, password: Secret<String>) -> Result<UserId, Fault> {
        let user = self.find_user(email).await?.ok_or_else(Fault::not_found)?;
        let keeper = queries::keeper(&mut self.db.lookup().await?, user).await?.ok_or_else(Fault::not_found)?;
        self.judge(&keeper, &password)?;
        self.set_password(user, password, By::CommandLine, None).await?;
        Ok(user)
    }

    /// Makes a link by which the owner of an account sets a new password, for whoever runs this server to hand over. It
    /// works once, for a day.
    ///
    /// # Errors
    /// 404 when there is no such account.
    pub async fn reset_link_of(&self, email: &str) -> Result<Secret<String>, Fault> {
        let user = self.find_user(email).await?.ok_or_else(Fault::not_found)?;
        let mut tx = self.db.begin().await?;
        let token = self.make_link_for(&mut tx, user, Purpose::Reset, Duration::from_hours(24)).await?;
        let device = "command line".to_owned();
        self.note_from(&mut tx, user, "password_reset_asked", String::new(), device).await?;
        tx.commit().await?;
        Ok(Secret::new(self.link(Purpose::Reset, &token)))
    }

    /// Lifts every lock of an account and forgets its wrong tries, for whoever runs this server.
    ///
    /// # Errors
    /// 404 when there is no such account.
    pub async fn unlock_account(&self, email: &str) -> Result<Unlocked, Fault> {
        let user = self.find_user(email).await?.ok_or_else(Fault::not_found)?;
        let mut tx = self.db.begin().await?;
        let lifted = queries::forget_counts(&mut tx, &self.subject(&Email::fold(email))).await?;
        self.note_from(&mut tx, user, "unlocked", String::new(), "command line".to_owned()).await?;
        tx.commit().await?;
        Ok(if lifted > 0 { Unlocked::Lifted } else { Unlocked::WasOpen })
    }
}
