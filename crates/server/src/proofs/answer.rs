//! What is told of proofs: everything to administrators, figures to the rest.

use super::findings::{self, FindingSource, Known};
use super::queries::{ProofOutcome, ProofRow};
use super::standing::{self, DAYS, Staleness, Standing, VERSION};
use kernel::Timestamp;
use prove::{Kind, Listed, Severity};
use serde::Serialize;
use std::collections::HashMap;
use utoipa::ToSchema;

/// What a rule tries its attack on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum RuleKind {
    /// The server itself, over HTTP.
    Attack,
    /// Throw-away instances of the program.
    Start,
    /// Nothing: it looks up how named tests of the build ended.
    Evidence,
}

/// How bad it is when a rule fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum RuleSeverity {
    /// A protection is missing behind which others still stand.
    Medium,
    /// Data or accounts are at risk.
    High,
    /// Anybody can be anybody.
    Critical,
}

impl From<Kind> for RuleKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Attack => Self::Attack,
            Kind::Start => Self::Start,
            Kind::Evidence => Self::Evidence,
        }
    }
}

impl From<Severity> for RuleSeverity {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Critical => Self::Critical,
            Severity::High => Self::High,
            Severity::Medium => Self::Medium,
        }
    }
}

/// The last time that a rule was tried here.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LastProof {
    /// How it ended.
    outcome: ProofOutcome,
    /// What was seen, or why nothing can be said.
    #[schema(max_length = 2001)]
    seen: String,
    /// How many requests it took.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    requests: i64,
    /// The address that was tried.
    #[schema(max_length = 301)]
    target: String,
    /// The version that was tried.
    #[schema(max_length = 64)]
    version: String,
    /// When.
    proven_at: Timestamp,
    /// Why it says little about now, if it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    stale: Option<Staleness>,
}

/// A rule, and how it stands.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProvenRule {
    /// Its name: `mindvibe prove --only NAME` tries it alone.
    #[schema(max_length = 64)]
    id: &'static str,
    /// What is attacked.
    #[schema(max_length = 300)]
    title: &'static str,
    /// What it is tried on.
    kind: RuleKind,
    /// How bad a failure is.
    severity: RuleSeverity,
    /// Number in the Common Weakness Enumeration.
    #[schema(minimum = 1, maximum = 65535)]
    cwe: u16,
    /// Requirement of ASVS 5.0.
    #[schema(max_length = 16)]
    asvs: &'static str,
    /// Category of the OWASP Top 10:2025.
    #[schema(max_length = 16)]
    owasp: &'static str,
    /// The attack, and the answer of a sound server.
    #[schema(max_length = 2000)]
    expected: &'static str,
    /// What to look at when it fails.
    #[schema(max_length = 2000)]
    help: &'static str,
    /// How it stands.
    standing: Standing,
    /// The last time it was tried; nothing when it never was.
    #[serde(skip_serializing_if = "Option::is_none")]
    proof: Option<LastProof>,
}

/// A finding with its rules. Texts mark code with backquotes.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SecurityFinding {
    /// Its name: `A1-C4`.
    #[schema(max_length = 64)]
    id: String,
    /// Who found it.
    source: FindingSource,
    /// What was found.
    #[schema(max_length = 400)]
    title: String,
    /// How the rule stands that needs somebody most.
    standing: Standing,
    /// Of its worst rule; nothing where no rule can see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<RuleSeverity>,
    /// What the audit asked.
    #[schema(max_length = 1000)]
    asked: &'static str,
    /// What stands here instead.
    #[schema(max_length = 1000)]
    done: &'static str,
    /// Where that goes further.
    #[schema(max_length = 1000)]
    further: &'static str,
    /// Which rules, or which tests of every build, show it.
    #[schema(max_length = 1000)]
    shown_by: &'static str,
    /// The rules that prove it.
    #[schema(max_items = 200)]
    rules: Vec<ProvenRule>,
}

/// How many rules stand how; the parts make up the whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct ProofCounts {
    /// All that this version knows.
    #[schema(minimum = 0, maximum = 1000)]
    rules: usize,
    /// Tried lately, on this version, and held.
    #[schema(minimum = 0, maximum = 1000)]
    passed: usize,
    /// Did not hold.
    #[schema(minimum = 0, maximum = 1000)]
    failed: usize,
    /// Tried, and nothing can be said.
    #[schema(minimum = 0, maximum = 1000)]
    unknown: usize,
    /// Held, or did not apply, on another version or long ago.
    #[schema(minimum = 0, maximum = 1000)]
    outdated: usize,
    /// Never tried here.
    #[schema(minimum = 0, maximum = 1000)]
    never: usize,
    /// Nothing was there that they are about.
    #[schema(minimum = 0, maximum = 1000)]
    not_applicable: usize,
}

