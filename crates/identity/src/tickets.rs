//! Tickets for sockets (A1-H6): made for somebody who is signed in, good once, for half a minute, for one purpose and from
//! one network. What opens a socket is then worth nothing to whoever reads it in a log afterwards.

use crate::Identity;
use crate::queries::Id;
use guard::{Caller, Sender};
use kernel::{Fault, Kind, Secret, Timestamp, UserId};
use seal::{Purpose, TokenHash, token};
use std::sync::Arc;
use std::time::Duration;
use store::{Record, Result as Stored, Sql, Statement, Tx};
use uuid::Uuid;

/// How long a ticket is good.
pub(crate) const LIFE: Duration = Duration::from_secs(30);

store::row! {
    /// A ticket that was used just now.
    struct Used {
        user_id: UserId,
        session_id: Uuid,
        purpose: String,
        network: String,
        expires_at: Timestamp,
    }
}

const INSERT: Sql = Sql::same(
    "insert into ws_tickets (token_hash, user_id, session_id, purpose, network, expires_at)
     values ($1, $2, $3, $4, $5, $6)",
);
/// Of several that come with one ticket, one gets the row.
const USE: Sql = Sql::same(
    "delete from ws_tickets where token_hash = $1 returning user_id, session_id, purpose, network, expires_at",
);
const SWEEP: Sql = Sql::same(
    "delete from ws_tickets where token_hash in (select token_hash from ws_tickets where expires_at <= $1 limit $2)",
);
const SESSION: Sql = Sql::same("select id from sessions where id = $1 and revoked_at is null");

/// Every text of this module, for the catalogue test.
pub const STATEMENTS: &[Statement] = &[
    Statement::write(INSERT),
    Statement::read(USE, Used::COLUMNS),
    Statement::write(SWEEP),
    Statement::read(SESSION, Id::COLUMNS),
];

/// Deletes up to `limit` tickets that nobody has used in time; answers how many it were.
pub(crate) async fn sweep(tx: &mut Tx, now: Timestamp, limit: i64) -> Stored<u64> {
    tx.sql(SWEEP).bind(now).bind(limit).run().await
}

impl Identity {
    /// Makes a ticket for the session of whoever asks.
    ///
    /// # Errors
    /// 403 `not_with_this_credential` for whoever has no session here: a ticket could not outlive what nobody can end.
    pub(crate) async fn issue_ticket(
        &self,
        caller: &Caller,
        purpose: &str,
        network: &str,
    ) -> Result<Secret<String>, Fault> {
        let (secret, hash) = token::mint(Purpose::Ticket, &*self.ambient.rng);
        let until = self.ambient.now().plus(LIFE);
        let mut tx = self.db.begin().await?;
        if tx.sql(SESSION).bind(caller.session_id).optional::<Id>().await?.is_none() {
            let detail = "Sockets are for who has signed in here, not with a token of another provider.";
            return Err(Fault::new(Kind::Forbidden, "not_with_this_credential", detail));
        }
        tx.sql(INSERT)
            .bind(hash.as_bytes().to_vec())
            .bind(caller.user_id)
            .bind(caller.session_id)
            .bind(purpose.to_owned())
            .bind(network.to_owned())
            .bind(until)
            .run()
            .await?;
        tx.commit().await?;
        Ok(secret)
    }

    /// Uses a ticket up. Whoever sends it from another network, or for something else, has used it up too.
    pub(crate) async fn redeem_ticket(
        self: &Arc<Self>,
        text: &str,
        purpose: &str,
        sender: &Sender,
    ) -> Result<Option<Caller>, Fault> {
        let Some(hash) = token::parse(Purpose::Ticket, text) else { return Ok(None) };
        let Some(used) = self.use_ticket(&hash).await? else { return Ok(None) };
        let fits = used.purpose == purpose && used.network == sender.prefix();
        if !fits || self.ambient.now() >= used.expires_at {
            return Ok(None);
        }
        let known = self.session_by_id(used.session_id).await?;
        let caller = known.map(|known| known.caller.clone()).filter(|caller| caller.user_id == used.user_id);
        // What is bound to a session as it was is bound to it here too; nothing recent is proven by a ticket.
        Ok(caller.map(|caller| Caller { confirmed_at: None, ..caller }))
    }

    /// Makes a ticket void that was seen where it must not be; whose it was.
    pub(crate) async fn ticket_leaked(&self, text: &str) -> Result<Option<UserId>, Fault> {
        let Some(hash) = token::parse(Purpose::Ticket, text) else { return Ok(None) };
        Ok(self.use_ticket(&hash).await?.filter(|used| self.ambient.now() < used.expires_at).map(|used| used.user_id))
    }

    async fn use_ticket(&self, hash: &TokenHash) -> Stored<Option<Used>> {
        let mut tx = self.db.begin().await?;
        let used = tx.sql(USE).bind(hash.as_bytes().to_vec()).optional::<Used>().await?;
        tx.commit().await?;
        Ok(used)
    }
}
