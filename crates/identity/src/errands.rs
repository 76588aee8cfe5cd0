//! What is done beside the answer: whatever depends on who has an address.
//!
//! A request that names an address is written down as it came, sealed, and answered; a job looks the address up and does
//! what is to be done. So the answer and its time cannot tell whether anybody has the address, because at that moment
//! nobody has looked (A1-H4).

use crate::account_queries as queries;
use crate::accounts::Stored;
use crate::model::{DisplayName, Email};
use crate::notices::Notice;
use crate::queries::{ACTIVE, AWAITING, NewAccount};
use crate::{Identity, Registration};
use guard::Role;
use kernel::{Fault, Timestamp, UserId};
use mail::Locale;
use seal::{Aad, Purpose, TokenHash, token};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use store::Tx;
use store::jobs::{Handler, Job, Lease, NewJob, Outcome, enqueue};
use uuid::Uuid;

/// How often an errand is tried; only our own database can be in its way.
const TRIES: u32 = 100;
const PAUSE: Duration = Duration::from_secs(5);
/// An errand begins at some moment within this time, left to chance: were it at once, whoever asks again could tell by the
/// next answer how much there was to do for the one before, and so whether anybody has that address.
pub(crate) const BEGUN_WITHIN: Duration = Duration::from_secs(1);

/// Something to be done.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Errand {
    /// Somebody wants an account.
    SignUp(Pending),
    /// Somebody wants another letter to confirm the address, folded.
    Resend { email: String },
    /// Somebody wants to set a new password for the address, folded.
    Reset { email: String },
    /// An address was locked; its owner is told, if it has one.
    Locked {
        subject: String,
        lane: String,
        until: Timestamp,
        at: Timestamp,
        tries: i64,
        address: Option<IpAddr>,
        device: String,
        user: Option<UserId>,
        email: String,
    },
}

/// What an account is made of, and is taken in the same transaction.
#[derive(Clone, Copy)]
enum Claim {
    /// An errand, on a server that cannot send mail.
    Errand(Uuid),
    /// A sign-up whose address was confirmed.
    Signup(Uuid),
}

impl Claim {
    /// `false` when somebody else took it.
    async fn take(self, tx: &mut Tx) -> store::Result<bool> {
        match self {
            Self::Errand(id) => queries::delete_errand(tx, id).await,
            Self::Signup(id) => queries::delete_signup(tx, id).await,
        }
    }
}

/// An account that somebody wants.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Pending {
    pub(crate) email: String,
    pub(crate) display_name: String,
    pub(crate) password_phc: String,
    pub(crate) locale: String,
    pub(crate) time_zone: String,
    pub(crate) role: Role,
    /// The invitation that was used for it.
    pub(crate) invitation: Option<Uuid>,
}

const fn place(id: Uuid) -> Aad {
    Aad { table: "errands", row: id, column: "body", user: Uuid::nil() }
}

const fn signup_place(id: Uuid) -> Aad {
    Aad { table: "signups", row: id, column: "body", user: Uuid::nil() }
}

impl Identity {
    /// Writes an errand down, to be done not before `run_at`.
    pub(crate) async fn send_on_errand(&self, tx: &mut Tx, errand: &Errand, run_at: Timestamp) -> Result<(), Fault> {
        let id = self.ambient.uuid();
        let body = serde_json::to_vec(errand).map_err(Fault::internal)?;
        let body = self.post_key.seal(&place(id), &body, &*self.ambient.rng);
        queries::insert_errand(tx, id, body, self.ambient.now()).await?;
        let job = NewJob { kind: Errands::KIND, subject: id, owner: None, run_at, max_attempts: TRIES };
        enqueue(tx, &self.ambient, job).await?;
        Ok(())
    }

    /// The same in a transaction of its own, to be done soon.
    pub(crate) async fn run_errand(&self, errand: &Errand) -> Result<(), Fault> {
        let mut tx = self.db.begin().await?;
        self.send_on_errand(&mut tx, errand, self.soon()).await?;
        tx.commit().await?;
        Ok(())
    }

    /// When to begin what somebody has just asked for.
    pub(crate) fn soon(&self) -> Timestamp {
        let chance = u32::from(u16::from_le_bytes(self.ambient.bytes()));
        self.ambient.now().plus(BEGUN_WITHIN * chance / u32::from(u16::MAX))
    }

