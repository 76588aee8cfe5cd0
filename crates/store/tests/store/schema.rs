//! The committed dumps under `schema/` are what the migrations make; `UPDATE_SCHEMA=1` writes them anew.

use std::path::Path;
use store::testing::{self, Temporary};

fn compare(file: &str, found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema").join(file);
    #[expect(clippy::disallowed_methods, reason = "a switch of this test, not a setting of the program")]
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(&path, found).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(committed, found, "schema/{file} is stale: UPDATE_SCHEMA=1 cargo test -p store schema");
}

async fn dump(temporary: &Temporary) -> String {
    testing::schema(&temporary.db()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_is_as_committed() {
    let temporary = testing::sqlite().await;
    let keys = testing::keys(&temporary.db()).await;
    let data = dump(&temporary).await;
    let found = format!("-- mindvibe.db\n{data}\n-- keys.db\n{}", testing::key_schema(&keys).await);
    compare("sqlite.sql", &found);
    let tables = found.matches("CREATE TABLE").count() + found.matches("create table").count();
    assert_eq!(found.matches("strict;").count() + 2, tables, "every table but the two of the migrations is strict");
    assert!(!found.to_ascii_lowercase().contains("deferr"), "a deferred constraint fails strangers' transactions");
    keys.close().await;
    temporary.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_is_as_committed() {
    let temporary = testing::postgres().await;
    let found = dump(&temporary).await;
    compare("postgres.sql", &found);
    let long = found.split_whitespace().find(|word| word.len() > 63);
    assert_eq!(long, None, "PostgreSQL cuts names at 63 bytes");
    temporary.end().await;
}

/// Unique constraints and indexes are known by one name on both engines: the convention makes SQLite's columns into
/// PostgreSQL's name. Two over the same columns could not be told apart, and cannot have the same name either.
#[tokio::test(flavor = "multi_thread")]
async fn names_of_unique_constraints_follow_the_convention() {
    let temporary = testing::postgres().await;
    let mut table = String::new();
    for line in dump(&temporary).await.lines() {
        if let Some(name) = line.strip_prefix("table ") {
            name.split('.').next_back().unwrap().clone_into(&mut table);
        }
        let Some((name, definition)) = line.trim().strip_prefix("constraint ").and_then(|c| c.split_once(' ')) else {
            if let Some((name, definition)) =
                line.trim().strip_prefix("CREATE UNIQUE INDEX ").and_then(|i| i.split_once(' '))
            {
                let columns = definition.split(['(', ')']).nth(1).unwrap();
                assert_eq!(name, format!("{table}_{}_key", columns.replace(", ", "_")));
            }
            continue;
        };
        if let Some(columns) = definition.strip_prefix("UNIQUE (").and_then(|rest| rest.strip_suffix(')')) {
            assert_eq!(name, format!("{table}_{}_key", columns.replace(", ", "_")));
        } else if definition.starts_with("PRIMARY KEY") {
            assert_eq!(name, format!("{table}_pkey"));
        }
    }
    assert!(!table.is_empty());
    temporary.end().await;
}
