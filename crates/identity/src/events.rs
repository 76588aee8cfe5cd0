//! What happened to an account, as its owner can read it later.

use crate::Identity;
use crate::account_queries::{self as queries, EventRow};
use crate::client::Client;
use kernel::UserId;
use store::Tx;

impl Identity {
    /// Notes that something happened; `kind` is a fixed word such as `signed_in`, `password_changed`, `passkey_added`.
    pub(crate) async fn note(
        &self,
        tx: &mut Tx,
        user: UserId,
        kind: &'static str,
        client: &Client,
    ) -> store::Result<()> {
        self.note_from(tx, user, kind, client.ip_prefix.clone(), client.device()).await
    }

    /// The same where no request is at hand.
    pub(crate) async fn note_from(
        &self,
        tx: &mut Tx,
        user: UserId,
        kind: &'static str,
        network: String,
        device: String,
    ) -> store::Result<()> {
        let (id, at) = (self.ambient.uuid(), self.ambient.now());
        queries::insert_event(tx, user, EventRow { id, at, kind: kind.to_owned(), network, device }).await
    }
}
