//! The texts about letters, links in them, errands, tries, events and invitations, and the functions that send them.

use crate::lockout::State;
use crate::model::RoleColumn;
use crate::queries::Id;
use guard::Role;
use kernel::{Cursor, Limit, Timestamp, UserId};
use seal::{Purpose, TokenHash};
use store::{Record, Result, Sql, Statement, Tx};
use uuid::Uuid;

store::row! {
    /// Something sealed.
    pub(crate) struct Sealed { pub(crate) body: Vec<u8> }
}

store::row! {
    /// A letter as it is kept.
    pub(crate) struct MailRow {
        pub(crate) id: Uuid,
        pub(crate) body: Vec<u8>,
        pub(crate) created_at: Timestamp,
        pub(crate) sent_at: Option<Timestamp>,
    }
}

store::row! {
    /// What a letter to somebody has to know.
    pub(crate) struct Reader {
        pub(crate) email: String,
        pub(crate) email_folded: String,
        pub(crate) locale: String,
        pub(crate) status: String,
    }
}

store::row! {
    /// What a change of the password has to know.
    pub(crate) struct Keeper {
        pub(crate) id: UserId,
        pub(crate) email: String,
        pub(crate) display_name: String,
        pub(crate) password_phc: String,
        pub(crate) password_state: String,
    }
}

store::row! {
    /// A sign-up that waits for its address to be confirmed.
    pub(crate) struct SignupRow { pub(crate) id: Uuid, pub(crate) body: Vec<u8> }
}

store::row! {
    /// Whose link it was.
    pub(crate) struct Whose { pub(crate) user_id: UserId }
}

store::row! {
    /// The count of wrong tries, as it is stored.
    pub(crate) struct Count {
        pub(crate) tries: i64,
        pub(crate) total: i64,
        pub(crate) locks: i64,
        pub(crate) locked_until: Option<Timestamp>,
    }
}

store::row! {
    /// An event, as it is stored.
    pub(crate) struct EventRow {
        pub(crate) id: Uuid,
        pub(crate) at: Timestamp,
        pub(crate) kind: String,
        pub(crate) network: String,
        pub(crate) device: String,
    }
}

store::row! {
    /// An invitation, as it is stored.
    pub(crate) struct InvitationRow {
        pub(crate) id: Uuid,
        pub(crate) email: Option<String>,
        pub(crate) role: RoleColumn,
        pub(crate) created_at: Timestamp,
        pub(crate) expires_at: Timestamp,
        pub(crate) used_at: Option<Timestamp>,
    }
}

store::row! {
    /// Somebody who waits for a yes.
    pub(crate) struct WaitingRow {
        pub(crate) id: UserId,
        pub(crate) email: String,
        pub(crate) display_name: String,
        pub(crate) created_at: Timestamp,
    }
}

const INSERT_ERRAND: Sql = Sql::same("insert into errands (id, body, created_at) values ($1, $2, $3)");
const FIND_ERRAND: Sql = Sql::same("select body from errands where id = $1");
const DELETE_ERRAND: Sql = Sql::same("delete from errands where id = $1");
const SWEEP_ERRANDS: Sql = Sql::same("delete from errands where created_at < $1");

const INSERT_MAIL: Sql = Sql::same("insert into mails (id, user_id, body, created_at) values ($1, $2, $3, $4)");
const FIND_MAIL: Sql = Sql::same("select id, body, created_at, sent_at from mails where id = $1");
const MAIL_SENT: Sql = Sql::same("update mails set sent_at = $1 where id = $2 and sent_at is null");
const DELETE_MAIL: Sql = Sql::same("delete from mails where id = $1");
const LIST_MAILS: Sql = Sql::same(
    "select id, body, created_at, sent_at from mails where (created_at, id) < ($1, $2)
     order by created_at desc, id desc limit $3",
);
const SWEEP_MAILS: Sql = Sql::same("delete from mails where created_at < $1");

const READER: Sql = Sql::same("select email, email_folded, locale, status from users where id = $1");
const KEEPER: Sql = Sql::same(
    "select id, email, display_name, password_phc, password_state from users where id = $1 and status = 'active'",
);

