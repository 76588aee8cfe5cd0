//! How sessions slide and end.

use super::harness::{House, PASSWORD, Signed};
use guard::Presented;
use http::Method;
use kernel::Secret;
use serde_json::json;
use std::net::Ipv4Addr;
use std::time::Duration;
use store::Sql;

const DAY: Duration = Duration::from_hours(24);

store::conformance!(
    signing_out_ends_it_at_once,
    signing_in_ends_the_session_that_came_along,
    it_slides_and_has_an_absolute_end,
    a_token_lasts_fifteen_minutes,
    the_oldest_of_many_makes_room,
    raising_the_epoch_ends_all,
    a_credential_of_one_kind_is_none_of_another,
    a_leaked_credential_is_revoked,
    a_lost_csrf_cookie_is_given_again,
    a_name_for_the_log_is_a_pseudonym,
);

async fn signing_out_ends_it_at_once(db: store::Db) {
    let house = House::open(&db).await;
    house.member("out@example.org").await;
    let (here, there) = (house.sign_in("out@example.org").await, house.sign_in("out@example.org").await);
    assert_eq!(house.me(&here).await.status, 200);
    let without =
        house.send(Method::POST, "/api/auth/logout", &[("cookie", &format!("__Host-sid={}", here.sid))], None).await;
    assert_eq!((without.status, without.code()), (403, "csrf_refused"));
    let foreign = Signed { sid: here.sid.clone(), csrf: there.csrf.clone() };
    assert_eq!(house.log_out(&foreign).await.code(), "csrf_refused", "made for another session");
    let answer = house.log_out(&here).await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.headers["clear-site-data"], "\"cache\", \"storage\"");
    assert_eq!((answer.cookie("__Host-sid"), answer.cookie("__Host-csrf")), (Some(""), Some("")));
    assert_eq!(house.me(&here).await.status, 401);
    assert_eq!(house.me(&there).await.status, 200, "the other device stays");
}

async fn signing_in_ends_the_session_that_came_along(db: store::Db) {
    let house = House::open(&db).await;
    house.member("victim@example.org").await;
    house.member("attacker@example.org").await;
    // An attacker planted his own session's cookie in the victim's browser.
    let planted = house.sign_in("attacker@example.org").await;
    assert_eq!(house.me(&planted).await.status, 200);
    let body = json!({ "email": "victim@example.org", "password": PASSWORD });
    let cookie = format!("__Host-sid={}", planted.sid);
    let answer = house.send(Method::POST, "/api/auth/login", &[("cookie", &cookie)], Some(body)).await;
    assert_eq!(answer.status, 200);
    assert_ne!(answer.cookie("__Host-sid"), Some(planted.sid.as_str()));
    assert_eq!(house.me(&planted).await.status, 401);
}

