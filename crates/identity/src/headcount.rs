//! How many people there are, for who runs this; never who.

use crate::Identity;
use kernel::Fault;
use std::time::Duration;
use store::{Record, Sql, Statement};

const DAY: Duration = Duration::from_hours(24);

store::row! {
    struct Row {
        users: i64,
        active_day: i64,
        active_week: i64,
        live_sessions: i64,
    }
}

/// Reads all that there are: asked now and then by who monitors, beside the writer, and never on the way of a request.
const HEADCOUNT: Sql = Sql::same(
    "select (select count(*) from users where status = 'active') as users,
            (select count(distinct user_id) from sessions where expires_at > $2 and last_seen_at > $2) as active_day,
            (select count(distinct user_id) from sessions where expires_at > $3 and last_seen_at > $3) as active_week,
            (select count(*) from sessions where expires_at > $1 and idle_expires_at > $1 and revoked_at is null)
                as live_sessions",
);

/// The text of this module, for the catalogue test.
pub const STATEMENTS: &[Statement] = &[Statement::read(HEADCOUNT, Row::COLUMNS)];

/// How many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Headcount {
    /// Accounts that can be used.
    pub users: u64,
    /// Of these, who was here within a day.
    pub active_day: u64,
    /// Of these, who was here within a week.
    pub active_week: u64,
    /// Sessions of both surfaces that count now.
    pub live_sessions: u64,
}

impl Identity {
    /// Counts accounts and sessions.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn headcount(&self) -> Result<Headcount, Fault> {
        let now = self.ambient.now();
        let mut tx = self.db.lookup().await?;
        let row: Row = tx.sql(HEADCOUNT).bind(now).bind(now.minus(DAY)).bind(now.minus(DAY * 7)).one().await?;
        let count = |n: i64| u64::try_from(n).unwrap_or(0);
        Ok(Headcount {
            users: count(row.users),
            active_day: count(row.active_day),
            active_week: count(row.active_week),
            live_sessions: count(row.live_sessions),
        })
    }
}