    /// Does an errand. Doing it again does nothing: its row goes with what it does.
    pub(crate) async fn do_errand(&self, id: Uuid) -> Result<(), Fault> {
        let found = queries::find_errand(&mut self.db.lookup().await?, id).await?;
        let Some(sealed) = found else { return Ok(()) };
        let body = self.post_key.open(&place(id), &sealed.body)?;
        match serde_json::from_slice(&body).map_err(Fault::internal)? {
            Errand::SignUp(pending) if self.has_mail() => self.ask_to_confirm(id, pending).await,
            Errand::SignUp(pending) => self.make_invited(id, pending).await,
            Errand::Resend { email } => self.ask_again(id, &email).await,
            Errand::Reset { email } => self.send_reset(id, &email).await,
            Errand::Locked { subject, lane, until, at, tries, address, device, user, email } => {
                let user = match user {
                    Some(user) => Some(user),
                    None => self.account_of(&email).await?,
                };
                let Some(user) = user else { return self.tick_off(id).await };
                if !self.still_locked(&subject, &lane, until).await? {
                    return self.tick_off(id).await;
                }
                let mut tx = self.db.begin().await?;
                if queries::delete_errand(&mut tx, id).await? {
                    let network = address.map(|ip| guard::ClientIp(ip).prefix()).unwrap_or_default();
                    self.note_from(&mut tx, user, "locked", network, device.clone()).await?;
                    let unlock = self.make_link(&mut tx, user, Purpose::Unlock).await?;
                    let not_me =
                        self.make_link_for(&mut tx, user, Purpose::NotMe, crate::links::life(Purpose::Unlock)).await?;
                    let address = address.map_or_else(|| "?".to_owned(), |ip| ip.to_string());
                    let notice = Notice::Locked { at, tries, address, device, unlock, not_me };
                    self.notify(&mut tx, user, notice).await?;
                }
                tx.commit().await?;
                Ok(())
            }
        }
    }

    /// The account of a folded address, unless it may not be used.
    async fn account_of(&self, folded: &str) -> Result<Option<UserId>, Fault> {
        let account = crate::queries::find_user(&mut self.db.lookup().await?, folded).await?;
        Ok(account.filter(|account| account.status == ACTIVE).map(|account| account.id))
    }

