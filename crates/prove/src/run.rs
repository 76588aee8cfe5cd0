//! Runs the rules, one after another.

use crate::accounts::Accounts;
use crate::evidence::{Evidence, Record};
use crate::instance::{Bench, Program};
use crate::lab::Lab;
use crate::lanes::{Approach, Lanes};
use crate::owasp;
use crate::report::{Report, RuleResult, Status};
use crate::rule::{AnyRule, Findings, Kind, Stop};
use crate::rules;
use crate::site::Site;
use crate::wire::{Wire, WireError};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};

/// Told of each rule as it ends.
pub type Progress = Box<dyn Fn(&RuleResult) + Send + Sync>;

/// How to run.
pub struct Options {
    /// The server: `http://127.0.0.1:8080`.
    pub target: Site,
    /// Another instance of the same server, on the same data: what is said to one must hold at the other.
    pub second_target: Option<Site>,
    /// Where throw-away accounts come from.
    pub accounts: Box<dyn Accounts>,
    /// What start rules start; without one they are not applicable.
    pub program: Option<Program>,
    /// The results of the program's own tests; without them evidence rules are unknown.
    pub evidence: Option<Evidence>,
    /// Rules to run, by id or by finding; all when empty.
    pub only: Vec<String>,
    /// Skip what leaves anything behind, even for a moment.
    pub read_only: bool,
    /// Time between two requests; by default none where each may come from an address of its own, else 0.7 s.
    pub pace: Option<Duration>,
    /// When the run begins, RFC 3339; repeated in the report.
    pub started_at: String,
    /// Told of each rule as it ends.
    pub progress: Option<Progress>,
}

/// Why nothing was run (exit status 2).
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A name in `only` that is neither a rule nor a finding.
    #[error("there is no rule {0}; see `mindvibe prove --list`")]
    UnknownRule(String),
    /// The server does not answer.
    #[error("{target} cannot be reached: {reason}")]
    Unreachable {
        /// As given.
        target: String,
        /// What happened.
        reason: String,
    },
}