const INSERT_SIGNUP: Sql = Sql::same(
    "insert into signups (id, token_hash, subject, body, created_at, expires_at) values ($1, $2, $3, $4, $5, $6)",
);
const FIND_SIGNUP: Sql = Sql::same("select id, body from signups where token_hash = $1 and expires_at > $2");
const NEWEST_SIGNUP: Sql = Sql::same(
    "select id, body from signups where subject = $1 and expires_at > $2 order by created_at desc, id desc limit 1",
);
const RENEW_SIGNUP: Sql = Sql::same("update signups set token_hash = $1, expires_at = $2 where id = $3");
const DELETE_SIGNUP: Sql = Sql::same("delete from signups where id = $1");
const DELETE_SIGNUPS: Sql = Sql::same("delete from signups where subject = $1");
const SWEEP_SIGNUPS: Sql = Sql::same("delete from signups where expires_at < $1");

const INSERT_LINK: Sql = Sql::same(
    "insert into account_links (token_hash, purpose, user_id, created_at, expires_at) values ($1, $2, $3, $4, $5)",
);
const FIND_LINK: Sql = Sql::same(
    "select user_id from account_links where token_hash = $1 and purpose = $2 and used_at is null and expires_at > $3",
);
const USE_LINK: Sql = Sql::same(
    "update account_links set used_at = $1
     where token_hash = $2 and purpose = $3 and used_at is null and expires_at > $1 returning user_id",
);
const VOID_LINKS: Sql = Sql::same("delete from account_links where user_id = $1 and purpose = $2");
const SWEEP_LINKS: Sql = Sql::same("delete from account_links where expires_at < $1");

/// Answers the row as it was, and keeps everybody else from it until the transaction is over.
const HOLD_COUNT: Sql = Sql::same(
    "insert into lockouts (subject, lane, tries, total, locks, seen_at) values ($1, $2, 0, 0, 0, $3)
     on conflict (subject, lane) do update set seen_at = excluded.seen_at
     returning tries, total, locks, locked_until",
);
const SET_COUNT: Sql = Sql::same(
    "update lockouts set tries = $1, total = $2, locks = $3, locked_until = $4 where subject = $5 and lane = $6",
);
const FIND_COUNT: Sql =
    Sql::same("select tries, total, locks, locked_until from lockouts where subject = $1 and lane = $2");
const FORGET_LANE: Sql = Sql::same("delete from lockouts where subject = $1 and lane = $2");
const FORGET_COUNTS: Sql = Sql::same("delete from lockouts where subject = $1");
const LIFT_LOCKS: Sql = Sql::same("update lockouts set tries = 0, locked_until = null where subject = $1");
const SWEEP_COUNTS: Sql = Sql::same("delete from lockouts where seen_at < $1 and total < $2");

const INSERT_EVENT: Sql =
    Sql::same("insert into account_events (id, user_id, at, kind, network, device) values ($1, $2, $3, $4, $5, $6)");
const LIST_EVENTS: Sql = Sql::same(
    "select id, at, kind, network, device from account_events where user_id = $1 and (at, id) < ($2, $3)
     order by at desc, id desc limit $4",
);
const SWEEP_EVENTS: Sql = Sql::same("delete from account_events where at < $1");

/// Ends every session of both surfaces: they carry the epoch in which they began.
const SET_PASSWORD: Sql = Sql::same(
    "update users set password_phc = $1, password_state = 'current', updated_at = $2, version = version + 1
     where id = $3 and status <> 'disabled'",
);
const MARK_PASSWORD: Sql =
    Sql::same("update users set password_state = $1 where id = $2 and password_state = 'current'");
const VOID_PASSWORD: Sql = Sql::same("update users set password_state = 'void' where id = $1");
const UPDATE_PROFILE: Sql = Sql::same(
    "update users set display_name = coalesce($1, display_name), locale = coalesce($2, locale),
                      time_zone = coalesce($3, time_zone), updated_at = $4, version = version + 1
     where id = $5",
);
/// Never the owner, and nobody who waits for a yes.
const DISABLE: Sql = Sql::same(
    "update users set status = 'disabled', updated_at = $1, version = version + 1
     where id = $2 and status = 'active' and role <> 'owner'",
);
const ENABLE: Sql = Sql::same(
    "update users set status = 'active', updated_at = $1, version = version + 1 where id = $2 and status = 'disabled'",
);
const WAITING: Sql = Sql::same(
    "select id, email, display_name, created_at from users
     where status = 'awaiting' and (created_at, id) < ($1, $2) order by created_at desc, id desc limit $3",
);
const APPROVE: Sql =
    Sql::same("update users set status = 'active', updated_at = $1 where id = $2 and status = 'awaiting'");