/// Use is noted beside the request; waits until it was.
async fn noted(db: &store::Db, at: kernel::Timestamp) {
    store::row! { struct Seen { n: i64 } }
    let seen = Sql::same("select count(*) as n from sessions where last_seen_at = $1");
    for _ in 0..500 {
        let found: Seen = db.lookup().await.unwrap().sql(seen).bind(at).one().await.unwrap();
        if found.n > 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the use was not noted within five seconds");
}

async fn it_slides_and_has_an_absolute_end(db: store::Db) {
    let house = House::open(&db).await;
    house.member("slide@example.org").await;
    let (mut used, idle) = (house.sign_in("slide@example.org").await, house.sign_in("slide@example.org").await);
    house.clock.advance(13 * DAY);
    assert_eq!(house.me_keeping(&mut used).await.status, 200);
    noted(&db, house.ambient.now()).await;
    house.clock.advance(DAY);
    assert_eq!(house.me(&idle).await.status, 401, "14 days unused");
    house.clock.advance(12 * DAY);
    assert_eq!(house.me_keeping(&mut used).await.status, 200, "used 13 days ago");
    noted(&db, house.ambient.now()).await;
    house.clock.advance((4 * DAY).saturating_sub(Duration::from_secs(1)));
    assert_eq!(house.me_keeping(&mut used).await.status, 200);
    house.clock.advance(Duration::from_secs(1));
    assert_eq!(house.me(&used).await.status, 401, "30 days whatever happens");
}

async fn a_token_lasts_fifteen_minutes(db: store::Db) {
    let house = House::open(&db).await;
    house.member("token@example.org").await;
    let log_in = async || {
        let answer = house.post("/auth/login", json!({ "email": "token@example.org", "password": PASSWORD })).await;
        answer.body["access_token"].as_str().unwrap().to_owned()
    };
    let (first, second) = (log_in().await, log_in().await);
    let me = async |token: &str| house.with_token(Method::GET, "/api/auth/me", token, None).await.status;
    assert_eq!(me(&first).await, 200);
    assert_eq!(house.with_token(Method::POST, "/auth/logout", &first, Some(json!({ "all": true }))).await.status, 422);
    assert_eq!(house.with_token(Method::POST, "/auth/logout", &first, Some(json!({}))).await.status, 204);
    assert_eq!(me(&first).await, 401);
    house.clock.advance(Duration::from_secs(899));
    assert_eq!(me(&second).await, 200);
    house.clock.advance(Duration::from_secs(1));
    assert_eq!(me(&second).await, 401);
}

async fn the_oldest_of_many_makes_room(db: store::Db) {
    let house = House::open(&db).await;
    let user = house.member("many@example.org").await;
    let mut all = Vec::new();
    for number in 0..21u64 {
        house.clock.advance(Duration::from_secs(1));
        // Past the limit of tries: straight from the slice.
        if number % 7 == 0 {
            all.push(house.sign_in("many@example.org").await);
            continue;
        }
        let client = crate::client::Client {
            ip: Ipv4Addr::LOCALHOST.into(),
            ip_prefix: String::new(),
            user_agent: String::new(),
            sid: None,
            device: None,
            csrf: None,
            is_browser: true,
        };
        let kind = crate::model::SessionKind::Browser;
        let sid = house.identity.begin_session(user.id, kind, &client).await.unwrap().unwrap();
        all.push(Signed { csrf: house.identity.csrf_for(&sid), sid: sid.expose().clone() });
    }
    assert_eq!(house.me(&all[0]).await.status, 401);
    for signed in &all[1..] {
        assert_eq!(house.me(signed).await.status, 200);
    }
}

async fn raising_the_epoch_ends_all(db: store::Db) {
    let house = House::open(&db).await;
    let user = house.member("epoch@example.org").await;
    let signed = house.sign_in("epoch@example.org").await;
    assert_eq!(house.me(&signed).await.status, 200);
    let raise = Sql::same("update users set token_epoch = token_epoch + 1 where id = $1");
    let mut tx = db.begin().await.unwrap();
    tx.sql(raise).bind(user.id).run().await.unwrap();
    tx.commit().await.unwrap();
    // Another process did it: what this one remembers is at most two seconds old.
    house.clock.advance(Duration::from_secs(2));
    assert_eq!(house.me(&signed).await.status, 401);
    let again = house.sign_in("epoch@example.org").await;
    assert_eq!(house.me(&again).await.status, 200);
}

async fn a_credential_of_one_kind_is_none_of_another(db: store::Db) {
    let house = House::open(&db).await;
    house.member("kind@example.org").await;
    let signed = house.sign_in("kind@example.org").await;
    let port = house.identity.port();
    let secret = |text: &str| Secret::new(text.to_owned());
    let sender = guard::Sender::new(Ipv4Addr::LOCALHOST.into(), String::new());
    let letters = signed.sid.strip_prefix("sid_").unwrap();
    let tokens = house.tokens("kind@example.org").await;
    let access = tokens["access_token"].as_str().unwrap();
    assert!(port.resolve(&Presented::Token(secret(access)), &sender).await.unwrap().is_some());
    for presented in [
        Presented::Token(secret(&signed.sid)),
        Presented::Token(secret(&format!("at_{letters}"))),
        Presented::Session(secret(&format!("setup_{letters}"))),
        Presented::Session(secret("")),
        Presented::ApiKey(secret(&signed.sid)),
        Presented::ApiKey(secret(access)),
    ] {
        assert!(port.resolve(&presented, &sender).await.unwrap().is_none());
    }
    assert!(port.resolve(&Presented::Session(secret(&signed.sid)), &sender).await.unwrap().is_some());
}

async fn a_leaked_credential_is_revoked(db: store::Db) {
    let house = House::open(&db).await;
    house.member("leak@example.org").await;
    let (signed, other) = (house.sign_in("leak@example.org").await, house.sign_in("leak@example.org").await);
    assert_eq!(house.me(&signed).await.status, 200);
    let answer = house.send(Method::GET, &format!("/api/auth/me?token={}", signed.sid), &[], None).await;
    assert_eq!((answer.status, answer.code()), (400, "credential_in_url"));
    assert_eq!(house.me(&signed).await.status, 401);
    assert_eq!(house.me(&other).await.status, 200);
}

async fn a_lost_csrf_cookie_is_given_again(db: store::Db) {
    let house = House::open(&db).await;
    house.member("lost@example.org").await;
    let mut signed = house.sign_in("lost@example.org").await;
    let other = house.sign_in("lost@example.org").await;
    let kept = house.me(&signed).await;
    assert_eq!(kept.cookie("__Host-csrf"), None, "it has one that matches");
    assert_eq!(kept.cookie("__Host-sid"), None);
    for lost in [String::new(), "x.y".to_owned(), other.csrf.clone()] {
        signed.csrf = lost;
        let csrf = house.me(&signed).await.cookie("__Host-csrf").unwrap().to_owned();
        signed.csrf = csrf;
        assert_eq!(house.me(&signed).await.cookie("__Host-csrf"), None);
    }
    // One value that is right is remembered; another of this session is as good, and one of another session is not.
    let mine = signed.csrf.clone();
    let second = house.identity.csrf_for(&Secret::new(signed.sid.clone()));
    for (csrf, is_kept) in [(&mine, true), (&second, true), (&other.csrf, false), (&mine, true)] {
        signed.csrf.clone_from(csrf);
        assert_eq!(house.me(&signed).await.cookie("__Host-csrf").is_none(), is_kept);
    }
    assert_eq!(house.log_out(&signed).await.status, 204);
}

async fn a_name_for_the_log_is_a_pseudonym(db: store::Db) {
    let house = House::open(&db).await;
    let port = house.identity.port();
    let (one, two) = (house.ambient.id(), house.ambient.id());
    let name = port.user_ref(one);
    assert!(name.len() == 12 && name.bytes().all(|letter| letter.is_ascii_hexdigit()));
    assert_eq!(port.user_ref(one), name);
    assert_ne!(port.user_ref(two), name);
    let again = House::open(&db).await;
    assert_eq!(again.identity.port().user_ref(one), name, "the same after a restart");
}