/// Everything that can be said about how this server withstands attacks.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SecurityReport {
    /// The version that runs.
    #[schema(max_length = 64)]
    version: &'static str,
    /// How the rules stand.
    counts: ProofCounts,
    /// When a rule was last tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    proven_at: Option<Timestamp>,
    /// After so many days a proof is outdated.
    #[schema(minimum = 1, maximum = 365)]
    lasts_days: u16,
    /// What to type, where the server runs, to have everything tried again.
    #[schema(max_length = 500)]
    command: String,
    /// Whether everybody can see the figures at `/security`.
    public_page: bool,
    /// Every finding, in the order of the audits.
    #[schema(max_items = 1000)]
    findings: Vec<SecurityFinding>,
}

/// How this server withstands attacks, in figures.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SecuritySummary {
    /// How the rules stand.
    counts: ProofCounts,
    /// When a rule was last tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    proven_at: Option<Timestamp>,
}

/// What is kept, by rule.
pub(super) struct Kept {
    rows: HashMap<String, ProofRow>,
    now: Timestamp,
}

impl Kept {
    pub(super) fn new(rows: Vec<ProofRow>, now: Timestamp) -> Self {
        Self { rows: rows.into_iter().map(|row| (row.rule.clone(), row)).collect(), now }
    }

    fn standing(&self, rule: &Listed) -> Standing {
        standing::of(self.rows.get(rule.info.id), self.now)
    }

    fn counts(&self, rules: &[Listed]) -> ProofCounts {
        let mut counts = ProofCounts { rules: rules.len(), ..ProofCounts::default() };
        for rule in rules {
            let part = match self.standing(rule) {
                Standing::Passed => &mut counts.passed,
                Standing::Failed => &mut counts.failed,
                Standing::Unknown => &mut counts.unknown,
                Standing::Outdated => &mut counts.outdated,
                Standing::Never => &mut counts.never,
                Standing::NotApplicable | Standing::ByTests => &mut counts.not_applicable,
            };
            *part += 1;
        }
        counts
    }

    /// Of the rules that there still are.
    fn proven_at(&self, rules: &[Listed]) -> Option<Timestamp> {
        rules.iter().filter_map(|rule| self.rows.get(rule.info.id)).map(|row| row.proven_at).max()
    }

    fn rule(&self, rule: &Listed) -> ProvenRule {
        let info = rule.info;
        let proof = self.rows.get(info.id).map(|row| LastProof {
            outcome: row.outcome,
            seen: row.seen.clone(),
            requests: row.requests,
            target: row.target.clone(),
            version: row.version.clone(),
            proven_at: row.proven_at,
            stale: row.staleness(self.now),
        });
        ProvenRule {
            id: info.id,
            title: info.title,
            kind: rule.kind.into(),
            severity: info.severity.into(),
            cwe: info.cwe,
            asvs: info.asvs,
            owasp: rule.owasp,
            expected: info.expected,
            help: info.help,
            standing: self.standing(rule),
            proof,
        }
    }

    fn finding(&self, known: &Known, rules: &[Listed]) -> SecurityFinding {
        let own = rules.iter().filter(|rule| rule.info.finding == known.id);
        let rules: Vec<_> = own.map(|rule| self.rule(rule)).collect();
        SecurityFinding {
            id: known.id.clone(),
            source: known.source,
            title: known.title.clone(),
            standing: rules.iter().map(|rule| rule.standing).max().unwrap_or(Standing::ByTests),
            severity: rules.iter().map(|rule| rule.severity).max(),
            asked: known.asked,
            done: known.done,
            further: known.further,
            shown_by: known.shown_by,
            rules,
        }
    }

    /// For administrators.
    pub(super) fn report(&self, public_url: &str, public_page: bool) -> SecurityReport {
        let rules = prove::rules();
        SecurityReport {
            version: VERSION,
            counts: self.counts(&rules),
            proven_at: self.proven_at(&rules),
            lasts_days: DAYS,
            command: format!("mindvibe prove --target {public_url} --record"),
            public_page,
            findings: findings::ALL.iter().map(|known| self.finding(known, &rules)).collect(),
        }
    }

    /// For everybody.
    pub(super) fn summary(&self) -> SecuritySummary {
        let rules = prove::rules();
        SecuritySummary { counts: self.counts(&rules), proven_at: self.proven_at(&rules) }
    }
}