const DECLINE: Sql = Sql::same("delete from users where id = $1 and status = 'awaiting'");

const INSERT_INVITATION: Sql = Sql::same(
    "insert into invitations (id, token_hash, email, role, created_by, created_at, expires_at)
     values ($1, $2, $3, $4, $5, $6, $7)",
);
const LIST_INVITATIONS: Sql = Sql::same(
    "select id, email, role, created_at, expires_at, used_at from invitations where (created_at, id) < ($1, $2)
     order by created_at desc, id desc limit $3",
);
const FIND_INVITATION: Sql = Sql::same(
    "select id, email, role, created_at, expires_at, used_at from invitations
     where token_hash = $1 and used_at is null and expires_at > $2",
);
const USE_INVITATION: Sql = Sql::same("update invitations set used_at = $1 where id = $2 and used_at is null");
const GIVE_BACK_INVITATION: Sql = Sql::same("update invitations set used_at = null where id = $1");
const DELETE_INVITATION: Sql = Sql::same("delete from invitations where id = $1");
const SWEEP_INVITATIONS: Sql = Sql::same("delete from invitations where expires_at < $1");

/// Every text of this part, for the catalogue test.
pub const STATEMENTS: &[Statement] = &[
    Statement::write(INSERT_ERRAND),
    Statement::read(FIND_ERRAND, Sealed::COLUMNS),
    Statement::write(DELETE_ERRAND),
    Statement::write(SWEEP_ERRANDS),
    Statement::write(INSERT_MAIL),
    Statement::read(FIND_MAIL, MailRow::COLUMNS),
    Statement::write(MAIL_SENT),
    Statement::write(DELETE_MAIL),
    Statement::read(LIST_MAILS, MailRow::COLUMNS),
    Statement::write(SWEEP_MAILS),
    Statement::read(READER, Reader::COLUMNS),
    Statement::read(KEEPER, Keeper::COLUMNS),
    Statement::write(INSERT_SIGNUP),
    Statement::read(FIND_SIGNUP, SignupRow::COLUMNS),
    Statement::read(NEWEST_SIGNUP, SignupRow::COLUMNS),
    Statement::write(RENEW_SIGNUP),
    Statement::write(DELETE_SIGNUP),
    Statement::write(DELETE_SIGNUPS),
    Statement::write(SWEEP_SIGNUPS),
    Statement::write(INSERT_LINK),
    Statement::read(FIND_LINK, Whose::COLUMNS),
    Statement::read(USE_LINK, Whose::COLUMNS),
    Statement::write(VOID_LINKS),
    Statement::write(SWEEP_LINKS),
    Statement::read(HOLD_COUNT, Count::COLUMNS),
    Statement::write(SET_COUNT),
    Statement::read(FIND_COUNT, Count::COLUMNS),
    Statement::write(FORGET_LANE),
    Statement::write(FORGET_COUNTS),
    Statement::write(LIFT_LOCKS),
    Statement::write(SWEEP_COUNTS),
    Statement::write(INSERT_EVENT),
    Statement::read(LIST_EVENTS, EventRow::COLUMNS),
    Statement::write(SWEEP_EVENTS),
    Statement::write(SET_PASSWORD),
    Statement::write(MARK_PASSWORD),
    Statement::write(VOID_PASSWORD),
    Statement::write(UPDATE_PROFILE),
    Statement::write(DISABLE),
    Statement::write(ENABLE),
    Statement::read(WAITING, WaitingRow::COLUMNS),
    Statement::write(APPROVE),
    Statement::write(DECLINE),
    Statement::write(INSERT_INVITATION),
    Statement::read(LIST_INVITATIONS, InvitationRow::COLUMNS),
    Statement::read(FIND_INVITATION, InvitationRow::COLUMNS),
    Statement::write(USE_INVITATION),
    Statement::write(GIVE_BACK_INVITATION),
    Statement::write(DELETE_INVITATION),
    Statement::write(SWEEP_INVITATIONS),
];

// Errands.

pub(crate) async fn insert_errand(tx: &mut Tx, id: Uuid, body: Vec<u8>, at: Timestamp) -> Result<()> {
    tx.sql(INSERT_ERRAND).bind(id).bind(body).bind(at).run().await.map(drop)
}

pub(crate) async fn find_errand(tx: &mut Tx, id: Uuid) -> Result<Option<Sealed>> {
    tx.sql(FIND_ERRAND).bind(id).optional().await
}

