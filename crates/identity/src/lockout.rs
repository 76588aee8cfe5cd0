//! How many wrong tries an account takes, whatever is tried: a password, a code, a passkey (A1-M6).
//!
//! Five in a row lock it for 15 minutes, and each further five for twice as long, up to a day; a hundred in a row lock it
//! until its password is set anew. A try is counted *before* its secret is looked at, so parallel guesses cannot outrun
//! the count; it stays a wrong one unless it is told to have been right. The count belongs to the pseudonym of an address,
//! whether or not anybody has that address: known and unknown behave alike and cost alike. A device that the account
//! trusts counts in a lane of its own, so that strangers cannot lock its owner out.
//!
//! While tries are under way in this process that might still turn out right, one more than five waits for their end
//! instead of being refused: somebody who opens ten tabs at once is not an attack.

use crate::Identity;
use crate::account_queries as queries;
use crate::client::Client;
use crate::errands::Errand;
use kernel::{Fault, Timestamp, UserId};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use uuid::Uuid;

/// Wrong tries that lock.
pub(crate) const TRIES: i64 = 5;
/// How long the first lock holds; each further one twice as long.
const FIRST_LOCK: Duration = Duration::from_mins(15);
/// The longest lock.
const LONGEST_LOCK: Duration = Duration::from_hours(24);
/// Wrong tries in a row after which only a new password helps (NIST SP 800-63B-4, section 3.2.2).
pub(crate) const HARD_STOP: i64 = 100;
/// How long a try waits for those under way: a little longer than a password may wait for its turn.
const PATIENCE: Duration = Duration::from_secs(3);
/// The owner is told this much later, so that a try that turns out right in the meantime tells nobody.
const TOLD_AFTER: Duration = Duration::from_secs(5);

/// Whose tries are counted together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Everybody who is not known to the account.
    Open,
    /// A device that the account trusts has its own count, so that strangers cannot lock its owner out.
    Device(Uuid),
}

impl Lane {
    fn text(&self) -> String {
        match self {
            Self::Open => "open".to_owned(),
            Self::Device(id) => id.to_string(),
        }
    }
}

/// Who tries, for the letter that tells the owner.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// The whole address: the audit asks for it in the letter. It is kept sealed until then, and nowhere else.
    pub(crate) address: Option<IpAddr>,
    pub(crate) device: String,
}

impl Seen {
    pub(crate) fn of(client: &Client) -> Self {
        Self { address: Some(client.ip), device: client.device() }
    }
}

/// Whose account the tries are about.
#[derive(Debug, Clone)]
pub(crate) enum Whom {
    /// Whoever has this address, folded; perhaps nobody.
    Address(String),
    /// This account.
    Account(UserId),
}

/// A try that was counted before anything was verified. It stays a wrong one unless [`Identity::won`] is told.
#[derive(Debug)]
pub(crate) struct Try {
    pub(crate) subject: String,
    lane: String,
    /// Whether this was the try that locked.
    locked: bool,
    _under_way: UnderWay,
}

/// The count of wrong tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct State {
    /// Since the last lock, or since the last right one.
    pub(crate) tries: i64,
    /// Since the last right one.
    pub(crate) total: i64,
    /// How many locks there were since the last right one.
    pub(crate) locks: i64,
    pub(crate) locked_until: Option<Timestamp>,
}

impl State {
    pub(crate) fn is_locked(&self, now: Timestamp) -> bool {
        self.total >= HARD_STOP || self.locked_until.is_some_and(|until| now < until)
    }

    /// The count with one more try, and whether that one locks; `None` when no try is taken.
    pub(crate) fn count(self, now: Timestamp) -> Option<(Self, bool)> {
        if self.is_locked(now) && !kernel::weaken::is("A1-M6") {
            return None;
        }
        // A lock whose time is over opens the door for five more.
        let tries = if self.tries >= TRIES { 1 } else { self.tries + 1 };
        let mut next = Self { tries, total: self.total + 1, locks: self.locks, locked_until: None };
        let locks = tries >= TRIES || next.total >= HARD_STOP;
        if locks {
            next.locks += 1;
            next.locked_until = Some(now.plus(length(next.locks)));
        }
        Some((next, locks))
    }

