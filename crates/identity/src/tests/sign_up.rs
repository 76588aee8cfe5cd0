//! From a sign-up to an account.

use super::harness::{House, PASSWORD};
use crate::Registration;
use http::Method;
use serde_json::json;
use std::time::Duration;

store::conformance!(
    the_link_makes_the_account,
    a_stranger_who_signs_up_first_takes_nothing,
    the_owner_of_a_taken_address_is_told,
    another_letter_voids_the_first,
    a_letter_speaks_the_language_that_was_asked_for,
    some_wait_for_a_yes,
    the_token_surface_signs_up_alike,
    the_outbox_is_for_who_runs_it,
);

async fn the_link_makes_the_account(db: store::Db) {
    let house = House::open(&db).await;
    let body = json!({ "email": "Zoe@example.org", "password": PASSWORD, "display_name": "Zoë",
                       "locale": "de-at", "time_zone": "Europe/Vienna" });
    assert_eq!(house.post("/api/auth/signup", body).await.status, 202);
    house.settle().await;
    assert_eq!(house.log_in("zoe@example.org", PASSWORD).await.status, 401);
    assert!(house.identity.find_user("zoe@example.org").await.unwrap().is_none(), "there is no account yet");
    let token = house.link_to("Zoe@example.org", "verify").await;
    let answer = house.post("/api/auth/verify-email", json!({ "token": token })).await;
    assert_eq!((answer.status, answer.body.clone()), (200, json!({ "email": "Zoe@example.org", "status": "active" })));
    assert!(answer.headers.get("set-cookie").is_none());
    let again = house.post("/api/auth/verify-email", json!({ "token": token })).await;
    assert_eq!((again.status, again.code()), (410, "link_void"));
    let signed = house.sign_in("zoe@example.org").await;
    let user = house.me(&signed).await.body["user"].clone();
    assert_eq!(
        (user["display_name"].as_str(), user["locale"].as_str(), user["time_zone"].as_str(), user["role"].as_str()),
        (Some("Zoë"), Some("de-AT"), Some("Europe/Vienna"), Some("member"))
    );
    house.identity.keys.of(user["id"].as_str().unwrap().parse().unwrap()).await.expect("a data key");
    for (field, value) in [("locale", "Deutsch!"), ("time_zone", "Mars/Olympus")] {
        let mut body = json!({ "email": "a@example.org", "password": PASSWORD });
        body[field] = json!(value);
        let refused = house.post("/api/auth/signup", body).await;
        assert_eq!((refused.status, refused.body["errors"][0]["field"].as_str()), (422, Some(field)));
    }
    // A day, and not longer.
    house.sign_up("late@example.org", PASSWORD).await;
    house.settle().await;
    let token = house.link_to("late@example.org", "verify").await;
    house.clock.advance(Duration::from_hours(24));
    assert_eq!(house.post("/api/auth/verify-email", json!({ "token": token })).await.code(), "link_void");
}

async fn a_stranger_who_signs_up_first_takes_nothing(db: store::Db) {
    let house = House::open(&db).await;
    house.sign_up("victim@example.org", "the thief's own long password").await;
    house.settle().await;
    let thief = house.link_to("victim@example.org", "verify").await;
    house.sign_up("victim@example.org", PASSWORD).await;
    house.settle().await;
    let own = house.link_to("victim@example.org", "verify").await;
    assert_ne!(thief, own);
    assert_eq!(house.post("/api/auth/verify-email", json!({ "token": own })).await.status, 200);
    assert_eq!(house.post("/api/auth/verify-email", json!({ "token": thief })).await.code(), "link_void");
    assert_eq!(house.log_in("victim@example.org", "the thief's own long password").await.status, 401);
    assert_eq!(house.log_in("victim@example.org", PASSWORD).await.status, 200);
}

async fn the_owner_of_a_taken_address_is_told(db: store::Db) {
    let house = House::open(&db).await;
    house.member("taken@example.org").await;
    house.sign_up("Taken@example.org", "another lantern orbit kettle").await;
    house.settle().await;
    let letters = house.letters_to("taken@example.org").await;
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].0, "You already have an account");
    assert!(!letters[0].1.contains('#'), "no token: {}", letters[0].1);
    assert_eq!(house.log_in("taken@example.org", PASSWORD).await.status, 200);
}

async fn another_letter_voids_the_first(db: store::Db) {
    let house = House::open(&db).await;
    house.sign_up("again@example.org", PASSWORD).await;
    house.settle().await;
    let first = house.link_to("again@example.org", "verify").await;
    house.clock.advance(Duration::from_secs(1));
    assert_eq!(house.post("/api/auth/resend-verification", json!({ "email": "AGAIN@example.org" })).await.status, 202);
    house.settle().await;
    let second = house.link_to("again@example.org", "verify").await;
    assert_ne!(first, second);
    assert_eq!(house.post("/api/auth/verify-email", json!({ "token": first })).await.code(), "link_void");
    assert_eq!(house.post("/api/auth/verify-email", json!({ "token": second })).await.status, 200);
    let letters = house.letters_to("again@example.org").await.len();
    house.post("/api/auth/resend-verification", json!({ "email": "again@example.org" })).await;
    house.settle().await;
    assert_eq!(house.letters_to("again@example.org").await.len(), letters, "nothing is left to confirm");
}

