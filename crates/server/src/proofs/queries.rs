//! The SQL of proofs.

use kernel::Timestamp;
use serde::Serialize;
use store::{Record, Result, Sql, Statement, Tx};
use utoipa::ToSchema;

/// More rules than any version has; rows of rules that are no more are few.
const MOST: i64 = 1000;

// Of two runs at once, the one that began later counts.
const KEEP: Sql = Sql::same(
    "insert into proofs (rule, outcome, seen, requests, target, version, proven_at) values ($1, $2, $3, $4, $5, $6, $7)
     on conflict (rule) do update set outcome = excluded.outcome, seen = excluded.seen, requests = excluded.requests,
        target = excluded.target, version = excluded.version, proven_at = excluded.proven_at
     where excluded.proven_at >= proofs.proven_at",
);
const ALL: Sql = Sql::same(
    "select rule, outcome, seen, requests, target, version, proven_at from proofs
     where rule > $1 order by rule limit $2",
);

/// Every text of this module, for the catalogue test.
pub const STATEMENTS: &[Statement] = &[Statement::write(KEEP), Statement::read(ALL, ProofRow::COLUMNS)];

/// How a rule ended when it was last tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ProofOutcome {
    /// The control succeeded, and every attack was answered as expected.
    Pass,
    /// At least one attack was not.
    Fail,
    /// It could not be tried.
    Unknown,
    /// There was nothing there that the rule is about.
    NotApplicable,
}

impl From<prove::Status> for ProofOutcome {
    fn from(status: prove::Status) -> Self {
        match status {
            prove::Status::Pass => Self::Pass,
            prove::Status::Fail => Self::Fail,
            prove::Status::Unknown => Self::Unknown,
            prove::Status::NotApplicable => Self::NotApplicable,
        }
    }
}

store::value!(
    ProofOutcome as String,
    |outcome| match outcome {
        ProofOutcome::Pass => "pass".to_owned(),
        ProofOutcome::Fail => "fail".to_owned(),
        ProofOutcome::Unknown => "unknown".to_owned(),
        ProofOutcome::NotApplicable => "not_applicable".to_owned(),
    },
    |text| match text.as_str() {
        "pass" => Ok(ProofOutcome::Pass),
        "fail" => Ok(ProofOutcome::Fail),
        "unknown" => Ok(ProofOutcome::Unknown),
        "not_applicable" => Ok(ProofOutcome::NotApplicable),
        _ => Err("not an outcome".into()),
    }
);

store::row! {
    /// A rule's last proof, as it is stored.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(super) struct ProofRow {
        /// The rule's id.
        pub(super) rule: String,
        /// How it ended.
        pub(super) outcome: ProofOutcome,
        /// What was seen, or why nothing can be said.
        pub(super) seen: String,
        /// How many requests it took.
        pub(super) requests: i64,
        /// The origin that was tried.
        pub(super) target: String,
        /// The version of the program.
        pub(super) version: String,
        /// When the run began.
        pub(super) proven_at: Timestamp,
    }
}

pub(super) async fn keep(tx: &mut Tx, row: ProofRow) -> Result<()> {
    let insert = tx.sql(KEEP).bind(row.rule).bind(row.outcome).bind(row.seen).bind(row.requests);
    insert.bind(row.target).bind(row.version).bind(row.proven_at).run().await.map(drop)
}

/// Everything that is kept, by the name of the rule.
pub(super) async fn all(tx: &mut Tx) -> Result<Vec<ProofRow>> {
    tx.sql(ALL).bind(String::new()).bind(MOST).all().await
}
