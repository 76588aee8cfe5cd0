//! What follows when a session's cookie turns up in another program.

use super::agent::{Agent, CURL, FIREFOX};
use super::harness::{House, PASSWORD};
use crate::SessionBinding;
use guard::Role;
use kernel::Secret;
use serde_json::json;
use std::time::Duration;
use store::Db;

store::conformance!(
    a_copy_in_another_program_is_flagged,
    enforcing_ends_it,
    an_administrators_session_ends,
    logging_changes_nothing,
    an_update_is_no_other_program,
);

async fn house(db: &Db, mode: SessionBinding) -> House {
    House::tuned(db, |config, _| config.session_binding = mode).await
}

async fn a_copy_in_another_program_is_flagged(db: Db) {
    let house = house(&db, SessionBinding::Flag).await;
    house.member("flag@example.org").await;
    let agent = Agent::new(&house);
    agent.enter("flag@example.org").await;
    assert_eq!(agent.status("/test/confirmed").await.0, 204);
    let thief = agent.stolen(CURL);
    assert_eq!(thief.status("/test/confirmed").await, (401, "step_up_required".to_owned()));
    assert_eq!(thief.status("/api/auth/me").await.0, 200, "what does not matter so much goes on");
    assert_eq!(agent.status("/test/confirmed").await.1, "step_up_required", "until its owner confirms");
    assert_eq!(agent.get("/api/auth/sessions").await.body["items"][0]["suspicious"], true);
    // A day later the copy does not get the new id either.
    house.clock.advance(Duration::from_hours(25));
    assert_eq!(thief.status("/api/auth/me").await.0, 200);
    assert_eq!(thief.cookie("__Host-sid"), agent.cookie("__Host-sid"));
    assert_eq!(agent.post("/api/auth/step-up", json!({ "password": PASSWORD })).await.status, 200);
    assert_eq!(agent.status("/test/confirmed").await.0, 204);
    assert_eq!(agent.get("/api/auth/sessions").await.body["items"][0]["suspicious"], false);
    house.clock.advance(Duration::from_secs(10));
    assert_eq!(thief.status("/api/auth/me").await.0, 401, "the copy is of an id that is gone");
}

async fn enforcing_ends_it(db: Db) {
    let house = house(&db, SessionBinding::Enforce).await;
    house.member("enforce@example.org").await;
    let agent = Agent::new(&house);
    agent.enter("enforce@example.org").await;
    assert_eq!(agent.status("/api/auth/me").await.0, 200);
    let thief = agent.stolen(CURL);
    assert_eq!(thief.status("/api/auth/me").await, (401, "authentication_required".to_owned()));
    assert_eq!(agent.status("/api/auth/me").await.0, 401);
}

async fn an_administrators_session_ends(db: Db) {
    let house = house(&db, SessionBinding::Flag).await;
    let new = crate::NewUser {
        email: "admin@example.org".to_owned(),
        password: Secret::new(PASSWORD.to_owned()),
        display_name: None,
        role: Role::Admin,
    };
    house.identity.create_user(new).await.unwrap();
    let agent = Agent::new(&house);
    agent.enter("admin@example.org").await;
    assert_eq!(agent.stolen(CURL).status("/api/auth/me").await.0, 401);
    assert_eq!(agent.status("/api/auth/me").await.0, 401);
}

async fn logging_changes_nothing(db: Db) {
    let house = house(&db, SessionBinding::Log).await;
    house.member("log@example.org").await;
    let agent = Agent::new(&house);
    agent.enter("log@example.org").await;
    assert_eq!(agent.stolen(CURL).status("/test/confirmed").await.0, 204);
    assert_eq!(agent.get("/api/auth/sessions").await.body["items"][0]["suspicious"], false);
}

async fn an_update_is_no_other_program(db: Db) {
    let house = house(&db, SessionBinding::Enforce).await;
    house.member("update@example.org").await;
    let agent = Agent::new(&house);
    agent.enter("update@example.org").await;
    let updated = agent.stolen(&FIREFOX.replace("145.0", "146.0"));
    assert_eq!(updated.status("/test/confirmed").await.0, 204);
}