    async fn tick_off(&self, id: Uuid) -> Result<(), Fault> {
        let mut tx = self.db.begin().await?;
        queries::delete_errand(&mut tx, id).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Writes to the address: to confirm it, or to tell its owner that somebody tried.
    async fn ask_to_confirm(&self, id: Uuid, pending: Pending) -> Result<(), Fault> {
        let folded = Email::fold(&pending.email);
        let mut tx = self.db.begin().await?;
        if !queries::delete_errand(&mut tx, id).await? {
            return Ok(());
        }
        if let Some(owner) = crate::queries::find_user(&mut tx, &folded).await? {
            self.give_back(&mut tx, &pending).await?;
            if owner.status == ACTIVE {
                self.notify(&mut tx, owner.id, Notice::SignUpAttempt).await?;
            }
        } else {
            let (signup, now) = (self.ambient.uuid(), self.ambient.now());
            let (text, hash) = token::mint(Purpose::Verify, &*self.ambient.rng);
            let body = serde_json::to_vec(&pending).map_err(Fault::internal)?;
            let body = self.post_key.seal(&signup_place(signup), &body, &*self.ambient.rng);
            let until = now.plus(crate::links::life(Purpose::Verify));
            queries::insert_signup(&mut tx, signup, &hash, self.subject(&folded), body, now, until).await?;
            let letter = self.write(Locale::of(&pending.locale), &Notice::VerifyAddress { token: text });
            self.post_letter(&mut tx, None, pending.email, letter).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Without mail: the invitation vouches for the address.
    async fn make_invited(&self, id: Uuid, pending: Pending) -> Result<(), Fault> {
        let stored = self.make_account(pending.clone(), ACTIVE, Claim::Errand(id)).await?;
        if matches!(stored, Stored::Taken) {
            let mut tx = self.db.begin().await?;
            if queries::delete_errand(&mut tx, id).await? {
                self.give_back(&mut tx, &pending).await?;
            }
            tx.commit().await?;
        }
        Ok(())
    }

    async fn give_back(&self, tx: &mut Tx, pending: &Pending) -> Result<(), Fault> {
        if let Some(invitation) = pending.invitation {
            queries::give_back_invitation(tx, invitation).await?;
        }
        Ok(())
    }

    /// Stores an account of which everything is known.
    ///
    /// # Errors
    /// 410 `link_void` when somebody else took what it is made of.
    async fn make_account(&self, pending: Pending, status: &'static str, claim: Claim) -> Result<Stored, Fault> {
        let unreadable = |_| Fault::internal("a sign-up that was accepted cannot be read");
        let email = Email::parse(&pending.email).map_err(unreadable)?;
        let display_name = DisplayName::parse(&pending.display_name).map_err(unreadable)?;
        let (id, at) = (self.ambient.id::<UserId>(), self.ambient.now());
        // The key first, so that no account is ever without; one that is left without an account opens nothing.
        self.keys.create(id).await?;
        let account = NewAccount {
            id,
            email: &email,
            display_name: &display_name,
            role: pending.role,
            password_phc: pending.password_phc,
            status,
            locale: pending.locale,
            time_zone: pending.time_zone,
            at,
        };
        let stored = self.claim_and_store(account, status, claim).await;
        if !matches!(stored, Ok(Stored::Made(_))) {
            self.keys.destroy(id).await?;
        }
        stored
    }

    async fn claim_and_store(
        &self,
        account: NewAccount<'_>,
        status: &'static str,
        claim: Claim,
    ) -> Result<Stored, Fault> {
        let email = account.email;
        let made = account.as_user();
        let mut tx = self.db.begin().await?;
        if !claim.take(&mut tx).await? {
            return Err(crate::links::void());
        }
        if !crate::queries::insert_user(&mut tx, account).await? {
            // Dropped: what was claimed is there again for whoever decides about it.
            return Ok(Stored::Taken);
        }
        // Other sign-ups with this address have lost: it is confirmed to be this one's.
        queries::delete_signups(&mut tx, &self.subject(email.folded())).await?;
        self.note_from(&mut tx, made.id, "account_made", String::new(), String::new()).await?;
        if status == AWAITING
            && let Some(owner) = queries::owner(&mut tx).await?
        {
            self.notify(&mut tx, owner, Notice::ApprovalWanted { email: email.written().to_owned() }).await?;
        }
        tx.commit().await?;
        Ok(Stored::Made(made))
    }

    /// Confirms an address by the token of its letter: now there is an account.
    ///
    /// # Errors
    /// 410 `link_void`.
    pub(crate) async fn confirm_address(&self, hash: &TokenHash) -> Result<(String, &'static str), Fault> {
        let found = queries::find_signup(&mut self.db.lookup().await?, hash, self.ambient.now()).await?;
        let row = found.ok_or_else(crate::links::void)?;
        let body = self.post_key.open(&signup_place(row.id), &row.body)?;
        let pending: Pending = serde_json::from_slice(&body).map_err(Fault::internal)?;
        // Whoever was invited has somebody's yes already.
        let waits = self.config.registration == Registration::Approval && pending.invitation.is_none();
        let status = if waits { AWAITING } else { ACTIVE };
        let email = pending.email.clone();
        match self.make_account(pending, status, Claim::Signup(row.id)).await? {
            Stored::Made(_) => Ok((email, status)),
            // Somebody else confirmed the same address first.
            Stored::Taken | Stored::Owned => Err(crate::links::void()),
        }
    }

    async fn ask_again(&self, id: Uuid, folded: &str) -> Result<(), Fault> {
        let mut tx = self.db.begin().await?;
        if !queries::delete_errand(&mut tx, id).await? {
            return Ok(());
        }
        let now = self.ambient.now();
        if let Some(row) = queries::newest_signup(&mut tx, &self.subject(folded), now).await? {
            let body = self.post_key.open(&signup_place(row.id), &row.body)?;
            let pending: Pending = serde_json::from_slice(&body).map_err(Fault::internal)?;
            let (text, hash) = token::mint(Purpose::Verify, &*self.ambient.rng);
            queries::renew_signup(&mut tx, row.id, &hash, now.plus(crate::links::life(Purpose::Verify))).await?;
            let letter = self.write(Locale::of(&pending.locale), &Notice::VerifyAddress { token: text });
            self.post_letter(&mut tx, None, pending.email, letter).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    async fn send_reset(&self, id: Uuid, folded: &str) -> Result<(), Fault> {
        let user = self.account_of(folded).await?;
        let mut tx = self.db.begin().await?;
        if !queries::delete_errand(&mut tx, id).await? {
            return Ok(());
        }
        if let Some(user) = user {
            let token = self.make_link(&mut tx, user, Purpose::Reset).await?;
            self.notify(&mut tx, user, Notice::PasswordReset { token }).await?;
            self.note_from(&mut tx, user, "password_reset_asked", String::new(), String::new()).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

/// The job that does one errand.
pub struct Errands(pub Arc<Identity>);

impl Handler for Errands {
    const KIND: &'static str = "identity.errand";
    const CONCURRENCY: usize = 4;

    async fn run(&self, job: Job, _lease: Lease) -> Outcome {
        match self.0.do_errand(job.subject).await {
            Ok(()) => Outcome::Done,
            Err(error) => {
                tracing::warn!(event = "errand_waits", errand = %job.subject, %error, "something asked for is tried again");
                Outcome::Retry { after: PAUSE, reason: "failed" }
            }
        }
    }

    async fn gave_up(&self, tx: &mut Tx, job: &Job, _code: &str) -> store::Result<()> {
        queries::delete_errand(tx, job.subject).await.map(drop)
    }
}
