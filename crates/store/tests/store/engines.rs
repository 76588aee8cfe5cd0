//! The whole catalogue of this crate, and what its plans look like.

use store::{Db, Statement, testing};

store::conformance!(statements_are_sound);

async fn statements_are_sound(db: Db) {
    let all: Vec<Statement> = store::statements().into_iter().copied().collect();
    testing::statements(&db, &all).await;
    assert_eq!(testing::pairs(&all), 1, "only claiming a job is said differently");
    let keys = testing::keys(&db).await;
    assert_eq!(testing::key_statements(&keys).await, 9);
    // Counting jobs is for a person who looks, and naming the kinds that wait for a start; both may read all of an index.
    let seldom = |s: &Statement| ["group by", "distinct"].iter().any(|word| format!("{:?}", s.sql).contains(word));
    let asked_often: Vec<Statement> = all.into_iter().filter(|s| !seldom(s)).collect();
    testing::no_scans(&db, &asked_often, &["jobs", "idempotency_keys"]).await;
}
