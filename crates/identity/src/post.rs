//! Letters on their way: written into the transaction that makes them necessary, sealed whole, sent by a job.
//!
//! At least once: a process can die between the server's "taken" and our note of it. Both copies carry one `Message-ID`.

use crate::Identity;
use crate::account_queries as queries;
use crate::config::Post;
use kernel::{Fault, Outage, Patience, Timestamp, UserId};
use mail::{Envelope, Letter, NotSent};
use seal::Aad;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use store::Tx;
use store::jobs::{Handler, Job, Lease, NewJob, Outcome, enqueue};
use uuid::Uuid;

/// How often a letter is tried: for some twelve hours.
const TRIES: u32 = 20;
const FIRST_PAUSE: Duration = Duration::from_secs(20);
const LONGEST_PAUSE: Duration = Duration::from_hours(1);

/// How the mail server is borne with: each step of a conversation has 20 s of its own.
pub(crate) const PATIENCE: Patience = Patience::of(Duration::from_mins(1));

/// Whether the mail server does not do its work, rather than not wanting this letter, or not now (greylisting).
#[expect(clippy::trivially_copy_pass_by_ref, reason = "a way asks this of any error, and most are large")]
fn is_outage(refused: &NotSent) -> bool {
    matches!(refused, NotSent::Later(None | Some(421)))
}

/// A letter as it is sealed.
#[derive(Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) to: String,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
}

const fn place(id: Uuid) -> Aad {
    Aad { table: "mails", row: id, column: "body", user: Uuid::nil() }
}

impl Identity {
    /// Whether letters arrive anywhere.
    pub(crate) fn has_mail(&self) -> bool {
        !matches!(self.config.post, Post::None)
    }

    /// Whether the owner can read letters on a page.
    pub(crate) fn has_outbox(&self) -> bool {
        matches!(self.config.post, Post::Outbox)
    }

    /// Queues a letter with the change that makes it necessary. Does nothing on a server that cannot send mail.
    pub(crate) async fn post_letter(
        &self,
        tx: &mut Tx,
        owner: Option<UserId>,
        to: String,
        letter: Letter,
    ) -> Result<(), Fault> {
        if !self.has_mail() {
            return Ok(());
        }
        let Letter { subject, text, html } = letter;
        let (id, now) = (self.ambient.uuid(), self.ambient.now());
        let body = serde_json::to_vec(&Kept { to, subject, text, html }).map_err(Fault::internal)?;
        let body = self.post_key.seal(&place(id), &body, &*self.ambient.rng);
        queries::insert_mail(tx, id, owner, body, now).await?;
        let job = NewJob { kind: Deliver::KIND, subject: id, owner, run_at: now, max_attempts: TRIES };
        enqueue(tx, &self.ambient, job).await?;
        Ok(())
    }

    /// Opens a letter.
    pub(crate) fn open_letter(&self, id: Uuid, body: &[u8]) -> Result<Kept, Fault> {
        let body = self.post_key.open(&place(id), body)?;
        serde_json::from_slice(&body).map_err(Fault::internal)
    }

    /// Sends a letter; `None` when it is to be tried again.
    async fn deliver(&self, id: Uuid, lease: &Lease) -> Result<Option<NotSent>, Fault> {
        let found = queries::find_mail(&mut self.db.lookup().await?, id).await?;
        let Some(row) = found.filter(|row| row.sent_at.is_none()) else { return Ok(None) };
        let kept = self.open_letter(id, &row.body)?;
        let refused = match &self.config.post {
            Post::Smtp(smtp) => {
                let letter = Letter { subject: kept.subject, text: kept.text, html: kept.html };
                let envelope = Envelope { to: &kept.to, id, at: row.created_at };
                let sent = self.post_way.call(smtp.send(&envelope, &letter), is_outage).await;
                sent.err().map(|outage| match outage {
                    Outage::Failed(refused) => refused,
                    Outage::Open { .. } | Outage::TimedOut => NotSent::Later(None),
                })
            }
            Post::Outbox => {
                tracing::info!(event = "letter_in_outbox", mail = %id, "no mail server is set: the owner can read it");
                None
            }
            // It was queued before the setting was taken away: it waits until there is a way again, or a week is over.
            Post::None => return Ok(Some(NotSent::Later(None))),
        };
        if let Some(refused) = refused {
            return Ok(Some(refused));
        }
        self.note_sent(id, self.ambient.now(), lease).await?;
        Ok(None)
    }

    async fn note_sent(&self, id: Uuid, now: Timestamp, lease: &Lease) -> Result<(), Fault> {
        let mut tx = self.db.begin().await?;
        if self.has_outbox() {
            queries::mail_sent(&mut tx, id, now).await?;
        } else {
            queries::delete_mail(&mut tx, id).await?;
        }
        lease.complete(&mut tx).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// The job that sends one letter.
pub struct Deliver(pub Arc<Identity>);

impl Handler for Deliver {
    const KIND: &'static str = "identity.mail";
    const CONCURRENCY: usize = 4;

    async fn run(&self, job: Job, lease: Lease) -> Outcome {
        if let Err(wait) = self.0.post_way.ready() {
            // A server that is known to be away uses up no tries.
            tokio::time::sleep(wait).await;
        }
        match self.0.deliver(job.subject, &lease).await {
            Ok(None) => Outcome::Done,
            Ok(Some(NotSent::Never(code))) => {
                tracing::warn!(event = "letter_refused", mail = %job.subject, code, "the mail server refused a letter for good");
                Outcome::Fail { code: "refused" }
            }
            Ok(Some(later @ NotSent::Later(_))) => {
                tracing::warn!(event = "letter_waits", mail = %job.subject, %later, "a letter is tried again");
                Outcome::Retry { after: pause(job.attempts), reason: "mail_server_away" }
            }
            Err(error) => {
                tracing::warn!(event = "letter_waits", mail = %job.subject, %error, "a letter is tried again");
                Outcome::Retry { after: pause(job.attempts), reason: "failed" }
            }
        }
    }

    /// What will never be sent is not kept either.
    async fn gave_up(&self, tx: &mut Tx, job: &Job, _code: &str) -> store::Result<()> {
        queries::delete_mail(tx, job.subject).await
    }
}

/// 20 s, 40 s, 80 s … up to an hour.
fn pause(attempts: i64) -> Duration {
    let times = u32::try_from(attempts - 1).unwrap_or(0).min(16);
    FIRST_PAUSE.saturating_mul(2u32.saturating_pow(times)).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_an_hour_and_together_last_for_hours() {
        assert_eq!([1, 2, 3, 4].map(|attempt| pause(attempt).as_secs()), [20, 40, 80, 160]);
        assert_eq!(pause(1_000), LONGEST_PAUSE);
        let total: Duration = (1..i64::from(TRIES)).map(pause).sum();
        assert!(total > Duration::from_hours(8), "{total:?}");
    }
}
