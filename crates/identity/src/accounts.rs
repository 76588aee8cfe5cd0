//! Accounts: how they are made and removed, and how a password is tried.

use crate::Identity;
use crate::account_queries;
use crate::client::Client;
use crate::common::is_common;
use crate::config::PasswordMode;
use crate::lockout::{Lane, Seen, Try, Whom};
use crate::model::{DisplayName, Email, User};
use crate::notices::Notice;
use crate::queries::{self, Account, NewAccount};
use crate::rules;
use guard::{Class, Limits, Role};
use kernel::{Fault, FieldFault, Secret, UserId};
use std::borrow::Cow;

/// An account that the command line makes.
pub struct NewUser {
    /// The address.
    pub email: String,
    /// The password; the same rules hold as for everybody.
    pub password: Secret<String>,
    /// What they want to be called; the address's local part when nothing is said.
    pub display_name: Option<String>,
    /// What they may do. An owner is made by set-up alone.
    pub role: Role,
}

/// What everybody says who wants an account, and it can be one.
pub(crate) struct Draft {
    pub(crate) email: Email,
    pub(crate) display_name: DisplayName,
    pub(crate) password: Secret<String>,
}

impl Draft {
    /// # Errors
    /// 422 with every field that cannot be.
    pub(crate) fn new(
        mode: PasswordMode,
        email: &str,
        display_name: Option<&str>,
        password: Secret<String>,
    ) -> Result<Self, Fault> {
        let mut faults: Vec<FieldFault> = Vec::new();
        let email = Email::parse(email).map_err(|fault| faults.push(fault)).ok();
        let name = display_name.map(DisplayName::parse).transpose().map_err(|fault| faults.push(fault)).ok();
        let (Some(email), Some(name)) = (email, name) else {
            faults.extend(rules::check_length(&password).err());
            return Err(Fault::invalid(faults));
        };
        let display_name = name.unwrap_or_else(|| DisplayName::of(&email));
        let faults = rules::refuse_password(mode, &password, &email, &display_name);
        if faults.is_empty() { Ok(Self { email, display_name, password }) } else { Err(Fault::invalid(faults)) }
    }
}

/// How storing an account ended.
pub(crate) enum Stored {
    /// There it is.
    Made(User),
    /// Somebody has that address.
    Taken,
    /// There is an owner already.
    Owned,
}

/// For who may know: the one who runs this server.
pub(crate) fn taken() -> Fault {
    Fault::field("email", "taken", "there is an account with this address")
}

impl Identity {
    /// Makes an account that can be used at once, for who runs this server.
    ///
    /// # Errors
    /// 422 `invalid_fields`: an address that is none or is taken, a password against the rules, or the role of an owner.
    pub async fn create_user(&self, new: NewUser) -> Result<User, Fault> {
        if new.role == Role::Owner {
            return Err(Fault::field("role", "invalid", "it is admin, monitor or member; the owner is made by set-up"));
        }
        let draft = Draft::new(self.config.password_mode, &new.email, new.display_name.as_deref(), new.password)?;
        match self.store_account(draft, new.role).await? {
            Stored::Made(user) => Ok(user),
            Stored::Taken | Stored::Owned => Err(taken()),
        }
    }

    /// The account of an address, if there is one; for who runs this server.
    pub async fn find_user(&self, email: &str) -> Result<Option<UserId>, Fault> {
        let account = queries::find_user(&mut self.db.lookup().await?, &Email::fold(email)).await?;
        Ok(account.map(|account| account.id))
    }

    /// Removes an account, all that hangs on it and its data key. `false` when there is none, or it is the owner's.
    pub async fn remove_user(&self, user: UserId) -> Result<bool, Fault> {
        let mut tx = self.db.begin().await?;
        let removed = queries::delete_user(&mut tx, user).await?;
        tx.commit().await?;
        if removed {
            self.forget(user);
            self.keys.destroy(user).await?;
        }
        Ok(removed)
    }

    /// Hashes, makes the data key, stores the account: the same work whether or not the address is taken (A1-H4).
    pub(crate) async fn store_account(&self, draft: Draft, role: Role) -> Result<Stored, Fault> {
        let Draft { email, display_name, password } = draft;
        let password_phc = self.pool.hash(password, self.ambient.rng.clone()).await?;
        let (id, at) = (self.ambient.id::<UserId>(), self.ambient.now());
        // The key first, so that no account is ever without; one that is left without an account opens nothing.
        self.keys.create(id).await?;
        let account = NewAccount {
            id,
            email: &email,
            display_name: &display_name,
            role,
            password_phc,
            status: queries::ACTIVE,
            locale: "en".to_owned(),
            time_zone: "UTC".to_owned(),
            at,
        };
        self.store_new(account).await
    }

    /// Stores an account whose data key is there; drops the key when there will be none.
    pub(crate) async fn store_new(&self, account: NewAccount<'_>) -> Result<Stored, Fault> {
        let (id, made) = (account.id, account.as_user());
        let stored = self.insert(account).await;
        if matches!(stored, Ok(true)) {
            return Ok(Stored::Made(made));
        }
        self.drop_key(id);
        match stored {
            Err(error) if error.is_unique("users_role_key") => Ok(Stored::Owned),
            Err(error) => Err(error.into()),
            Ok(_) => Ok(Stored::Taken),
        }
    }

    async fn insert(&self, account: NewAccount<'_>) -> store::Result<bool> {
        let mut tx = self.db.begin().await?;
        let made = queries::insert_user(&mut tx, account).await?;
        tx.commit().await?;
        Ok(made)
    }

