//! Attacks side by side: most of the time an attack waits for a limit to recover, and another one can go on meanwhile.
//!
//! Each lane has throw-away accounts, sessions and addresses of its own, so that no rule meets a limit that another has
//! spent. Where a run has one address, or accounts that somebody lent, there is one lane.

use crate::accounts::Accounts;
use crate::lab::Lab;
use crate::report::RuleResult;
use crate::rule::AnyRule;
use crate::run::{Error, open};
use crate::site::Site;
use futures_util::future::join_all;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// How many attacks go on at once where nothing speaks against it; more would measure how busy the machine is.
const LANES: usize = 3;

/// How a target is approached.
pub(crate) struct Approach<'a> {
    pub(crate) target: &'a Site,
    pub(crate) second: Option<&'a Site>,
    pub(crate) accounts: Arc<dyn Accounts>,
    pub(crate) read_only: bool,
    pub(crate) pace: Option<Duration>,
}

/// The places that attacks work from.
pub(crate) struct Lanes(Vec<Lab>);

impl Lanes {
    /// None at all, for a run without a target.
    pub(crate) fn none() -> Self {
        Self(Vec::new())
    }

    /// As many as the target allows and the rules need.
    pub(crate) async fn open(approach: &Approach<'_>, rules: usize) -> Result<Self, Error> {
        let first = lab(approach).await?;
        let apart = first.wire.many_addresses() && approach.pace.is_none() && approach.accounts.writes();
        let mut labs = vec![first];
        while apart && labs.len() < LANES.min(rules) {
            labs.push(lab(approach).await?);
        }
        Ok(Self(labs))
    }

    /// Tries every rule once; each lane takes the next that nobody has taken. `attempt` gets no lab where there is none.
    pub(crate) async fn attack<'l, A, F>(&'l self, rules: &[AnyRule], attempt: A) -> Vec<RuleResult>
    where
        A: Fn(Option<&'l Lab>, AnyRule) -> F,
        F: Future<Output = RuleResult>,
    {
        let next = AtomicUsize::new(0);
        let (next, attempt) = (&next, &attempt);
        let lane = |lab: Option<&'l Lab>| async move {
            let mut results = Vec::new();
            while let Some(rule) = rules.get(next.fetch_add(1, Ordering::Relaxed)) {
                results.push(attempt(lab, *rule).await);
            }
            results
        };
        if self.0.is_empty() {
            return lane(None).await;
        }
        join_all(self.0.iter().map(|lab| lane(Some(lab)))).await.concat()
    }

    /// The version of the target's API, when one of them has read it.
    pub(crate) fn version(&self) -> Option<String> {
        self.0.iter().find_map(Lab::version)
    }

    /// Removes the accounts; answers those that remain.
    pub(crate) async fn close(self) -> Vec<String> {
        let mut left = Vec::new();
        for lab in self.0 {
            left.extend(lab.close().await);
        }
        left
    }
}

async fn lab(approach: &Approach<'_>) -> Result<Lab, Error> {
    let requests = Arc::<AtomicUsize>::default();
    let wire = open(approach.target, requests.clone()).await?;
    let lab = Lab::new(wire, approach.accounts.clone(), approach.read_only, approach.pace);
    Ok(match approach.second {
        Some(second) => lab.beside(open(second, requests).await?),
        None => lab,
    })
}
