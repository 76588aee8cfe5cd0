//! What a rule is: its description, its attack, and the book it keeps while attacking.

use crate::instance::Bench;
use crate::lab::Lab;
use crate::wire::WireError;
use serde::Serialize;
use std::future::Future;
use std::pin::Pin;

/// How bad it is when the rule fails; the audits' words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Anybody can be anybody.
    Critical,
    /// Data or accounts are at risk.
    High,
    /// A protection is missing behind which others still stand.
    Medium,
}

impl Severity {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
        }
    }

    /// The number that code scanners sort by (0 to 10).
    pub(crate) const fn score(self) -> &'static str {
        match self {
            Self::Critical => "9.5",
            Self::High => "8.0",
            Self::Medium => "5.5",
        }
    }
}

/// What a rule tries its attack on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The target, over HTTP.
    Attack,
    /// Throw-away instances of this program.
    Start,
    /// Nothing: it looks up how a named test of this very build ended, for what no outsider can see.
    Evidence,
}

impl Kind {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Attack => "attack",
            Self::Start => "start",
            Self::Evidence => "evidence",
        }
    }
}

/// What a rule is about.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct RuleInfo {
    /// The finding's id, or one with a suffix: `A1-C4.cookie-and-bearer`.
    pub id: &'static str,
    /// The finding of the audit that it proves: `A1-C4`.
    pub finding: &'static str,
    /// What is attacked, in a few words.
    pub title: &'static str,
    /// How bad a failure is.
    pub severity: Severity,
    /// Requirement of ASVS 5.0 that stands behind it.
    pub asvs: &'static str,
    /// Number in the Common Weakness Enumeration.
    pub cwe: u16,
    /// The attack, and the answer a sound server gives.
    pub expected: &'static str,
    /// What to look at when it fails.
    pub help: &'static str,
    /// The switch (`MINDVIBE_WEAKEN`) of the weakened build under which this rule must fail. Empty for evidence, which fails
    /// with its test, and for what needs two instances, which `scripts/verify/revocation.py` starts.
    pub weakened_by: &'static str,
    /// Whether it leaves something behind, even for a moment (entries, uploads, accounts, spent rate limits).
    pub writes: bool,
}

/// A rule in the list of all.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Listed {
    /// What it tries its attack on.
    pub kind: Kind,
    /// The category of the OWASP Top 10:2025 that its weakness belongs to: `A01:2025`.
    pub owasp: &'static str,
    /// The tests whose results it looks up; none but for evidence.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub tests: &'static [&'static str],
    /// What it is about.
    #[serde(flatten)]
    pub info: RuleInfo,
}

/// Why a rule ends without a verdict.
#[derive(Debug)]
pub(crate) enum Stop {
    /// It could not be tried; the reason.
    Unsure(String),
    /// There is nothing here that it is about; the reason.
    NotApplicable(String),
}

impl Stop {
    pub(crate) fn unsure<T>(reason: impl Into<String>) -> Result<T, Self> {
        Err(Self::Unsure(reason.into()))
    }
}

impl From<WireError> for Stop {
    fn from(error: WireError) -> Self {
        Self::Unsure(error.to_string())
    }
}

/// How an attack runs. It writes what it saw into the book; an early end does not erase what was already seen.
pub(crate) type Attack =
    for<'a> fn(&'a Lab, &'a mut Findings) -> Pin<Box<dyn Future<Output = Result<(), Stop>> + Send + 'a>>;

/// A rule.
pub(crate) struct Rule {
    pub(crate) info: RuleInfo,
    pub(crate) attack: Attack,
}

/// The same on instances of this program.
pub(crate) type Trial =
    for<'a> fn(&'a Bench, &'a mut Findings) -> Pin<Box<dyn Future<Output = Result<(), Stop>> + Send + 'a>>;

/// A rule that does not touch the target.
pub(crate) struct StartRule {
    pub(crate) info: RuleInfo,
    pub(crate) trial: Trial,
}

/// A rule that tries nothing by itself.
pub(crate) struct EvidenceRule {
    pub(crate) info: RuleInfo,
    /// `crate/target/path::of::the_test`, where the target is `lib` or a file of `tests/`; or `check/name`, a script of
    /// `scripts/check/`. All of them must have passed.
    pub(crate) tests: &'static [&'static str],
}

/// A rule of any kind.
#[derive(Clone, Copy)]
pub(crate) enum AnyRule {
    Attack(&'static Rule),
    Start(&'static StartRule),
    Evidence(&'static EvidenceRule),
}

impl AnyRule {
    pub(crate) const fn info(self) -> &'static RuleInfo {
        match self {
            Self::Attack(rule) => &rule.info,
            Self::Start(rule) => &rule.info,
            Self::Evidence(rule) => &rule.info,
        }
    }

    pub(crate) const fn kind(self) -> Kind {
        match self {
            Self::Attack(_) => Kind::Attack,
            Self::Start(_) => Kind::Start,
            Self::Evidence(_) => Kind::Evidence,
        }
    }

    pub(crate) const fn tests(self) -> &'static [&'static str] {
        match self {
            Self::Evidence(rule) => rule.tests,
            Self::Attack(_) | Self::Start(_) => &[],
        }
    }
}

/// What a rule has seen so far.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) controls: usize,
    pub(crate) checks: usize,
    pub(crate) wrong: Vec<String>,
}

impl Findings {
    /// The proper request was served: without that, a refusal of the improper one proves nothing.
    pub(crate) fn control(&mut self, ok: bool, what: impl FnOnce() -> String) -> Result<(), Stop> {
        if ok {
            self.controls += 1;
            Ok(())
        } else {
            Stop::unsure(format!("the positive control failed: {}", what()))
        }
    }

    /// One answer that must be as expected.
    pub(crate) fn check(&mut self, ok: bool, wrong: impl FnOnce() -> String) {
        self.checks += 1;
        if !ok {
            self.wrong.push(wrong());
        }
    }
}
