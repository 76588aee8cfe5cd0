//! Making an account and signing in, and what the answers do not tell.

use super::harness::{Answer, House, PASSWORD};
use crate::{Config, Identity};
use http::Method;
use kernel::Secret;
use seal::password::Params;
use serde_json::json;
use std::net::Ipv4Addr;
use std::time::Instant;
use store::Sql;

store::conformance!(
    a_taken_address_is_answered_as_a_free_one,
    no_refusal_tells_why,
    fields_are_named,
    one_address_tries_five_times_a_minute,
    a_page_gets_no_token,
    old_hashes_are_made_anew,
);

async fn a_taken_address_is_answered_as_a_free_one(db: store::Db) {
    let house = House::open(&db).await;
    let free = house.sign_up("new@example.org", PASSWORD).await;
    assert_eq!(free.status, 202);
    let taken = house.sign_up("NEW@example.org", "another lantern orbit kettle").await;
    assert_eq!(free.outline(), taken.outline());
    house.settle().await;
    let posted = house.letters_to("new@example.org").await;
    assert_eq!(posted.len(), 1, "the second one went to the address as it was written");
    assert_eq!(house.log_in("new@example.org", PASSWORD).await.status, 401, "not before the address is confirmed");
    let link = house.link_to("new@example.org", "verify").await;
    let answer = house.post("/api/auth/verify-email", json!({ "token": link })).await;
    assert_eq!(answer.body, json!({ "email": "new@example.org", "status": "active" }));
    let browser = house.sign_in("new@example.org").await;
    let me = house.me(&browser).await;
    assert_eq!(
        (me.body["user"]["display_name"].as_str(), me.body["user"]["role"].as_str()),
        (Some("new"), Some("member"))
    );
    let user = me.body["user"]["id"].as_str().unwrap().parse().unwrap();
    house.identity.keys.of(user).await.expect("a data key");
    let other = house.log_in("new@example.org", "another lantern orbit kettle").await;
    assert_eq!(other.status, 401, "the second sign-up changed nothing");
}

async fn no_refusal_tells_why(db: store::Db) {
    let house = House::open(&db).await;
    house.member("known@example.org").await;
    let disabled = house.member("disabled@example.org").await;
    let disable = Sql::same("update users set status = 'disabled' where id = $1");
    let mut tx = db.begin().await.unwrap();
    tx.sql(disable).bind(disabled.id).run().await.unwrap();
    tx.commit().await.unwrap();
    let wrong = house.log_in("known@example.org", "not the password of it").await;
    assert_eq!((wrong.status, wrong.code()), (401, "invalid_credentials"));
    assert_eq!(wrong.body["detail"], "Invalid email or password");
    let wrong = wrong.comparable();
    for (email, password) in [
        ("unknown@example.org", PASSWORD),
        ("disabled@example.org", PASSWORD),
        ("no address", PASSWORD),
        ("", ""),
        (&"x".repeat(10_000), PASSWORD),
    ] {
        assert_eq!(house.log_in(email, password).await.comparable(), wrong, "{email:.40}");
    }
    for path in ["/auth/login", "/api/auth/login"] {
        let unknown = house.post(path, json!({ "email": "unknown@example.org", "password": PASSWORD })).await;
        assert_eq!(unknown.comparable(), wrong);
    }
}

async fn fields_are_named(db: store::Db) {
    let house = House::open(&db).await;
    let codes = |body: &serde_json::Value| {
        let errors = body["errors"].as_array().unwrap().iter();
        let code = |error: &serde_json::Value, key| error[key].as_str().unwrap().to_owned();
        errors.map(|error| (code(error, "field"), code(error, "code"))).collect::<Vec<_>>()
    };
    let pair = |field: &str, code: &str| (field.to_owned(), code.to_owned());
    let bad = json!({ "email": "a@b@c", "password": "x".repeat(129), "display_name": "" });
    let answer = house.post("/api/auth/signup", bad).await;
    assert_eq!(answer.status, 422);
    let found = codes(&answer.body);
    assert_eq!(found, [pair("email", "invalid"), pair("display_name", "missing"), pair("password", "too_long")]);
    let long = house.log_in("a@example.org", &"x".repeat(129)).await;
    assert_eq!((long.status, codes(&long.body)), (422, vec![pair("password", "too_long")]));
    let none = house.post("/api/auth/login", json!({ "email": "a@example.org" })).await;
    assert_eq!((none.status, codes(&none.body)), (422, vec![pair("password", "missing")]));
    let more = json!({ "email": "a@example.org", "password": PASSWORD, "role": "owner" });
    let more = house.post("/api/auth/signup", more).await;
    assert_eq!((more.status, codes(&more.body)), (422, vec![pair("role", "unknown_field")]));
}

