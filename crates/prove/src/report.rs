//! What a run found.

use crate::rule::Kind;
use serde::Serialize;

/// How a rule ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The control succeeded, and every attack was answered as expected.
    Pass,
    /// At least one attack was not.
    Fail,
    /// There is nothing here that the rule is about, or the run was told not to try.
    NotApplicable,
    /// It could not be tried.
    Unknown,
}

impl Status {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::NotApplicable => "not_applicable",
            Self::Unknown => "unknown",
        }
    }
}

/// What one rule found.
#[derive(Debug, Clone, Serialize)]
pub struct RuleResult {
    /// The rule's id.
    pub id: &'static str,
    /// What was attacked: the target, instances of this program, or nothing.
    pub kind: Kind,
    /// How it ended.
    pub status: Status,
    /// The finding it belongs to.
    pub finding: &'static str,
    /// What was attacked.
    pub title: &'static str,
    /// `critical`, `high` or `medium`.
    pub severity: &'static str,
    /// Number in the Common Weakness Enumeration.
    pub cwe: u16,
    /// Requirement of ASVS 5.0.
    pub asvs: &'static str,
    /// Category of the OWASP Top 10:2025.
    pub owasp: &'static str,
    /// What a sound server answers.
    pub expected: &'static str,
    /// What this one did; or why nothing can be said.
    pub seen: String,
    /// How many requests it took.
    pub requests: usize,
    /// How long it took, in milliseconds; waiting for limits to recover included.
    pub duration_ms: u64,
}

impl RuleResult {
    /// The title, for people; it says so when it is not the target that was tried.
    pub(crate) fn heading(&self) -> String {
        match self.kind {
            Kind::Attack => self.title.to_owned(),
            Kind::Start => format!("{} (start: this program, not the target)", self.title),
            Kind::Evidence => format!("{} (evidence: this program's own tests)", self.title),
        }
    }
}

/// What a run found.
#[derive(Debug, Clone)]
pub struct Report {
    /// The server that was attacked, as given.
    pub target: String,
    /// The version of its API, when it could be read.
    pub version: Option<String>,
    /// When the run began, RFC 3339, as given.
    pub started_at: String,
    /// One entry a rule that was chosen, sorted by id.
    pub rules: Vec<RuleResult>,
    /// Addresses of accounts that the run made and could not remove.
    pub left_behind: Vec<String>,
}

impl Report {
    /// How many rules ended so.
    pub fn count(&self, status: Status) -> usize {
        self.rules.iter().filter(|rule| rule.status == status).count()
    }

    /// The exit status of the command: 0 when nothing failed, 1 otherwise. `strict` also refuses `unknown`.
    /// A run that could not begin is an [`crate::Error`], and its status is 2.
    pub fn exit_status(&self, strict: bool) -> u8 {
        let refused = self.count(Status::Fail) + if strict { self.count(Status::Unknown) } else { 0 };
        u8::from(refused > 0)
    }
}
