//! A hundred of each kind, one after the other: nothing in an answer tells them apart (A1-H4).

use super::agent::Agent;
use super::harness::{House, PASSWORD};
use super::{factors, passkeys};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

store::conformance!(
    signing_in_tells_nothing,
    signing_up_tells_nothing,
    asking_for_letters_tells_nothing,
    asking_for_a_passkey_tells_nothing,
);

const ROUNDS: usize = 100;

async fn signing_in_tells_nothing(db: store::Db) {
    let house = House::open(&db).await;
    // Four wrong tries each: a fifth would lock, and locked ones are a class of their own.
    for number in 0..ROUNDS / 4 {
        house.member(&format!("known{number:02}@example.org")).await;
    }
    house.member("locked00@example.org").await;
    house.lock("locked00@example.org").await;
    house.sign_up("waits000@example.org", PASSWORD).await;
    house.settle().await;
    let mut outlines = BTreeMap::new();
    for round in 0..ROUNDS {
        for (class, email, password) in [
            ("known", format!("known{:02}@example.org", round / 4), "wrong password"),
            ("unknown", format!("nobody{round:02}@example.org"), PASSWORD),
            ("locked", "locked00@example.org".to_owned(), PASSWORD),
            // Tried four times in fifteen minutes at most, so that it is not locked.
            ("unverified", "waits000@example.org".to_owned(), PASSWORD),
        ] {
            if class == "unverified" && round >= 4 {
                continue;
            }
            let answer = house.log_in(&email, password).await;
            outlines.entry(answer.outline()).or_insert_with(|| (class, round));
        }
    }
    assert_eq!(outlines.len(), 1, "{outlines:#?}");
    assert!(outlines.keys().next().unwrap().starts_with("401\n"));
}

async fn signing_up_tells_nothing(db: store::Db) {
    let house = House::open(&db).await;
    for number in 0..ROUNDS / 3 {
        house.member(&format!("taken{number:03}@example.org")).await;
    }
    let mut outlines = BTreeMap::new();
    for round in 0..ROUNDS {
        for (class, email) in [
            ("taken", format!("taken{:03}@example.org", round % (ROUNDS / 3))),
            ("free", format!("fresh{round:03}@example.org")),
        ] {
            // Three letters an hour and address.
            if class == "taken" && round >= 3 * (ROUNDS / 3) {
                continue;
            }
            let answer = house.sign_up(&email, PASSWORD).await;
            outlines.entry(answer.outline()).or_insert_with(|| (class, round));
        }
    }
    assert_eq!(outlines.len(), 1, "{outlines:#?}");
    assert!(outlines.keys().next().unwrap().starts_with("202\n"));
    // One too many is refused alike.
    let refusal = async |email: &str| {
        for _ in 0..3 {
            house.sign_up(email, PASSWORD).await;
        }
        let answer = house.sign_up(email, PASSWORD).await;
        (answer.status, answer.code().to_owned())
    };
    house.member("limit1@example.org").await;
    assert_eq!(refusal("limit1@example.org").await, (429, "too_many_requests".to_owned()));
    assert_eq!(refusal("limit2@example.org").await, (429, "too_many_requests".to_owned()));
}

async fn asking_for_letters_tells_nothing(db: store::Db) {
    let house = House::open(&db).await;
    for number in 0..=ROUNDS / 3 {
        house.member(&format!("known{number:03}@example.org")).await;
        house.sign_up(&format!("waits{number:03}@example.org"), PASSWORD).await;
    }
    house.settle().await;
    for path in ["/api/auth/password-reset", "/api/auth/resend-verification"] {
        // Each path has its own hour.
        let house = House::open(&db).await;
        let mut outlines = BTreeMap::new();
        for round in 0..ROUNDS {
            // Three letters an hour and address.
            let turn = round % (ROUNDS / 3 + 1);
            for (class, email) in [
                ("known", format!("known{turn:03}@example.org")),
                ("unconfirmed", format!("waits{turn:03}@example.org")),
                ("unknown", format!("ghost{round:03}@example.org")),
            ] {
                let answer = house.post(path, json!({ "email": email })).await;
                outlines.entry(answer.outline()).or_insert_with(|| (class, round));
            }
        }
        assert_eq!(outlines.len(), 1, "{path}: {outlines:#?}");
        assert!(outlines.keys().next().unwrap().starts_with("202\n"));
    }
}

async fn asking_for_a_passkey_tells_nothing(db: store::Db) {
    let house = factors::roomy(&db).await;
    house.member("with@example.org").await;
    let owner = Agent::new(&house);
    owner.enter("with@example.org").await;
    passkeys::add(&owner).await;
    house.member("without@example.org").await;
    let mut outlines = BTreeMap::new();
    let mut questions = BTreeSet::new();
    for round in 0..ROUNDS {
        for (class, email) in [
            ("with", "with@example.org".to_owned()),
            ("without", "without@example.org".to_owned()),
            ("unknown", format!("nobody{round:03}@example.org")),
        ] {
            let mut answer = house.post("/api/auth/passkeys/sign-in/start", json!({ "email": email })).await;
            assert_eq!(answer.body["options"]["allowCredentials"], json!([]), "{class}");
            for part in ["/ceremony_id", "/options/challenge"] {
                let part = answer.body.pointer_mut(part).unwrap();
                questions.insert(part.take().to_string());
            }
            outlines.entry(answer.outline()).or_insert_with(|| (class, round));
        }
    }
    assert_eq!(outlines.len(), 1, "{outlines:#?}");
    assert!(outlines.keys().next().unwrap().starts_with("200\n"));
    assert_eq!(questions.len(), 2 * 3 * ROUNDS, "each question is asked once");
}
