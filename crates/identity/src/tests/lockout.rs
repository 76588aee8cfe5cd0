//! Wrong passwords, many of them (A1-M6).

use super::harness::{House, PASSWORD};
use crate::lockout::{HARD_STOP, Lane, Seen, State, TRIES, Whom};
use crate::{Unlocked, account_queries};
use http::Method;
use serde_json::json;
use std::time::Duration;

store::conformance!(
    five_wrong_ones_lock_and_the_right_one_gets_the_same_answer,
    fifty_at_once_are_five,
    many_right_ones_at_once_are_all_let_in,
    a_right_one_begins_the_count_anew,
    the_link_lifts_the_lock_once_and_nothing_else,
    it_was_not_me,
    a_trusted_device_has_a_lane_of_its_own,
    a_hundred_wrong_ones_need_a_new_password,
    the_lock_is_told_once_with_what_the_audit_asks_for,
    whoever_runs_the_server_lifts_it,
    a_try_that_was_not_verified_does_not_count,
);

async fn state(house: &House, email: &str) -> Option<State> {
    let subject = house.identity.subject(email);
    account_queries::find_count(&mut house.identity.db.lookup().await.unwrap(), &subject, "open").await.unwrap()
}

async fn five_wrong_ones_lock_and_the_right_one_gets_the_same_answer(db: store::Db) {
    let house = House::open(&db).await;
    house.member("locked@example.org").await;
    let wrong = house.log_in("locked@example.org", "wrong password 0").await.outline();
    for number in 1..5 {
        // The other surface and another spelling are the same account.
        let (path, email) = if number % 2 == 0 {
            ("/api/auth/login", "locked@example.org")
        } else {
            ("/auth/login", "LOCKED@example.org")
        };
        let answer = house.post(path, json!({ "email": email, "password": format!("wrong {number}") })).await;
        assert_eq!((answer.status, answer.code()), (401, "invalid_credentials"));
    }
    for _ in 0..3 {
        assert_eq!(house.log_in("locked@example.org", PASSWORD).await.outline(), wrong, "locked, though it is right");
    }
    house.clock.advance(Duration::from_mins(15).saturating_sub(Duration::from_secs(1)));
    assert_eq!(house.log_in("locked@example.org", PASSWORD).await.outline(), wrong);
    house.clock.advance(Duration::from_secs(1));
    assert_eq!(house.log_in("locked@example.org", PASSWORD).await.status, 200);
    assert_eq!(state(&house, "locked@example.org").await, None);
}

async fn fifty_at_once_are_five(db: store::Db) {
    let house = House::open(&db).await;
    house.member("many@example.org").await;
    for email in ["many@example.org", "nobody@example.org"] {
        let guesses = (0..50).map(|number| {
            // One of those that come too late is right: it must not be let in.
            let password = if number == 49 { PASSWORD.to_owned() } else { format!("wrong password {number}") };
            let house = &house;
            async move { house.log_in(email, &password).await.status }
        });
        let statuses = futures_util::future::join_all(guesses).await;
        assert!(statuses.iter().filter(|status| **status == 401).count() >= 49, "{statuses:?}");
        let after = state(&house, email).await.expect("counted");
        if statuses.contains(&200) {
            // It was among the first five, and began the count anew: at most five were looked at since.
            assert!(after.total <= TRIES, "{after:?}");
        } else {
            assert_eq!((after.total, after.locks), (TRIES, 1), "{email}");
        }
    }
}

