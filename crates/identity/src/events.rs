//! What happened to an account, as its owner can read it later.

use crate::Identity;
use crate::client::Client;
use kernel::UserId;
use store::Tx;

impl Identity {
    /// Notes that something happened; `kind` is a fixed word such as `signed_in`, `password_changed`, `passkey_added`.
    #[expect(clippy::unused_async, clippy::unused_self, reason = "the mail slice fills it")]
    pub(crate) async fn note(
        &self,
        _tx: &mut Tx,
        _user: UserId,
        _kind: &'static str,
        _client: &Client,
    ) -> store::Result<()> {
        Ok(())
    }
}