    /// The count without one that was not a try after all.
    fn without_one(self, it_locked: bool) -> Self {
        let locks = if it_locked { self.locks - 1 } else { self.locks };
        Self {
            tries: (self.tries - 1).max(0),
            total: (self.total - 1).max(0),
            locks: locks.max(0),
            locked_until: self.locked_until.filter(|_| !it_locked),
        }
    }
}

fn length(locks: i64) -> Duration {
    let doubled = u32::try_from(locks - 1).ok().and_then(|times| 2u32.checked_pow(times));
    doubled.and_then(|times| FIRST_LOCK.checked_mul(times)).map_or(LONGEST_LOCK, |length| length.min(LONGEST_LOCK))
}

/// The tries that are under way in this process.
#[derive(Debug, Default)]
pub(crate) struct Tries {
    counts: Mutex<HashMap<(String, String), usize>>,
    ended: Notify,
}

impl Tries {
    fn lock(&self) -> MutexGuard<'_, HashMap<(String, String), usize>> {
        // No code panics half way through a change of the counts.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(self: &Arc<Self>, key: (String, String)) -> UnderWay {
        *self.lock().entry(key.clone()).or_default() += 1;
        UnderWay { tries: self.clone(), key }
    }

    fn any(&self, key: &(String, String)) -> bool {
        self.lock().contains_key(key)
    }
}

#[derive(Debug)]
struct UnderWay {
    tries: Arc<Tries>,
    key: (String, String),
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut counts = self.tries.lock();
        if let Some(count) = counts.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.key);
            }
        }
        drop(counts);
        self.tries.ended.notify_waiters();
    }
}

impl Identity {
    /// By what the tries of an address are counted.
    pub(crate) fn subject(&self, email_folded: &str) -> String {
        self.pseudonym("sign-in", email_folded.as_bytes(), 32)
    }

    /// Counts a try before its secret is looked at, so that parallel guesses cannot outrun the count; `None` when it is
    /// locked.
    pub(crate) async fn count_try(&self, whom: Whom, lane: Lane, seen: Seen) -> Result<Option<Try>, Fault> {
        let subject = match &whom {
            Whom::Address(folded) => self.subject(folded),
            Whom::Account(user) => {
                let reader = queries::reader(&mut self.db.lookup().await?, *user).await?;
                let Some(reader) = reader else { return Ok(None) };
                self.subject(&reader.email_folded)
            }
        };
        let key = (subject, lane.text());
        let give_up = tokio::time::Instant::now() + PATIENCE;
        loop {
            // Asked for before looking, so that an end in between is not missed.
            let ended = self.tries.ended.notified();
            if let Some((locked, under_way)) = self.reserve(&key, &whom, &seen).await? {
                let (subject, lane) = key;
                return Ok(Some(Try { subject, lane, locked, _under_way: under_way }));
            }
            if !self.tries.any(&key) {
                return Ok(None);
            }
            if kernel::weaken::is("X-GHSA-7h8m-vrxx-vr4m") {
                let under_way = self.tries.begin(key.clone());
                return Ok(Some(Try { subject: key.0, lane: key.1, locked: false, _under_way: under_way }));
            }
            tokio::select! {
                () = ended => {}
                () = tokio::time::sleep_until(give_up) => return Ok(None),
            }
        }
    }

    /// The same for an account that is known by its id; its counter is the one of its address.
    pub(crate) async fn count_try_of(&self, user: UserId, lane: Lane, client: &Client) -> Result<Option<Try>, Fault> {
        self.count_try(Whom::Account(user), lane, Seen::of(client)).await
    }

    /// Where a secret is counted that somebody who is signed in is asked for again: with all others (Vikunja
    /// CVE-2026-123521).
    pub(crate) fn asked_again(&self, lane: Lane) -> Lane {
        if kernel::weaken::is("X-CVE-2026-123521") { Lane::Device(self.ambient.uuid()) } else { lane }
    }

