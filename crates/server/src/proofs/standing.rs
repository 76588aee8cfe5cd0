//! What a kept proof is worth now.

use super::queries::{ProofOutcome, ProofRow};
use kernel::Timestamp;
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;

/// The version of this program.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");
/// So many days after it a proof is outdated.
pub(super) const DAYS: u16 = 30;

/// How a rule stands, or a finding with all its rules; the later in this list, the more it needs somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RuleStanding)]
pub(super) enum Standing {
    /// A finding that no rule can see: tests of every build show it.
    ByTests,
    /// There was nothing there that it is about.
    NotApplicable,
    /// It was tried lately, on this version, and held.
    Passed,
    /// It held, or did not apply, on another version or long ago.
    Outdated,
    /// It was never tried here.
    Never,
    /// It was tried, and nothing can be said.
    Unknown,
    /// It did not hold, however long ago: until it is seen to hold.
    Failed,
}

/// Why a proof is outdated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Staleness {
    /// Another version was proven than the one that runs.
    OtherVersion,
    /// It is older than 30 days, or from a time that is still to come.
    TooOld,
}

impl ProofRow {
    /// Why this says little about now, if it does.
    pub(super) fn staleness(&self, now: Timestamp) -> Option<Staleness> {
        if self.version != VERSION {
            return Some(Staleness::OtherVersion);
        }
        // A clock that was set back must not make an old proof a new one.
        let fresh = self.proven_at <= now && now.since(self.proven_at) < Duration::from_hours(24) * u32::from(DAYS);
        (!fresh).then_some(Staleness::TooOld)
    }
}

/// How a rule stands.
pub(super) fn of(row: Option<&ProofRow>, now: Timestamp) -> Standing {
    let Some(row) = row else { return Standing::Never };
    match row.outcome {
        ProofOutcome::Fail => Standing::Failed,
        ProofOutcome::Unknown => Standing::Unknown,
        ProofOutcome::Pass | ProofOutcome::NotApplicable if row.staleness(now).is_some() => Standing::Outdated,
        ProofOutcome::Pass => Standing::Passed,
        ProofOutcome::NotApplicable => Standing::NotApplicable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

    fn row(outcome: ProofOutcome, version: &str, days: u64) -> ProofRow {
        ProofRow {
            rule: "A1-C1".into(),
            outcome,
            seen: String::new(),
            requests: 1,
            target: "http://localhost:8080".into(),
            version: version.into(),
            proven_at: NOW.minus(Duration::from_hours(24 * days)),
        }
    }

    #[test]
    fn only_a_late_pass_of_this_version_is_one() {
        let standing = |outcome, version, days| of(Some(&row(outcome, version, days)), NOW);
        assert_eq!(standing(ProofOutcome::Pass, VERSION, 29), Standing::Passed);
        assert_eq!(standing(ProofOutcome::Pass, VERSION, 30), Standing::Outdated);
        assert_eq!(standing(ProofOutcome::Pass, "0.0.1", 0), Standing::Outdated);
        assert_eq!(standing(ProofOutcome::NotApplicable, VERSION, 1), Standing::NotApplicable);
        assert_eq!(standing(ProofOutcome::NotApplicable, "0.0.1", 1), Standing::Outdated);
        assert_eq!(of(None, NOW), Standing::Never);
    }

    #[test]
    fn what_failed_or_is_unknown_stays_so_with_time() {
        for (version, days) in [(VERSION, 0), (VERSION, 400), ("0.0.1", 0)] {
            assert_eq!(of(Some(&row(ProofOutcome::Fail, version, days)), NOW), Standing::Failed);
            assert_eq!(of(Some(&row(ProofOutcome::Unknown, version, days)), NOW), Standing::Unknown);
        }
    }

    #[test]
    fn a_proof_from_the_future_is_no_fresh_one() {
        let row = ProofRow { proven_at: NOW.plus(Duration::from_secs(1)), ..row(ProofOutcome::Pass, VERSION, 0) };
        assert_eq!(row.staleness(NOW), Some(Staleness::TooOld));
        assert_eq!(of(Some(&row), NOW), Standing::Outdated);
    }
}
