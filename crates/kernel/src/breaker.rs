//! Manners towards what is outside: no call waits without end, and what does not answer is left alone for a while.
//!
//! Every call that leaves the process (a mail server, a provider of identities or of speech, a virus scanner) goes through
//! a [`Breaker`], one for each target. It stands here because every crate that calls out may use this one; it knows no
//! protocol, and what counts as an outage the caller says.

use crate::{Ambient, Fallback, Fault, Timestamp};
use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How patient a breaker is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// How long one call may take as a whole.
    pub call: Duration,
    /// After so many outages in a row nothing is asked for a while; at most 5 (R4).
    pub outages: u32,
    /// How long that is at first. Each failed attempt to come back doubles it …
    pub pause: Duration,
    /// … up to this.
    pub longest_pause: Duration,
}

impl Patience {
    /// The most outages in a row that any breaker stands.
    pub const MOST_OUTAGES: u32 = 5;

    /// The usual one, with this much time for a call: three outages, a pause of 5 s that grows to a minute.
    pub const fn of(call: Duration) -> Self {
        Self { call, outages: 3, pause: Duration::from_secs(5), longest_pause: Duration::from_mins(1) }
    }
}

/// Whether calls go through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    /// They do.
    Closed,
    /// They do not, for a while.
    Open,
    /// One does, to see whether the target is back; the others do not.
    HalfOpen,
}

impl BreakerState {
    /// The name on the wire and in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }
}

/// What monitoring may know of a breaker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BreakerSnapshot {
    /// What is called: `smtp`, `oidc:keycloak`. Never an address or a credential.
    pub target: String,
    /// Whether calls go through.
    pub state: BreakerState,
    /// Outages since the last answer.
    pub outages_in_a_row: u32,
    /// Calls that were answered since the process began.
    pub answered: u64,
    /// Calls that were not, or not usably, since the process began.
    pub failed: u64,
    /// Calls that were not made because the breaker was open, since the process began.
    pub refused: u64,
    /// When it last opened.
    pub opened_at: Option<Timestamp>,
}

/// Why a call has no result.
#[derive(Debug)]
pub enum Outage<E> {
    /// It was not made: the target did not answer a moment ago.
    Open {
        /// When it makes sense to try again.
        retry_after: Duration,
    },
    /// It took too long.
    TimedOut,
    /// It was made, and failed.
    Failed(E),
}

impl<E: fmt::Display> fmt::Display for Outage<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open { .. } => f.write_str("it did not answer a moment ago, and is left alone for now"),
            Self::TimedOut => f.write_str("it does not answer in time"),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl<E: std::error::Error + 'static> std::error::Error for Outage<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Failed(error) => error.source(),
            Self::Open { .. } | Self::TimedOut => None,
        }
    }
}

impl<E: std::error::Error + Send + Sync + 'static> Outage<E> {
    /// 504 for what took too long, 503 for what is away: both may be tried again, and say what can be done meanwhile.
    pub fn into_fault(self, code: &'static str, detail: &'static str, fallback: Fallback) -> Fault {
        let retry_after = match &self {
            Self::Open { retry_after } => *retry_after,
            Self::TimedOut | Self::Failed(_) => Duration::from_secs(5),
        };
        match self {
            Self::TimedOut => Fault::timeout(code, detail, retry_after),
            // What is known to be away needs no line of its own each time; `opened` was logged.
            Self::Open { .. } => Fault::unavailable(code, detail, retry_after),
            Self::Failed(error) => Fault::unavailable(code, detail, retry_after).because(error),
        }
        .or_instead(fallback)
    }
}

#[derive(Default)]
struct Inner {
    state: Phase,
    in_a_row: u32,
    pause: Duration,
    answered: u64,
    failed: u64,
    refused: u64,
    opened_at: Option<Timestamp>,
    /// Grows whenever it opens or closes, so that a call from before says nothing about now.
    era: u64,
}

#[derive(Default, Clone, Copy)]
enum Phase {
    #[default]
    Closed,
    Open {
        since: Timestamp,
    },
    Probing {
        since: Timestamp,
    },
}

/// The way to one target outside. Cheap to share; its state is this process's.
pub struct Breaker {
    target: Cow<'static, str>,
    patience: Patience,
    ambient: Ambient,
    inner: Mutex<Inner>,
}

impl Breaker {
    /// A way that is open to calls.
    pub fn new(target: impl Into<Cow<'static, str>>, patience: Patience, ambient: &Ambient) -> Arc<Self> {
        let outages = patience.outages.clamp(1, Patience::MOST_OUTAGES);
        let inner = Mutex::new(Inner { pause: patience.pause, ..Inner::default() });
        Arc::new(Self {
            target: target.into(),
            patience: Patience { outages, ..patience },
            ambient: ambient.clone(),
            inner,
        })
    }

