//! Accounts at other providers.

use crate::Identity;
use crate::model::{SessionView, User};
use crate::tokens::Jws;
use guard::Caller;
use kernel::{Fault, Timestamp};

impl Identity {
    pub(crate) async fn federated_caller(&self, _jws: &Jws<'_>) -> Result<Option<Caller>, Fault> {
        Ok(None)
    }

    pub(crate) fn federated_presence(&self, _caller: &Caller, _now: Timestamp) -> Option<(User, SessionView)> {
        None
    }
}