/// `false` when it was done already.
pub(crate) async fn delete_errand(tx: &mut Tx, id: Uuid) -> Result<bool> {
    Ok(tx.sql(DELETE_ERRAND).bind(id).run().await? > 0)
}

// Letters.

pub(crate) async fn insert_mail(
    tx: &mut Tx,
    id: Uuid,
    user: Option<UserId>,
    body: Vec<u8>,
    at: Timestamp,
) -> Result<()> {
    tx.sql(INSERT_MAIL).bind(id).bind(user).bind(body).bind(at).run().await.map(drop)
}

pub(crate) async fn find_mail(tx: &mut Tx, id: Uuid) -> Result<Option<MailRow>> {
    tx.sql(FIND_MAIL).bind(id).optional().await
}

pub(crate) async fn mail_sent(tx: &mut Tx, id: Uuid, at: Timestamp) -> Result<()> {
    tx.sql(MAIL_SENT).bind(at).bind(id).run().await.map(drop)
}

pub(crate) async fn delete_mail(tx: &mut Tx, id: Uuid) -> Result<()> {
    tx.sql(DELETE_MAIL).bind(id).run().await.map(drop)
}

pub(crate) async fn list_mails(tx: &mut Tx, before: Cursor, limit: Limit) -> Result<Vec<MailRow>> {
    tx.sql(LIST_MAILS).bind(before.at).bind(before.id).bind(i64::from(limit.get()) + 1).all().await
}

// People.

pub(crate) async fn reader(tx: &mut Tx, user: UserId) -> Result<Option<Reader>> {
    tx.sql(READER).bind(user).optional().await
}

/// `None` when the account may not be used.
pub(crate) async fn keeper(tx: &mut Tx, user: UserId) -> Result<Option<Keeper>> {
    tx.sql(KEEPER).bind(user).optional().await
}

pub(crate) async fn owner(tx: &mut Tx) -> Result<Option<UserId>> {
    Ok(tx.sql(crate::queries::OWNER).optional::<Id>().await?.map(|found| found.id.into()))
}

pub(crate) async fn set_password(tx: &mut Tx, user: UserId, phc: String, at: Timestamp) -> Result<bool> {
    Ok(tx.sql(SET_PASSWORD).bind(phc).bind(at).bind(user).run().await? > 0)
}

/// `false` when it cannot be, or was before.
pub(crate) async fn disable(tx: &mut Tx, user: UserId, at: Timestamp) -> Result<bool> {
    Ok(tx.sql(DISABLE).bind(at).bind(user).run().await? > 0)
}

/// `false` when it was not disabled.
pub(crate) async fn enable(tx: &mut Tx, user: UserId, at: Timestamp) -> Result<bool> {
    Ok(tx.sql(ENABLE).bind(at).bind(user).run().await? > 0)
}

/// `false` when it was marked before.
pub(crate) async fn mark_password(tx: &mut Tx, user: UserId, state: &'static str) -> Result<bool> {
    Ok(tx.sql(MARK_PASSWORD).bind(state.to_owned()).bind(user).run().await? > 0)
}

pub(crate) async fn void_password(tx: &mut Tx, user: UserId) -> Result<()> {
    tx.sql(VOID_PASSWORD).bind(user).run().await.map(drop)
}

pub(crate) async fn update_profile(
    tx: &mut Tx,
    user: UserId,
    name: Option<String>,
    locale: Option<String>,
    zone: Option<String>,
    at: Timestamp,
) -> Result<()> {
    tx.sql(UPDATE_PROFILE).bind(name).bind(locale).bind(zone).bind(at).bind(user).run().await.map(drop)
}

pub(crate) async fn waiting(tx: &mut Tx, before: Cursor, limit: Limit) -> Result<Vec<WaitingRow>> {
    tx.sql(WAITING).bind(before.at).bind(before.id).bind(i64::from(limit.get()) + 1).all().await
}

/// `false` when nobody of this id waits.
pub(crate) async fn approve(tx: &mut Tx, user: UserId, at: Timestamp) -> Result<bool> {
    Ok(tx.sql(APPROVE).bind(at).bind(user).run().await? > 0)
}

pub(crate) async fn decline(tx: &mut Tx, user: UserId) -> Result<bool> {
    Ok(tx.sql(DECLINE).bind(user).run().await? > 0)
}

// Sign-ups that wait.