async fn many_right_ones_at_once_are_all_let_in(db: store::Db) {
    let house = House::open(&db).await;
    house.member("tabs@example.org").await;
    let entries = (0..8).map(|_| house.log_in("tabs@example.org", PASSWORD));
    for answer in futures_util::future::join_all(entries).await {
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
}

async fn a_right_one_begins_the_count_anew(db: store::Db) {
    let house = House::open(&db).await;
    house.member("typo@example.org").await;
    for _ in 0..3 {
        for number in 0..4 {
            assert_eq!(house.log_in("typo@example.org", &format!("wrong {number}")).await.status, 401);
        }
        assert_eq!(house.log_in("typo@example.org", PASSWORD).await.status, 200);
    }
}

async fn the_link_lifts_the_lock_once_and_nothing_else(db: store::Db) {
    let house = House::open(&db).await;
    house.member("link@example.org").await;
    house.lock("link@example.org").await;
    house.settle().await;
    let token = house.link_to("link@example.org", "unlock").await;
    // It is for nothing else.
    for path in ["/api/auth/not-me", "/api/auth/verify-email"] {
        assert_eq!(house.post(path, json!({ "token": token })).await.code(), "link_void");
    }
    let unlocked = house.post("/api/auth/unlock", json!({ "token": token })).await;
    assert_eq!((unlocked.status, unlocked.body.clone()), (200, json!({ "status": "unlocked" })));
    assert!(unlocked.headers.get("set-cookie").is_none(), "no session begins");
    let again = house.post("/api/auth/unlock", json!({ "token": token })).await;
    assert_eq!((again.status, again.code()), (410, "link_void"));
    assert_eq!(state(&house, "link@example.org").await.unwrap().total, TRIES, "the hundred are counted on");
    // Five more, and the next lock is twice as long.
    house.lock("link@example.org").await;
    house.clock.advance(Duration::from_mins(29));
    assert_eq!(house.log_in("link@example.org", PASSWORD).await.status, 401);
    house.settle().await;
    let token = house.link_to("link@example.org", "unlock").await;
    house.clock.advance(Duration::from_hours(1));
    let late = house.post("/api/auth/unlock", json!({ "token": token })).await;
    assert_eq!((late.status, late.code()), (410, "link_void"), "an hour is over");
    assert_eq!(house.log_in("link@example.org", PASSWORD).await.status, 200);
}

async fn it_was_not_me(db: store::Db) {
    let house = House::open(&db).await;
    house.member("thief@example.org").await;
    let signed = house.sign_in("thief@example.org").await;
    house.lock("thief@example.org").await;
    house.settle().await;
    let token = house.link_to("thief@example.org", "not-me").await;
    let answer = house.post("/api/auth/not-me", json!({ "token": token })).await;
    assert_eq!((answer.status, answer.body.clone()), (200, json!({ "status": "secured" })));
    assert_eq!(house.post("/api/auth/not-me", json!({ "token": token })).await.status, 410);
    assert_eq!(house.me(&signed).await.status, 401, "signed out everywhere");
    house.clock.advance(Duration::from_mins(16));
    assert_eq!(house.log_in("thief@example.org", PASSWORD).await.status, 401, "the password opens nothing");
    let token = house.link_to("thief@example.org", "reset").await;
    let body = json!({ "token": token, "password": "another lantern orbit kettle" });
    assert_eq!(house.post("/api/auth/password-reset/confirm", body).await.status, 200);
    assert_eq!(house.log_in("thief@example.org", "another lantern orbit kettle").await.status, 200);
}

async fn a_trusted_device_has_a_lane_of_its_own(db: store::Db) {
    let house = House::open(&db).await;
    let user = house.member("device@example.org").await;
    house.lock("device@example.org").await;
    let seen = || Seen { address: None, device: "?".to_owned() };
    let (one, two) = (house.ambient.uuid(), house.ambient.uuid());
    let open = house.identity.count_try(Whom::Account(user.id), Lane::Open, seen()).await.unwrap();
    assert!(open.is_none(), "strangers are locked out");
    for _ in 0..TRIES {
        let counted = house.identity.count_try(Whom::Account(user.id), Lane::Device(one), seen()).await.unwrap();
        assert!(counted.is_some(), "the device has five of its own");
    }
    assert!(house.identity.count_try(Whom::Account(user.id), Lane::Device(one), seen()).await.unwrap().is_none());
    let other = house.identity.count_try(Whom::Account(user.id), Lane::Device(two), seen()).await.unwrap();
    house.identity.won(other.expect("and so has another")).await.unwrap();
    assert!(house.identity.count_try(Whom::Account(user.id), Lane::Device(one), seen()).await.unwrap().is_none());
}

async fn a_hundred_wrong_ones_need_a_new_password(db: store::Db) {
    let house = House::open(&db).await;
    let user = house.member("hundred@example.org").await;
    let seen = || Seen { address: None, device: "?".to_owned() };
    for _ in 0..HARD_STOP {
        while house.identity.count_try(Whom::Account(user.id), Lane::Open, seen()).await.unwrap().is_none() {
            house.clock.advance(Duration::from_hours(24));
        }
    }
    house.clock.advance(Duration::from_hours(24 * 365));
    assert_eq!(house.log_in("hundred@example.org", PASSWORD).await.status, 401, "time does not help");
    house.lock("hundred@example.org").await;
    house.settle().await;
    house.clock.advance(Duration::from_hours(24 * 40));
    house.identity.sweep_letters().await.unwrap();
    assert_eq!(state(&house, "hundred@example.org").await.unwrap().total, HARD_STOP, "the count stays");
    house.post("/api/auth/password-reset", json!({ "email": "hundred@example.org" })).await;
    house.settle().await;
    let token = house.link_to("hundred@example.org", "reset").await;
    let body = json!({ "token": token, "password": "another lantern orbit kettle" });
    assert_eq!(house.post("/api/auth/password-reset/confirm", body).await.status, 200);
    assert_eq!(house.log_in("hundred@example.org", "another lantern orbit kettle").await.status, 200);
}

async fn the_lock_is_told_once_with_what_the_audit_asks_for(db: store::Db) {
    let house = House::open(&db).await;
    house.member("told@example.org").await;
    let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    for number in 0..8 {
        let body = json!({ "email": "told@example.org", "password": format!("wrong {number}") });
        let from = std::net::Ipv4Addr::new(198, 51, 100, 7 + number);
        house.send_from(from, Method::POST, "/api/auth/login", &[("user-agent", agent)], Some(body)).await;
        house.lock("nobody@example.org").await;
    }
    house.settle().await;
    let letters = house.letters_to("told@example.org").await;
    assert_eq!(letters.len(), 1, "once for each lock");
    let text = &letters[0].1;
    for part in [
        "2027-01-15 08:00 UTC",
        "Wrong tries: 5",
        "198.51.100.11",
        "Firefox, Linux",
        "/unlock#unlock_",
        "/not-me#notme_",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(house.letters_to("nobody@example.org").await.is_empty());
    // A try that turned out right in the meantime takes the letter with it.
    house.member("late@example.org").await;
    house.lock("late@example.org").await;
    house.identity.unlock_account("late@example.org").await.unwrap();
    house.settle().await;
    assert!(house.letters_to("late@example.org").await.is_empty());
    house.clock.advance(Duration::from_mins(15));
    let signed = house.sign_in("told@example.org").await;
    let events = house.as_signed(&signed, Method::GET, "/api/auth/events", None).await;
    let kinds: Vec<_> = events.body["items"].as_array().unwrap().iter().map(|event| event["kind"].clone()).collect();
    assert!(kinds.contains(&json!("locked")), "{kinds:?}");
    let locked = events.body["items"].as_array().unwrap().iter().find(|event| event["kind"] == "locked").unwrap();
    assert_eq!(locked["network"], "198.51.100.0/24", "no whole address is stored in clear");
}

async fn whoever_runs_the_server_lifts_it(db: store::Db) {
    let house = House::open(&db).await;
    house.member("owner2@example.org").await;
    house.lock("owner2@example.org").await;
    assert_eq!(house.identity.unlock_account("Owner2@example.org").await.unwrap(), Unlocked::Lifted);
    assert_eq!(house.log_in("owner2@example.org", PASSWORD).await.status, 200);
    assert_eq!(house.identity.unlock_account("owner2@example.org").await.unwrap(), Unlocked::WasOpen);
    assert_eq!(house.identity.unlock_account("nobody@example.org").await.unwrap_err().code(), "not_found");
}

async fn a_try_that_was_not_verified_does_not_count(db: store::Db) {
    let house = House::open(&db).await;
    house.member("busy@example.org").await;
    let seen = || Seen { address: None, device: "?".to_owned() };
    let whom = || Whom::Address("busy@example.org".to_owned());
    for _ in 0..3 * TRIES {
        let counted = house.identity.count_try(whom(), Lane::Open, seen()).await.unwrap().expect("open");
        house.identity.take_back(counted).await.unwrap();
    }
    assert_eq!(state(&house, "busy@example.org").await, Some(State::default()));
    assert_eq!(house.log_in("busy@example.org", PASSWORD).await.status, 200);
}
