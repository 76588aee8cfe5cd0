//! What the rules are about: the findings of both audits and what others went through, as `docs/security/` tells them.
//!
//! The pages there are the one place where this is written down. They are compiled in and taken apart once; tests see to
//! it that no finding is lost on the way.

use serde::Serialize;
use std::sync::LazyLock;
use utoipa::ToSchema;

const AUDIT_1: &str = include_str!("../../../../docs/security/audit-1.md");
const AUDIT_2: &str = include_str!("../../../../docs/security/audit-2.md");
const PEERS: &str = include_str!("../../../../docs/security/peers.md");

/// Who found it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum FindingSource {
    /// The review of the first program that came before.
    #[serde(rename = "audit_1")]
    Audit1,
    /// The plan for the second.
    #[serde(rename = "audit_2")]
    Audit2,
    /// Break-ins of other servers.
    Peers,
    /// Defects of the predecessors that neither audit mentions.
    Predecessors,
}

/// A finding. Texts mark code with backquotes, and are empty where the page says nothing.
#[derive(Debug, Clone)]
pub(super) struct Known {
    /// As the rules call it: `A1-C4`.
    pub(super) id: String,
    pub(super) source: FindingSource,
    pub(super) title: String,
    /// What the audit asked.
    pub(super) asked: &'static str,
    /// What stands here instead.
    pub(super) done: &'static str,
    /// Where it goes further.
    pub(super) further: &'static str,
    /// Which rules, or which tests, show it.
    pub(super) shown_by: &'static str,
}

/// All findings, in the order of the pages.
pub(super) static ALL: LazyLock<Vec<Known>> = LazyLock::new(|| {
    let audits = rows(AUDIT_1, "A1-", FindingSource::Audit1).chain(rows(AUDIT_2, "A2-", FindingSource::Audit2));
    let checklist = Known {
        id: "A2-CHECKLIST".to_owned(),
        source: FindingSource::Audit2,
        title: "The audit's own checklist of twelve".to_owned(),
        asked: "",
        done: "",
        further: "",
        shown_by: "",
    };
    audits.chain([checklist]).chain(PEERS.lines().filter_map(peer)).collect()
});

/// Rows of an audit: `| **C1** title | asked | done | proven by | further |`.
fn rows(page: &'static str, prefix: &'static str, source: FindingSource) -> impl Iterator<Item = Known> {
    page.lines().filter_map(move |line| {
        let (id, rest) = line.strip_prefix("| **")?.strip_suffix(" |")?.split_once("** ")?;
        let mut cells = rest.split(" | ");
        Some(Known {
            id: format!("{prefix}{id}"),
            source,
            title: cells.next()?.to_owned(),
            asked: cells.next()?,
            done: cells.next()?,
            shown_by: cells.next()?,
            further: cells.next()?,
        })
    })
}

/// Rows of the other page: what happened, to whom where that is known, and the rule.
fn peer(line: &'static str) -> Option<Known> {
    let cells: Vec<_> = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ").collect();
    let id = cells.last()?.strip_prefix('`')?.strip_suffix('`')?;
    let (source, title) = match cells.as_slice() {
        [what, whom, _] => (FindingSource::Peers, format!("{what} ({whom})")),
        [what, _] => (FindingSource::Predecessors, (*what).to_owned()),
        _ => return None,
    };
    Some(Known { id: id.to_owned(), source, title, asked: "", done: "", further: "", shown_by: "" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_finding_of_both_audits_is_there_once() {
        let ids: BTreeSet<_> = ALL.iter().map(|finding| finding.id.as_str()).collect();
        assert_eq!(ids.len(), ALL.len(), "no finding twice");
        for (letter, count) in [("A1-C", 5), ("A1-H", 8), ("A1-M", 9), ("A1-L", 6), ("A1-S", 5), ("A2-", 15)] {
            for number in 1..=count {
                let id = format!("{letter}{number}");
                assert!(ids.contains(id.as_str()), "{id} is in no row");
            }
        }
        let of = |source| ALL.iter().filter(|finding| finding.source == source).count();
        assert_eq!((of(FindingSource::Audit1), of(FindingSource::Audit2)), (33, 16));
        for finding in ALL.iter().filter(|finding| finding.id.starts_with("A1-")) {
            for text in [&finding.title[..], finding.asked, finding.done, finding.further, finding.shown_by] {
                assert!(!text.is_empty() && text.len() <= 1000 && !text.contains('|'), "{}: {text}", finding.id);
            }
        }
    }

    #[test]
    fn every_rule_belongs_to_a_finding_that_is_told() {
        let lost: Vec<_> = prove::rules()
            .iter()
            .filter(|rule| !ALL.iter().any(|finding| finding.id == rule.info.finding))
            .map(|rule| rule.info.id)
            .collect();
        assert!(lost.is_empty(), "no page of docs/security tells of {lost:?}");
    }
}