pub(crate) async fn insert_signup(
    tx: &mut Tx,
    id: Uuid,
    hash: &TokenHash,
    subject: String,
    body: Vec<u8>,
    at: Timestamp,
    expires_at: Timestamp,
) -> Result<()> {
    let hash = hash.as_bytes().to_vec();
    let insert = tx.sql(INSERT_SIGNUP).bind(id).bind(hash).bind(subject).bind(body).bind(at).bind(expires_at);
    insert.run().await.map(drop)
}

pub(crate) async fn find_signup(tx: &mut Tx, hash: &TokenHash, now: Timestamp) -> Result<Option<SignupRow>> {
    tx.sql(FIND_SIGNUP).bind(hash.as_bytes().to_vec()).bind(now).optional().await
}

pub(crate) async fn newest_signup(tx: &mut Tx, subject: &str, now: Timestamp) -> Result<Option<SignupRow>> {
    tx.sql(NEWEST_SIGNUP).bind(subject.to_owned()).bind(now).optional().await
}

pub(crate) async fn renew_signup(tx: &mut Tx, id: Uuid, hash: &TokenHash, expires_at: Timestamp) -> Result<()> {
    tx.sql(RENEW_SIGNUP).bind(hash.as_bytes().to_vec()).bind(expires_at).bind(id).run().await.map(drop)
}

/// `false` when it was used already.
pub(crate) async fn delete_signup(tx: &mut Tx, id: Uuid) -> Result<bool> {
    Ok(tx.sql(DELETE_SIGNUP).bind(id).run().await? > 0)
}

pub(crate) async fn delete_signups(tx: &mut Tx, subject: &str) -> Result<()> {
    tx.sql(DELETE_SIGNUPS).bind(subject.to_owned()).run().await.map(drop)
}

// Links.

pub(crate) async fn insert_link(
    tx: &mut Tx,
    hash: &TokenHash,
    purpose: Purpose,
    user: UserId,
    at: Timestamp,
    expires_at: Timestamp,
) -> Result<()> {
    let insert = tx.sql(INSERT_LINK).bind(hash.as_bytes().to_vec()).bind(purpose.prefix().to_owned());
    insert.bind(user).bind(at).bind(expires_at).run().await.map(drop)
}

pub(crate) async fn find_link(
    tx: &mut Tx,
    hash: &TokenHash,
    purpose: Purpose,
    now: Timestamp,
) -> Result<Option<UserId>> {
    let find = tx.sql(FIND_LINK).bind(hash.as_bytes().to_vec()).bind(purpose.prefix().to_owned()).bind(now);
    Ok(find.optional::<Whose>().await?.map(|whose| whose.user_id))
}

pub(crate) async fn use_link(
    tx: &mut Tx,
    hash: &TokenHash,
    purpose: Purpose,
    now: Timestamp,
) -> Result<Option<UserId>> {
    let used = tx.sql(USE_LINK).bind(now).bind(hash.as_bytes().to_vec()).bind(purpose.prefix().to_owned());
    Ok(used.optional::<Whose>().await?.map(|whose| whose.user_id))
}

pub(crate) async fn void_links(tx: &mut Tx, user: UserId, purpose: Purpose) -> Result<()> {
    tx.sql(VOID_LINKS).bind(user).bind(purpose.prefix().to_owned()).run().await.map(drop)
}

// Tries.

/// The count as it is; nobody else reads or changes it before this transaction is over.
pub(crate) async fn hold_count(tx: &mut Tx, subject: &str, lane: &str, now: Timestamp) -> Result<State> {
    let count: Count = tx.sql(HOLD_COUNT).bind(subject.to_owned()).bind(lane.to_owned()).bind(now).one().await?;
    Ok(state(&count))
}

pub(crate) async fn find_count(tx: &mut Tx, subject: &str, lane: &str) -> Result<Option<State>> {
    let count: Option<Count> = tx.sql(FIND_COUNT).bind(subject.to_owned()).bind(lane.to_owned()).optional().await?;
    Ok(count.as_ref().map(state))
}

const fn state(count: &Count) -> State {
    State { tries: count.tries, total: count.total, locks: count.locks, locked_until: count.locked_until }
}

pub(crate) async fn set_count(tx: &mut Tx, subject: &str, lane: &str, state: State) -> Result<()> {
    let set = tx.sql(SET_COUNT).bind(state.tries).bind(state.total).bind(state.locks).bind(state.locked_until);
    set.bind(subject.to_owned()).bind(lane.to_owned()).run().await.map(drop)
}

