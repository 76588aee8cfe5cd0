//! Second factors: an authenticator app, backup codes, passkeys; and the two places that ask for a proof, the second step
//! of a sign-in and the step-up of a session.
//!
//! Every proof is counted before it is looked at, by the same counter as passwords are, whatever session it comes from
//! (Zitadel CVE-2025-64102), and is used up in the transaction of what it proves.

pub(crate) mod access_queries;
pub(crate) mod challenge;
mod codes;
mod devices;
pub(crate) mod passkeys;
mod proof;
pub(crate) mod queries;
mod setting_up;
pub(crate) mod step_up;
mod totp;

pub(crate) use devices::LIFE as DEVICE_LIFE;
pub(crate) use passkeys::RelyingParty;
pub(crate) use proof::Proof;

use crate::Identity;
use crate::client::Client;
use crate::lockout::{Lane, Try};
use access_queries as access;
use kernel::{Fault, Kind, UserId};

/// What somebody can prove who they are with, for the one who has proven the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Method {
    /// The password.
    Password,
    /// A code of an authenticator app.
    Totp,
    /// One of the backup codes.
    BackupCode,
    /// A passkey.
    Passkey,
}

/// Whatever was wrong about a code.
pub(crate) fn invalid_code() -> Fault {
    Fault::new(Kind::Unauthenticated, "invalid_code", "This code is not valid")
}

impl Identity {
    /// Counts a proof before it is looked at; `None` while the account is locked.
    async fn count_proof(&self, user: UserId, lane: Lane, client: &Client) -> Result<Option<Try>, Fault> {
        let counted = self.count_try_of(user, lane, client).await?;
        if counted.is_none() && kernel::weaken::is("X-CVE-2026-9798") {
            return self.count_try_of(user, Lane::Device(self.ambient.uuid()), client).await;
        }
        Ok(counted)
    }

    /// Whether signing in to an account takes more than its password.
    pub(crate) async fn needs_second_factor(&self, user: UserId) -> Result<bool, Fault> {
        Ok(access::has_second_factor(&mut self.db.lookup().await?, user).await?)
    }

    /// What an account's second factor can be shown with; nothing when it has none.
    pub(crate) async fn second_factors(&self, user: UserId) -> Result<Vec<Method>, Fault> {
        let now = self.ambient.now();
        let standing = queries::standing(&mut self.db.lookup().await?, user, now).await?;
        if standing.totp == 0 && standing.passkeys == 0 {
            return Ok(Vec::new());
        }
        let has = [
            (Method::Totp, standing.totp),
            (Method::BackupCode, standing.backup_codes),
            (Method::Passkey, standing.passkeys),
        ];
        Ok(has.into_iter().filter(|(_, count)| *count > 0).map(|(method, _)| method).collect())
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use super::totp;
    use kernel::Timestamp;

    /// The code of so many steps away from an instant.
    pub(crate) fn code(secret: &[u8], now: Timestamp, off: i64) -> String {
        totp::code(secret, totp::step_at(now) + off)
    }
}