/// Whether a name chooses a rule: by its id, by its finding, or by the beginning of an id up to a dot.
fn chooses(name: &str, rule: AnyRule) -> bool {
    let info = rule.info();
    let rest = info.id.strip_prefix(name);
    name == info.finding || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn chosen(only: &[String]) -> Result<Vec<AnyRule>, Error> {
    let mut all = rules::all();
    for name in only {
        if !all.iter().any(|rule| chooses(name, *rule)) {
            return Err(Error::UnknownRule(name.clone()));
        }
    }
    all.retain(|rule| only.is_empty() || only.iter().any(|name| chooses(name, *rule)));
    Ok(all)
}

/// Attacks the target, and reports what stood.
///
/// # Errors
/// When it could not begin: an unknown rule, a server that does not answer. Anything later is a rule's `unknown`.
pub fn run(options: Options) -> Pin<Box<dyn Future<Output = Result<Report, Error>> + Send>> {
    // Boxed: an `async fn` is compiled anew in every crate that awaits it, and this one holds the whole suite.
    Box::pin(run_unboxed(options))
}

async fn run_unboxed(options: Options) -> Result<Report, Error> {
    let rules = chosen(&options.only)?;
    let bench = Bench::new(options.program);
    let (targeted, own): (Vec<_>, Vec<_>) = rules.into_iter().partition(|rule| rule.kind() == Kind::Attack);
    // Only attacks need a target.
    let lanes = if targeted.is_empty() {
        Lanes::none()
    } else {
        let approach = Approach {
            target: &options.target,
            second: options.second_target.as_ref(),
            accounts: options.accounts.into(),
            read_only: options.read_only,
            pace: options.pace,
        };
        Lanes::open(&approach, targeted.len()).await?
    };
    let wanted = own.iter().any(|rule| rule.kind() == Kind::Evidence);
    let record = match &options.evidence {
        // Reading the program whole, to know it by its digest, takes a moment.
        Some(evidence) if wanted => evidence.read(),
        _ => Err("there are no results of the program's own tests at hand".to_owned()),
    };
    let told = |result: RuleResult| {
        if let Some(progress) = &options.progress {
            progress(&result);
        }
        result
    };
    let (bench, told) = (&bench, &told);
    // What is tried on instances of their own, or looked up, goes on meanwhile.
    let attacks = lanes.attack(&targeted, |lab, rule| async move { told(one(lab, bench, rule).await) });
    let others = async {
        let mut results = Vec::new();
        for rule in own {
            results.push(told(match rule {
                AnyRule::Evidence(known) => {
                    let judged = record.as_ref().map(|record: &Record| record.judge(known.tests, &options.started_at));
                    let (status, seen) = judged.unwrap_or_else(|why| (Status::Unknown, why.clone()));
                    entry(rule, status, seen, 0, Duration::ZERO)
                }
                AnyRule::Attack(_) | AnyRule::Start(_) => one(None, bench, rule).await,
            }));
        }
        results
    };
    let (mut results, others) = tokio::join!(attacks, others);
    results.extend(others);
    results.sort_by_key(|result| result.id);
    Ok(Report {
        target: options.target.url,
        version: lanes.version(),
        started_at: options.started_at,
        rules: results,
        left_behind: lanes.close().await,
    })
}

pub(crate) async fn open(target: &Site, requests: Arc<AtomicUsize>) -> Result<Wire, Error> {
    let unreachable = |error: WireError| Error::Unreachable { target: target.url.clone(), reason: error.to_string() };
    target.open(requests).await.map_err(unreachable)
}

async fn one(lab: Option<&Lab>, bench: &Bench, rule: AnyRule) -> RuleResult {
    let sent = || if rule.kind() == Kind::Attack { lab.map_or(0, |lab| lab.wire.requests()) } else { bench.requests() };
    let (before, began) = (sent(), Instant::now());
    let (info, mut found) = (rule.info(), Findings::default());
    let end = match (rule, lab) {
        (AnyRule::Attack(_), Some(lab)) if lab.read_only && info.writes => {
            Err(Stop::NotApplicable("a read-only run does not try this".to_owned()))
        }
        (AnyRule::Attack(rule), Some(lab)) => (rule.attack)(lab, &mut found).await,
        (AnyRule::Attack(_), None) => Stop::unsure("there is no target"),
        (AnyRule::Start(rule), _) => (rule.trial)(bench, &mut found).await,
        (AnyRule::Evidence(_), _) => Stop::unsure("nothing is tried for it"),
    };
    let (status, seen) = verdict(&found, end);
    let elsewhere = rule.kind() == Kind::Start && status != Status::NotApplicable;
    let seen = if elsewhere { format!("tried on this program, not on the target: {seen}") } else { seen };
    entry(rule, status, seen, sent() - before, began.elapsed())
}

fn entry(rule: AnyRule, status: Status, seen: String, requests: usize, took: Duration) -> RuleResult {
    let info = rule.info();
    RuleResult {
        id: info.id,
        kind: rule.kind(),
        status,
        finding: info.finding,
        title: info.title,
        severity: info.severity.name(),
        cwe: info.cwe,
        asvs: info.asvs,
        owasp: owasp::category(info.cwe),
        expected: info.expected,
        seen,
        requests,
        duration_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
    }
}

/// A failure that was seen stays one, however the rule ended; a pass needs a control, a check, and the rule's own end.
fn verdict(found: &Findings, end: Result<(), Stop>) -> (Status, String) {
    const SHOWN: usize = 5;
    if !found.wrong.is_empty() {
        let mut seen: Vec<String> = found.wrong.iter().take(SHOWN).cloned().collect();
        if found.wrong.len() > SHOWN {
            seen.push(format!("and {} more", found.wrong.len() - SHOWN));
        }
        return (Status::Fail, seen.join("; "));
    }
    match end {
        Err(Stop::Unsure(reason)) => (Status::Unknown, reason),
        Err(Stop::NotApplicable(reason)) => (Status::NotApplicable, reason),
        Ok(()) if found.controls == 0 => (Status::Unknown, "no positive control was made".to_owned()),
        Ok(()) if found.checks == 0 => (Status::Unknown, "nothing was tried".to_owned()),
        Ok(()) => (Status::Pass, format!("{} of {} answers as expected", found.checks, found.checks)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book(controls: usize, checks: usize, wrong: usize) -> Findings {
        Findings { controls, checks, wrong: (0..wrong).map(|n| format!("w{n}")).collect() }
    }

    #[test]
    fn nothing_passes_by_accident() {
        let status = |found: &Findings, end| verdict(found, end).0;
        assert_eq!(status(&book(1, 3, 0), Ok(())), Status::Pass);
        assert_eq!(status(&book(0, 3, 0), Ok(())), Status::Unknown);
        assert_eq!(status(&book(1, 0, 0), Ok(())), Status::Unknown);
        assert_eq!(status(&book(1, 3, 0), Err(Stop::Unsure("x".into()))), Status::Unknown);
        assert_eq!(status(&book(0, 1, 1), Err(Stop::Unsure("x".into()))), Status::Fail);
        assert_eq!(status(&book(0, 1, 1), Err(Stop::NotApplicable("x".into()))), Status::Fail);
        assert_eq!(verdict(&book(1, 9, 7), Ok(())).1, "w0; w1; w2; w3; w4; and 2 more");
    }

    #[test]
    fn rules_are_chosen_by_id_and_by_finding() {
        let ids = |only: &[&str]| -> Vec<&str> {
            let only: Vec<_> = only.iter().map(|name| (*name).to_owned()).collect();
            chosen(&only).unwrap().iter().map(|rule| rule.info().id).collect()
        };
        assert_eq!(ids(&["A1-C4.cookie-only"]), ["A1-C4.cookie-only"]);
        assert!(ids(&["A1-C4"]).len() >= 8);
        assert_eq!(ids(&[]).len(), rules::ALL.len() + rules::STARTS.len() + rules::EVIDENCE.len());
    }

    #[test]
    fn an_unknown_rule_is_an_error() {
        assert!(matches!(chosen(&["A9-Z9".to_owned()]), Err(Error::UnknownRule(name)) if name == "A9-Z9"));
    }
}
