//! Keeping what a run found: on the installation that was tried, and on no other.

use super::queries::{self, ProofRow};
use super::standing::VERSION;
use crate::compose::Failure;
use identity::Identity;
use kernel::Timestamp;
use prove::{Kind, Report, Site, Status};
use std::collections::HashMap;
use store::Db;
use url::Url;

/// The longest evidence that is kept, in characters.
const SEEN: usize = 2000;
/// The highest count of requests that is told.
const REQUESTS: i64 = 1_000_000_000;

/// Why nothing is kept.
#[derive(Debug, thiserror::Error)]
pub enum ForeignTarget {
    /// The target is another server than the one whose data this is.
    #[error("{0} is not the server of this data: it publishes none of its keys; nothing would be kept")]
    Stranger(String),
    /// The target is another version than the program that tried it.
    #[error("{target} runs version {theirs}, this is {}: prove it with the program it runs; nothing was kept", VERSION)]
    OtherVersion {
        /// As given.
        target: String,
        /// What it says of itself.
        theirs: String,
    },
    /// The target is no address, or the run has no time. Neither gets past a run.
    #[error("the report has no proper {0}; nothing was kept")]
    Malformed(&'static str),
}

impl From<ForeignTarget> for Failure {
    fn from(why: ForeignTarget) -> Self {
        Self::Prove(why.to_string())
    }
}

/// Makes sure, before anything is tried, that the target is the server of this data: a proof of another one would be a
/// lie here.
///
/// # Errors
/// [`ForeignTarget::Stranger`], or when the target does not answer.
pub async fn recognise(target: &Site, identity: &Identity) -> Result<(), Failure> {
    let theirs = prove::published_keys(target).await.map_err(|error| Failure::Prove(error.to_string()))?;
    if identity.public_key_ids().iter().any(|own| theirs.contains(&own.to_string())) {
        return Ok(());
    }
    Err(ForeignTarget::Stranger(target.url.clone()).into())
}

/// Keeps what a run found of each rule that it tried, in place of what was known before; answers how many those are. A
/// rule that a read-only run left out keeps its last proof.
///
/// # Errors
/// [`ForeignTarget`] for a report of another version, and what the database has to say.
pub async fn keep(db: &Db, report: &Report, read_only: bool) -> Result<usize, Failure> {
    if let Some(theirs) = report.version.as_ref().filter(|version| *version != VERSION) {
        let (target, theirs) = (report.target.clone(), bounded(theirs, 64));
        return Err(ForeignTarget::OtherVersion { target, theirs }.into());
    }
    let url = Url::parse(&report.target).map_err(|_| ForeignTarget::Malformed("target"))?;
    // Nothing but the origin: a report is no place for what else an address may hold.
    let target = bounded(&url.origin().ascii_serialization(), 300);
    let proven_at: Timestamp = report.started_at.parse().map_err(|_| ForeignTarget::Malformed("time"))?;
    let writes: HashMap<_, _> = prove::rules().iter().map(|rule| (rule.info.id, rule.info.writes)).collect();
    let left_out = |rule: &prove::RuleResult| {
        let writes = writes.get(rule.id).copied().unwrap_or_default();
        read_only && writes && rule.kind == Kind::Attack && rule.status == Status::NotApplicable
    };
    let mut tx = db.begin().await?;
    let mut kept = 0;
    for rule in report.rules.iter().filter(|rule| !left_out(rule)) {
        let row = ProofRow {
            rule: rule.id.to_owned(),
            outcome: rule.status.into(),
            seen: bounded(&rule.seen, SEEN),
            requests: i64::try_from(rule.requests).unwrap_or(i64::MAX).min(REQUESTS),
            target: target.clone(),
            version: VERSION.to_owned(),
            proven_at,
        };
        queries::keep(&mut tx, row).await?;
        kept += 1;
    }
    tx.commit().await?;
    Ok(kept)
}

/// A text that a stranger's answer is part of: of bounded length, and in one line.
fn bounded(text: &str, longest: usize) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    let mut kept: String = text.chars().take(longest).map(plain).collect();
    if text.chars().nth(longest).is_some() {
        kept.push('…');
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_is_one_line_of_bounded_length() {
        assert_eq!(bounded("GET /a\r\nx\0y\u{1b}[31m", 100), "GET /a  x y [31m");
        assert_eq!(bounded("abc", 3), "abc");
        assert_eq!(bounded("ünïcode", 3), "ünï…");
    }
}
