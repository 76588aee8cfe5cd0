//! Judges the statements of a slice: can both engines read them, and do they find what they look for without reading all.

use crate::db::Kind;
use crate::sql::Statement;
use crate::{Db, keys};
use sqlx::{Connection, Executor, Row};

/// Every statement can be prepared, answers the columns of its row type, takes the same parameters on both engines and
/// stays within its transaction.
pub async fn statements(db: &Db, statements: &[Statement]) {
    let mut wrong = Vec::new();
    for statement in statements {
        wrong.extend(db.check(statement).await.err());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// How many statements have a text per engine: a test writes the number down, so that one more is a decision.
pub fn pairs(statements: &[Statement]) -> usize {
    statements.iter().filter(|statement| statement.sql.is_pair()).count()
}

/// The same judgement of the key store's own statements; answers how many there are.
pub async fn key_statements(keys: &keys::KeyStore) -> usize {
    statements(keys.db(), keys::STATEMENTS).await;
    keys::STATEMENTS.len()
}

/// No statement reads all of a table that grows without end: `large` are their names. Do not give such a table an alias
/// in a statement: SQLite's plan would only tell that.
pub async fn no_scans(db: &Db, statements: &[Statement], large: &[&str]) {
    let mut wrong = Vec::new();
    for statement in statements {
        let plan = match &db.inner {
            Kind::Sqlite(_) => sqlite_plan(db, statement).await,
            Kind::Postgres(_) => postgres_plan(db, statement).await,
        };
        let plan = plan.unwrap_or_else(|error| panic!("{:?}: {error}", statement.sql));
        for table in large {
            if scans(&plan, table) {
                wrong.push(format!("{:?} reads all of {table}:\n{}", statement.sql, plan.join("\n")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

fn scans(plan: &[String], table: &str) -> bool {
    let names = |line: &str, before: &str| {
        line.split_once(before).is_some_and(|(_, rest)| rest.split_whitespace().next() == Some(table))
    };
    plan.iter().enumerate().any(|(at, line)| {
        let whole_index = line.contains("Scan using")
            && names(line, " on ")
            && !plan[at + 1..].iter().take(2).any(|next| next.contains("Index Cond"));
        // SQLite: any SCAN, through an index or not; SEARCH is what we want. PostgreSQL: with sequential scans priced
        // out, one that is left has no index at all, and an index without a condition is read from end to end.
        names(line, "SCAN ") || names(line, "Seq Scan on ") || whole_index
    })
}

async fn sqlite_plan(db: &Db, statement: &Statement) -> sqlx::Result<Vec<String>> {
    let Kind::Sqlite(lite) = &db.inner else { return Ok(Vec::new()) };
    let text = sqlx::AssertSqlSafe(format!("explain query plan {}", statement.sql.sqlite));
    let rows = lite.read.acquire().await?.fetch_all(sqlx::raw_sql(text)).await?;
    rows.iter().map(|row| row.try_get("detail")).collect()
}

async fn postgres_plan(db: &Db, statement: &Statement) -> sqlx::Result<Vec<String>> {
    let Kind::Postgres(pg) = &db.inner else { return Ok(Vec::new()) };
    let mut conn = pg.pool.acquire().await?;
    let mut tx = conn.begin().await?;
    let nulls = vec!["null"; Statement::highest_parameter(statement.sql.postgres)].join(", ");
    let call = if nulls.is_empty() { "judged".to_owned() } else { format!("judged({nulls})") };
    let settings = "set local plan_cache_mode = force_generic_plan; set local enable_seqscan = off; \
                    set local enable_bitmapscan = off; set local jit = off";
    tx.execute(sqlx::raw_sql(settings)).await?;
    tx.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(format!("prepare judged as {}", statement.sql.postgres)))).await?;
    let rows = tx.fetch_all(sqlx::raw_sql(sqlx::AssertSqlSafe(format!("explain (costs off) execute {call}")))).await?;
    let plan = rows.iter().map(|row| row.try_get(0)).collect();
    tx.execute(sqlx::raw_sql("deallocate judged")).await?;
    tx.rollback().await?;
    plan
}