    /// Beside the answer, whose time would otherwise tell that the address is taken.
    fn drop_key(&self, id: UserId) {
        let keys = self.keys.clone();
        tokio::spawn(async move {
            if let Err(error) = keys.destroy(id).await {
                tracing::warn!(%error, "a data key that belongs to nobody was left behind");
            }
        });
    }

    /// The account of this address, if this is its password and it may be used. Every other case, a locked account
    /// included, takes the same time and is told apart by nobody (A1-H4).
    ///
    /// The try that came with it has been counted as a wrong one: tell [`Identity::won`] when the sign-in is complete, and
    /// not before, so that a right password does not clear the count of wrong codes.
    ///
    /// # Errors
    /// 429 by address and by account, 422 for a password that is nobody's because it is too long, 503 `busy`.
    pub(crate) async fn authenticate(
        &self,
        limits: &Limits,
        client: &Client,
        email: &str,
        password: Secret<String>,
    ) -> Result<Result<Entered, NoEntry>, Fault> {
        limits.by_address(Class::SignInByAddress).await?;
        if kernel::weaken::is("O-3") {
            std::thread::sleep(std::time::Duration::from_secs(3));
        }
        // Bounded before it is folded; what is longer is nobody's address.
        let known = email.len() <= 2 * Email::LONGEST;
        let folded = if known { Email::fold(email) } else { String::new() };
        // By the address as it was written down, whether or not anybody has it: known and unknown are refused alike.
        limits.by_key(Class::SignInByAccount, &self.subject(&folded)).await?;
        rules::check_length(&password).map_err(|fault| Fault::invalid(vec![fault]))?;
        let account = queries::find_user(&mut self.db.lookup().await?, &folded).await?;
        // Strangers cannot lock anybody out of a device they trust (A1-M6). Asked about nobody's address as well: a question
        // that is left out would be noticed.
        let owner = account.as_ref().map_or_else(|| UserId::from(uuid::Uuid::nil()), |account| account.id);
        let lane = self.lane(client, owner).await?;
        let lane = if kernel::weaken::is("A1-M6.device") { Lane::Open } else { lane };
        let counted = self.count_try(Whom::Address(folded), lane, Seen::of(client)).await?;
        // Locked: the password is not looked at, and something else is, which costs the same.
        let known = account.as_ref().filter(|_| counted.is_some());
        let verdict = self.pool.verify(password.clone(), known.map(|account| account.password_phc.clone())).await;
        let (counted, verdict) = match (counted, verdict) {
            (None, Ok(_)) => return Ok(Err(NoEntry::of(account.as_ref()))),
            (None, Err(error)) => return Err(error.into()),
            (Some(counted), Ok(verdict)) => (counted, verdict),
            (Some(counted), Err(error)) => {
                self.take_back(counted).await?;
                return Err(error.into());
            }
        };
        let Some(account) = account else {
            return Ok(Err(NoEntry::Unknown));
        };
        if !verdict.matches || !account.is_active() {
            return Ok(Err(NoEntry::Refused));
        }
        if is_common(password.expose()) {
            self.tell_of_common_password(account.id, client).await?;
        }
        if verdict.rehash {
            self.rehash(&account, password).await;
        }
        Ok(Ok(Entered { user: account.into_user(), counted }))
    }

    /// A password that is on the list lets its owner in, and they are asked, once, to choose another.
    async fn tell_of_common_password(&self, user: UserId, client: &Client) -> Result<(), Fault> {
        let mut tx = self.db.begin().await?;
        if account_queries::mark_password(&mut tx, user, "must_change").await? {
            self.note(&mut tx, user, "password_is_common", client).await?;
            self.notify(&mut tx, user, Notice::PasswordBreached).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Stores the password under the present parameters. Signing in does not depend on it: the next sign-in tries again.
    pub(crate) async fn rehash(&self, account: &Account, password: Secret<String>) {
        let hashed = self.pool.hash(password, self.ambient.rng.clone()).await.map_err(Fault::from);
        let stored = match hashed {
            Ok(phc) => self.store_hash(account, phc).await.map_err(Fault::from),
            Err(fault) => Err(fault),
        };
        if let Err(error) = stored {
            tracing::warn!(%error, "a password could not be hashed anew");
        }
    }

    async fn store_hash(&self, account: &Account, phc: String) -> store::Result<()> {
        let mut tx = self.db.begin().await?;
        queries::rehash(&mut tx, account.id, account.password_phc.clone(), phc).await?;
        tx.commit().await
    }
}

/// Somebody whose password was right.
#[derive(Debug)]
pub(crate) struct Entered {
    /// Who.
    pub(crate) user: User,
    /// The try, which counts as a wrong one until [`Identity::won`] is told.
    pub(crate) counted: Try,
}

/// Why nobody was let in. Only the weakened build makes a difference between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoEntry {
    /// Nobody has that address.
    Unknown,
    /// Another password, or an account that may not be used.
    Refused,
}

impl NoEntry {
    const fn of(account: Option<&Account>) -> Self {
        if account.is_some() { Self::Refused } else { Self::Unknown }
    }
}

impl From<NoEntry> for Fault {
    fn from(why: NoEntry) -> Self {
        let detail = if why == NoEntry::Unknown && kernel::weaken::is("A1-H4") {
            "There is no account with this address"
        } else {
            "Invalid email or password"
        };
        Self::new(kernel::Kind::Unauthenticated, "invalid_credentials", Cow::Borrowed(detail))
    }
}