    /// Makes a call, unless the target is away. `is_outage` tells a target that does not do its work (refuses connections,
    /// answers 5xx or nonsense) from one that says no: the second is an answer, however unwelcome, and strangers can
    /// bring it about.
    ///
    /// A call that is given up by whoever waits for it counts for nothing.
    ///
    /// # Errors
    /// Why there is no result.
    pub async fn call<T, E>(
        &self,
        work: impl Future<Output = Result<T, E>>,
        is_outage: impl FnOnce(&E) -> bool,
    ) -> Result<T, Outage<E>> {
        let pass = self.admit().map_err(|retry_after| Outage::Open { retry_after })?;
        match tokio::time::timeout(self.patience.call, work).await {
            Ok(Ok(value)) => {
                pass.end(true);
                Ok(value)
            }
            Ok(Err(error)) => {
                pass.end(!is_outage(&error));
                Err(Outage::Failed(error))
            }
            Err(_) => {
                pass.end(false);
                Err(Outage::TimedOut)
            }
        }
    }

    /// Whether a call would be made now; otherwise when.
    pub fn ready(&self) -> Result<(), Duration> {
        let now = self.ambient.now();
        let inner = self.lock();
        match inner.state {
            Phase::Closed => Ok(()),
            Phase::Open { since } => match left(since, inner.pause, now) {
                Some(wait) => Err(wait),
                None => Ok(()),
            },
            Phase::Probing { .. } => Err(Duration::from_secs(1)),
        }
    }

    /// What monitoring may know.
    pub fn snapshot(&self) -> BreakerSnapshot {
        let inner = self.lock();
        BreakerSnapshot {
            target: self.target.clone().into_owned(),
            state: match inner.state {
                Phase::Closed => BreakerState::Closed,
                Phase::Open { .. } => BreakerState::Open,
                Phase::Probing { .. } => BreakerState::HalfOpen,
            },
            outages_in_a_row: inner.in_a_row,
            answered: inner.answered,
            failed: inner.failed,
            refused: inner.refused,
            opened_at: inner.opened_at,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing panics while it is held.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn admit(&self) -> Result<Pass<'_>, Duration> {
        let now = self.ambient.now();
        let mut inner = self.lock();
        let probing = match inner.state {
            Phase::Closed => false,
            Phase::Open { since } => {
                if let Some(wait) = left(since, inner.pause, now) {
                    inner.refused += 1;
                    return Err(wait);
                }
                inner.state = Phase::Probing { since };
                true
            }
            Phase::Probing { .. } => {
                inner.refused += 1;
                return Err(Duration::from_secs(1));
            }
        };
        Ok(Pass { breaker: self, era: inner.era, probing, ended: false })
    }
}

/// How much is left of a pause; nothing when it is over, or when the clock was set back behind its beginning.
fn left(since: Timestamp, pause: Duration, now: Timestamp) -> Option<Duration> {
    if now < since {
        return None;
    }
    pause.checked_sub(now.since(since)).filter(|left| !left.is_zero())
}

/// One call that is under way.
struct Pass<'a> {
    breaker: &'a Breaker,
    era: u64,
    probing: bool,
    ended: bool,
}

impl Pass<'_> {
    fn end(mut self, answered: bool) {
        self.ended = true;
        let breaker = self.breaker;
        let now = breaker.ambient.now();
        let mut inner = breaker.lock();
        if answered {
            inner.answered += 1;
        } else {
            inner.failed += 1;
        }
        // A call that began before it opened or closed says nothing about what came after.
        if inner.era != self.era {
            return;
        }
        if answered {
            inner.in_a_row = 0;
            if self.probing {
                inner.state = Phase::Closed;
                inner.pause = breaker.patience.pause;
                inner.era += 1;
            }
            return;
        }
        inner.in_a_row = inner.in_a_row.saturating_add(1);
        if self.probing {
            inner.pause = inner.pause.saturating_mul(2).min(breaker.patience.longest_pause);
        }
        if self.probing || inner.in_a_row >= breaker.patience.outages {
            inner.state = Phase::Open { since: now };
            inner.opened_at = Some(now);
            inner.era += 1;
        }
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if self.ended || !self.probing {
            return;
        }
        // Nobody learnt whether the target is back: the next call finds out.
        let mut inner = self.breaker.lock();
        if let Phase::Probing { since } = inner.state
            && inner.era == self.era
        {
            inner.state = Phase::Open { since };
        }
    }
}

#[cfg(test)]
mod tests;