async fn a_letter_speaks_the_language_that_was_asked_for(db: store::Db) {
    let house = House::open(&db).await;
    for (email, locale, subject) in [
        ("a@example.org", "de", "Bestätige deine Adresse"),
        ("b@example.org", "en-GB", "Confirm your address"),
        ("c@example.org", "ja", "Confirm your address"),
    ] {
        let body = json!({ "email": email, "password": PASSWORD, "locale": locale });
        house.post("/api/auth/signup", body).await;
        house.settle().await;
        assert_eq!(house.letters_to(email).await[0].0, subject);
    }
}

async fn some_wait_for_a_yes(db: store::Db) {
    let house = House::with(&db, Registration::Approval).await;
    let owner = house.administrator().await;
    let mut ids = Vec::new();
    for email in ["yes@example.org", "no@example.org"] {
        let verified = house.sign_up_whole(email, PASSWORD).await;
        assert_eq!(verified.body["status"], "awaiting_approval");
        assert_eq!(
            house.log_in(email, PASSWORD).await.code(),
            "invalid_credentials",
            "not yet, and it does not say why"
        );
        ids.push(house.identity.find_user(email).await.unwrap().unwrap());
    }
    let letters = house.letters_to("owner@example.org").await;
    let wanted = |email: &str| letters.iter().any(|letter| letter.1.contains(email));
    assert!(wanted("no@example.org") && wanted("yes@example.org"));
    let list = house.as_signed(&owner, Method::GET, "/api/auth/approvals", None).await;
    let waiting: Vec<_> = list.body["items"].as_array().unwrap().iter().map(|one| one["email"].clone()).collect();
    assert_eq!(waiting, [json!("no@example.org"), json!("yes@example.org")]);
    for (id, approve) in [(ids[0], true), (ids[1], false)] {
        let path = format!("/api/auth/approvals/{id}");
        let answer = house.as_signed(&owner, Method::POST, &path, Some(json!({ "approve": approve }))).await;
        assert_eq!(answer.status, 204);
        let again = house.as_signed(&owner, Method::POST, &path, Some(json!({ "approve": approve }))).await;
        assert_eq!((again.status, again.code()), (404, "not_found"));
    }
    assert_eq!(house.log_in("yes@example.org", PASSWORD).await.status, 200);
    assert_eq!(house.letters_to("yes@example.org").await[0].0, "Your account is ready");
    assert!(house.identity.find_user("no@example.org").await.unwrap().is_none());
    assert_eq!(house.identity.keys.of(ids[1]).await.err(), Some(store::Error::NoKey), "nothing of them is left");
}

async fn the_token_surface_signs_up_alike(db: store::Db) {
    let house = House::open(&db).await;
    let body = json!({ "email": "app@example.org", "password": PASSWORD });
    let (one, two) = (house.post("/auth/register", body.clone()).await, house.post("/api/auth/signup", body).await);
    assert_eq!(one.outline(), two.outline());
    house.settle().await;
    let token = house.link_to("app@example.org", "verify").await;
    assert_eq!(house.post("/api/auth/verify-email", json!({ "token": token })).await.status, 200);
}

async fn the_outbox_is_for_who_runs_it(db: store::Db) {
    store::row! { struct Body { body: Vec<u8> } }
    let house = House::open(&db).await;
    house.owner().await;
    house.member("member@example.org").await;
    house.sign_up("new@example.org", PASSWORD).await;
    house.settle().await;
    let (owner, member) = (house.sign_in("owner@example.org").await, house.sign_in("member@example.org").await);
    let outbox = house.as_signed(&owner, Method::GET, "/api/auth/outbox?limit=1", None).await;
    let letter = &outbox.body["items"][0];
    assert_eq!(
        (letter["to"].as_str(), letter["subject"].as_str()),
        (Some("new@example.org"), Some("Confirm your address"))
    );
    assert!(letter["text"].as_str().unwrap().contains("/verify#verify_"));
    let refused = house.as_signed(&member, Method::GET, "/api/auth/outbox", None).await;
    assert_eq!((refused.status, refused.code()), (403, "administrators_only"));
    assert_eq!(house.send(Method::GET, "/api/auth/outbox", &[], None).await.status, 401);
    let config = crate::Config { post: crate::Post::None, ..House::config() };
    let production = House::configured(&db, config).await;
    let owner = production.sign_in("owner@example.org").await;
    assert_eq!(production.as_signed(&owner, Method::GET, "/api/auth/outbox", None).await.code(), "not_found");
    // Sealed: nothing of the letter is in the table.
    let all = store::Sql::same("select body from mails");
    let rows: Vec<Body> = db.lookup().await.unwrap().sql(all).all().await.unwrap();
    assert!(!rows.is_empty());
    for row in rows {
        assert!(!row.body.windows(7).any(|part| part == b"example" || part == b"verify_"));
    }
}