/// How many tries are answered before one has to wait, when `count` a minute are allowed; on a slow machine some come back
/// meanwhile.
async fn tries(count: u32, mut attempt: impl AsyncFnMut(u32) -> Answer) {
    let begun = Instant::now();
    for number in 0..10 * count {
        let answer = attempt(number).await;
        if answer.status == 429 {
            assert_eq!(answer.code(), "too_many_requests");
            let back = begun.elapsed().as_secs_f64() * f64::from(count) / 60.0;
            let most = f64::from(count) + back;
            assert!(number >= count && f64::from(number) <= most, "{number} tries of {count}, {back:.1} came back");
            return;
        }
        assert_eq!((answer.status, answer.code()), (401, "invalid_credentials"));
    }
    panic!("no try had to wait");
}

async fn one_address_tries_five_times_a_minute(db: store::Db) {
    let house = House::open(&db).await;
    let from = Ipv4Addr::new(192, 0, 2, 1);
    tries(5, async |number| {
        let body = json!({ "email": format!("{number}@example.org"), "password": PASSWORD });
        house.send_from(from, Method::POST, "/api/auth/login", &[], Some(body)).await
    })
    .await;
}

async fn a_page_gets_no_token(db: store::Db) {
    let house = House::open(&db).await;
    house.member("page@example.org").await;
    let body = || Some(json!({ "email": "page@example.org", "password": PASSWORD }));
    let page = house.send(Method::POST, "/auth/login", &[("sec-fetch-site", "same-origin")], body()).await;
    assert_eq!((page.status, page.code()), (403, "browser_surface_required"));
    let answer = house.send(Method::POST, "/api/auth/login", &[("sec-fetch-site", "same-origin")], body()).await;
    let text = answer.body.to_string();
    assert!(!text.contains("sid_") && !text.contains("eyJ") && !text.contains("token"), "{text}");
    let script = house.send(Method::POST, "/auth/login", &[], body()).await;
    assert_eq!((script.body["token_type"].as_str(), script.body["expires_in"].as_u64()), (Some("Bearer"), Some(900)));
    assert!(script.cookie("__Host-sid").is_none());
    let token = script.body["access_token"].as_str().unwrap();
    assert!(token.starts_with("eyJ") && script.body["refresh_token"].as_str().unwrap().starts_with("rt_"));
    assert_eq!(house.with_token(Method::GET, "/api/auth/me", token, None).await.status, 200);
}

async fn old_hashes_are_made_anew(db: store::Db) {
    let house = House::open(&db).await;
    let user = house.member("old@example.org").await;
    let keys = store::testing::keys(&db).await;
    let config = Config { hash: Params::new(20_000, 2, 1).unwrap(), hash_slots: 1, ..House::config() };
    let stronger = Identity::new(db.clone(), keys, house.ambient.clone(), config).await.unwrap();
    let phc = async || {
        let mut tx = db.lookup().await.unwrap();
        crate::queries::find_user(&mut tx, "old@example.org").await.unwrap().unwrap().password_phc
    };
    let before = phc().await;
    assert!(before.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{before}");
    let account = crate::queries::find_user(&mut db.lookup().await.unwrap(), "old@example.org").await.unwrap().unwrap();
    assert_eq!(account.id, user.id);
    let verdict = stronger.pool.verify(Secret::new(PASSWORD.to_owned()), Some(before.clone())).await.unwrap();
    assert!(verdict.matches && verdict.rehash);
    stronger.rehash(&account, Secret::new(PASSWORD.to_owned())).await;
    assert!(phc().await.starts_with("$argon2id$v=19$m=20000,t=2,p=1$"));
    // The old hash is gone, so a late second one changes nothing.
    house.identity.rehash(&account, Secret::new(PASSWORD.to_owned())).await;
    assert!(phc().await.starts_with("$argon2id$v=19$m=20000,t=2,p=1$"));
    assert_eq!(house.log_in("old@example.org", PASSWORD).await.status, 200);
}