    /// Whether the try that was counted locks; `None` when none was taken. Writes either way.
    async fn reserve(
        &self,
        key: &(String, String),
        whom: &Whom,
        seen: &Seen,
    ) -> Result<Option<(bool, UnderWay)>, Fault> {
        let (subject, lane) = key;
        let now = self.ambient.now();
        let mut tx = self.db.begin().await?;
        let held = queries::hold_count(&mut tx, subject, lane, now).await?;
        let counted = held.count(now);
        queries::set_count(&mut tx, subject, lane, counted.map_or(held, |(next, _)| next)).await?;
        if let Some((next, true)) = counted {
            let errand = Errand::Locked {
                subject: subject.clone(),
                lane: lane.clone(),
                until: next.locked_until.unwrap_or(now),
                at: now,
                tries: next.total,
                address: seen.address,
                device: seen.device.clone(),
                user: match whom {
                    Whom::Address(_) => None,
                    Whom::Account(user) => Some(*user),
                },
                email: match whom {
                    Whom::Address(folded) => folded.clone(),
                    Whom::Account(_) => String::new(),
                },
            };
            self.send_on_errand(&mut tx, &errand, now.plus(TOLD_AFTER)).await?;
        }
        // Before it is committed: whoever finds the count full must find this one under way.
        let reserved = counted.map(|(_, locks)| (locks, self.tries.begin(key.clone())));
        tx.commit().await?;
        Ok(reserved)
    }

    /// The try was right: the count begins anew.
    pub(crate) async fn won(&self, counted: Try) -> Result<(), Fault> {
        let mut tx = self.db.begin().await?;
        queries::forget_lane(&mut tx, &counted.subject, &counted.lane).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Nothing was verified after all, by no fault of whoever tried: it does not count.
    pub(crate) async fn take_back(&self, counted: Try) -> Result<(), Fault> {
        let now = self.ambient.now();
        let mut tx = self.db.begin().await?;
        let held = queries::hold_count(&mut tx, &counted.subject, &counted.lane, now).await?;
        queries::set_count(&mut tx, &counted.subject, &counted.lane, held.without_one(counted.locked)).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Whether the lock of this moment still stands.
    pub(crate) async fn still_locked(&self, subject: &str, lane: &str, until: Timestamp) -> Result<bool, Fault> {
        let found = queries::find_count(&mut self.db.lookup().await?, subject, lane).await?;
        Ok(found.is_some_and(|state| state.locked_until == Some(until)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_micros(1_800_000_000_000_000).plus(Duration::from_secs(seconds))
    }

    #[test]
    fn the_fifth_wrong_try_locks_and_each_lock_is_twice_as_long_up_to_a_day() {
        let (mut state, mut now) = (State::default(), at(0));
        let mut lengths = Vec::new();
        for _ in 0..9 {
            for number in 1..=TRIES {
                let (next, locks) = state.count(now).expect("open");
                assert_eq!(locks, number == TRIES);
                state = next;
            }
            let until = state.locked_until.expect("locked");
            lengths.push(until.since(now).as_secs() / 60);
            assert_eq!(state.count(until.minus(Duration::from_micros(1))), None);
            now = until;
        }
        assert_eq!(lengths, [15, 30, 60, 120, 240, 480, 960, 1440, 1440]);
    }

    #[test]
    fn a_hundred_in_a_row_lock_for_good() {
        let (mut state, mut now) = (State::default(), at(0));
        for _ in 0..HARD_STOP {
            let (next, _) = state.count(now).expect("open");
            state = next;
            now = state.locked_until.unwrap_or(now);
        }
        assert_eq!(state.total, HARD_STOP);
        assert_eq!(state.count(now.plus(Duration::from_hours(24 * 365))), None);
    }

    #[test]
    fn what_was_no_try_is_taken_back() {
        let mut state = State::default();
        for _ in 0..4 {
            state = state.count(at(0)).expect("open").0;
        }
        let (locked, locks) = state.count(at(0)).expect("open");
        assert!(locks);
        assert_eq!(locked.without_one(true), state);
        assert_eq!(State::default().without_one(false), State::default());
    }
}