pub(crate) async fn forget_lane(tx: &mut Tx, subject: &str, lane: &str) -> Result<()> {
    tx.sql(FORGET_LANE).bind(subject.to_owned()).bind(lane.to_owned()).run().await.map(drop)
}

pub(crate) async fn forget_counts(tx: &mut Tx, subject: &str) -> Result<u64> {
    tx.sql(FORGET_COUNTS).bind(subject.to_owned()).run().await
}

pub(crate) async fn lift_locks(tx: &mut Tx, subject: &str) -> Result<u64> {
    tx.sql(LIFT_LOCKS).bind(subject.to_owned()).run().await
}

// Events.

pub(crate) async fn insert_event(tx: &mut Tx, user: UserId, event: EventRow) -> Result<()> {
    let insert = tx.sql(INSERT_EVENT).bind(event.id).bind(user).bind(event.at).bind(event.kind);
    insert.bind(event.network).bind(event.device).run().await.map(drop)
}

pub(crate) async fn list_events(tx: &mut Tx, user: UserId, before: Cursor, limit: Limit) -> Result<Vec<EventRow>> {
    let list = tx.sql(LIST_EVENTS).bind(user).bind(before.at).bind(before.id);
    list.bind(i64::from(limit.get()) + 1).all().await
}

// Invitations.

pub(crate) async fn insert_invitation(
    tx: &mut Tx,
    invitation: &InvitationRow,
    hash: &TokenHash,
    by: UserId,
) -> Result<()> {
    tx.sql(INSERT_INVITATION)
        .bind(invitation.id)
        .bind(hash.as_bytes().to_vec())
        .bind(invitation.email.clone())
        .bind(invitation.role)
        .bind(by)
        .bind(invitation.created_at)
        .bind(invitation.expires_at)
        .run()
        .await
        .map(drop)
}

pub(crate) async fn list_invitations(tx: &mut Tx, before: Cursor, limit: Limit) -> Result<Vec<InvitationRow>> {
    tx.sql(LIST_INVITATIONS).bind(before.at).bind(before.id).bind(i64::from(limit.get()) + 1).all().await
}

pub(crate) async fn find_invitation(tx: &mut Tx, hash: &TokenHash, now: Timestamp) -> Result<Option<InvitationRow>> {
    tx.sql(FIND_INVITATION).bind(hash.as_bytes().to_vec()).bind(now).optional().await
}

/// `false` when somebody was faster.
pub(crate) async fn use_invitation(tx: &mut Tx, id: Uuid, now: Timestamp) -> Result<bool> {
    Ok(tx.sql(USE_INVITATION).bind(now).bind(id).run().await? > 0)
}

pub(crate) async fn give_back_invitation(tx: &mut Tx, id: Uuid) -> Result<()> {
    tx.sql(GIVE_BACK_INVITATION).bind(id).run().await.map(drop)
}

pub(crate) async fn delete_invitation(tx: &mut Tx, id: Uuid) -> Result<bool> {
    Ok(tx.sql(DELETE_INVITATION).bind(id).run().await? > 0)
}

/// How long what this part keeps is kept; see `docs/retention.md`.
pub(crate) struct Kept {
    pub(crate) errands: Timestamp,
    pub(crate) mails: Timestamp,
    pub(crate) over: Timestamp,
    pub(crate) counts: Timestamp,
    pub(crate) events: Timestamp,
    /// Counts of so many wrong tries stay: what they stop must not begin again by waiting.
    pub(crate) hard_stop: i64,
}

/// Deletes what is older; answers how many rows it was.
pub(crate) async fn sweep(tx: &mut Tx, kept: &Kept) -> Result<u64> {
    Ok(tx.sql(SWEEP_ERRANDS).bind(kept.errands).run().await?
        + tx.sql(SWEEP_MAILS).bind(kept.mails).run().await?
        + tx.sql(SWEEP_SIGNUPS).bind(kept.over).run().await?
        + tx.sql(SWEEP_LINKS).bind(kept.over).run().await?
        + tx.sql(SWEEP_INVITATIONS).bind(kept.over).run().await?
        + tx.sql(SWEEP_COUNTS).bind(kept.counts).bind(kept.hard_stop).run().await?
        + tx.sql(SWEEP_EVENTS).bind(kept.events).run().await?)
}

/// The role of an invitation.
pub(crate) const fn role(row: &InvitationRow) -> Role {
    row.role.0
}
