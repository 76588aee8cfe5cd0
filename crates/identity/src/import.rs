//! Accounts that come from elsewhere, with the password hashes they had there. Each is verified once, at the first sign-in,
//! and then stored as ours.

use crate::Identity;
use crate::accounts::{Stored, taken};
use crate::model::{DisplayName, Email};
use crate::queries::{self, NewAccount};
use guard::Role;
use kernel::{Fault, UserId};
use seal::password::Hasher;
use serde::Deserialize;

/// One account, as the file of another program tells it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportLine {
    /// The address.
    pub email: String,
    /// What the other program stored: bcrypt, PBKDF2, scrypt or Argon2.
    pub password_hash: String,
    /// What they want to be called; the address's local part when nothing is said.
    pub display_name: Option<String>,
}

/// An account that was taken over.
#[derive(Debug, Clone, Copy)]
pub struct Imported {
    /// The account.
    pub id: UserId,
}

impl Identity {
    /// Makes a member's account with a hash that was made elsewhere. Its address counts as confirmed: who runs this server
    /// vouches for it.
    ///
    /// # Errors
    /// 422 `invalid_fields`: an address that is none or is taken, a name that is none, a hash that is not read here.
    pub async fn import_user(&self, line: ImportLine) -> Result<Imported, Fault> {
        let invalid = |fault| Fault::invalid(vec![fault]);
        let email = Email::parse(&line.email).map_err(invalid)?;
        let name = line.display_name.as_deref().map(DisplayName::parse).transpose().map_err(invalid)?;
        let display_name = name.unwrap_or_else(|| DisplayName::of(&email));
        if !Hasher::is_readable(&line.password_hash) {
            let detail = "bcrypt, PBKDF2, scrypt or Argon2, in a form and at a cost that are read here";
            return Err(Fault::field("password_hash", "unreadable", detail));
        }
        let id = self.ambient.id::<UserId>();
        self.keys.create(id).await?;
        let account = NewAccount {
            id,
            email: &email,
            display_name: &display_name,
            role: Role::Member,
            password_phc: line.password_hash,
            status: queries::ACTIVE,
            locale: "en".to_owned(),
            time_zone: "UTC".to_owned(),
            at: self.ambient.now(),
        };
        match self.store_new(account).await? {
            Stored::Made(user) => Ok(Imported { id: user.id }),
            Stored::Taken | Stored::Owned => Err(taken()),
        }
    }
}
