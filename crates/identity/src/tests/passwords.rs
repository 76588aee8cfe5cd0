//! Passwords that are set anew, brought along, or tried first by everybody.

use super::harness::{House, PASSWORD};
use crate::{Config, ImportLine, PasswordMode};
use http::Method;
use kernel::Secret;
use seal::password::{Hasher, Params, Pepper};
use serde_json::json;
use std::time::Duration;

store::conformance!(
    a_reset_ends_everything_and_works_once,
    a_reset_needs_the_letter,
    a_forged_host_changes_no_link,
    a_password_is_changed_by_whoever_knows_it,
    a_wrong_present_password_is_a_wrong_try,
    a_common_password_lets_in_and_is_told_once,
    accounts_come_along_with_their_hashes,
    an_old_pepper_is_still_known,
    the_mode_holds_wherever_a_password_is_set,
    a_profile_is_changed,
    the_policy_says_how_it_is,
    the_command_line_helps,
);

const NEXT: &str = "another lantern orbit kettle";

async fn a_reset_ends_everything_and_works_once(db: store::Db) {
    let house = House::open(&db).await;
    house.member("reset@example.org").await;
    let signed = house.sign_in("reset@example.org").await;
    let script = house.post("/auth/login", json!({ "email": "reset@example.org", "password": PASSWORD })).await;
    let script = script.body["access_token"].as_str().unwrap().to_owned();
    house.post("/api/auth/password-reset", json!({ "email": "Reset@example.org" })).await;
    house.settle().await;
    let token = house.link_to("reset@example.org", "reset").await;
    let confirm = |password: &str| {
        let body = json!({ "token": token, "password": password });
        house.post("/api/auth/password-reset/confirm", body)
    };
    let weak = confirm("Qwerty123!").await;
    assert_eq!((weak.status, weak.body["errors"][0]["field"].as_str()), (422, Some("password")));
    let done = confirm(NEXT).await;
    assert_eq!(
        (done.status, done.body.clone()),
        (200, json!({ "status": "password_changed" })),
        "the refusal cost nothing"
    );
    assert!(done.headers.get("set-cookie").is_none(), "no session begins");
    assert_eq!(confirm("yet another lantern kettle").await.code(), "link_void");
    assert_eq!(house.me(&signed).await.status, 401);
    assert_eq!(house.with_token(Method::GET, "/api/auth/me", &script, None).await.status, 401);
    assert_eq!(house.log_in("reset@example.org", PASSWORD).await.status, 401);
    assert_eq!(house.log_in("reset@example.org", NEXT).await.status, 200);
    let letters = house.letters_to("reset@example.org").await;
    assert!(letters.iter().any(|letter| letter.0 == "Your password was changed"), "{letters:?}");
    // Two at once with one link: one is too late.
    house.post("/api/auth/password-reset", json!({ "email": "reset@example.org" })).await;
    house.settle().await;
    let token = house.link_to("reset@example.org", "reset").await;
    let body = |password: &str| json!({ "token": token, "password": password });
    let (one, two) = tokio::join!(
        house.post("/api/auth/password-reset/confirm", body("first lantern orbit kettle")),
        house.post("/api/auth/password-reset/confirm", body("second lantern orbit kettle"))
    );
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 410]);
}

async fn a_reset_needs_the_letter(db: store::Db) {
    let house = House::open(&db).await;
    let user = house.member("letter@example.org").await;
    house.post("/api/auth/password-reset", json!({ "email": "letter@example.org" })).await;
    house.settle().await;
    let path = "/api/auth/password-reset/confirm";
    let none = house.post(path, json!({ "password": NEXT })).await;
    assert_eq!((none.status, none.body["errors"][0]["field"].as_str()), (422, Some("token")));
    let zero = format!("reset_{}A", "A".repeat(42));
    for token in ["", "reset_", &zero, &user.id.to_string(), "letter@example.org"] {
        let answer = house.post(path, json!({ "token": token, "password": NEXT })).await;
        assert_eq!((answer.status, answer.code()), (410, "link_void"), "{token}");
    }
    let more = json!({ "token": zero, "password": NEXT, "email": "letter@example.org" });
    assert_eq!(house.post(path, more).await.status, 422);
    let token = house.link_to("letter@example.org", "reset").await;
    house.clock.advance(Duration::from_hours(1));
    assert_eq!(house.post(path, json!({ "token": token, "password": NEXT })).await.code(), "link_void");
    assert_eq!(house.log_in("letter@example.org", PASSWORD).await.status, 200, "nothing was changed");
}

async fn a_forged_host_changes_no_link(db: store::Db) {
    let house = House::open(&db).await;
    house.member("host@example.org").await;
    for headers in [
        [("host", "evil.test"), ("x-forwarded-host", "evil.test")],
        [("forwarded", "host=evil.test"), ("x-forwarded-host", "evil.test")],
    ] {
        let body = Some(json!({ "email": "host@example.org" }));
        assert_eq!(house.send(Method::POST, "/api/auth/password-reset", &headers, body).await.status, 202);
    }
    house.settle().await;
    let letters = house.letters_to("host@example.org").await;
    assert_eq!(letters.len(), 2);
    for (_, text) in letters {
        assert!(text.contains("https://mind.example/reset#reset_") && !text.contains("evil"), "{text}");
    }
}

async fn a_password_is_changed_by_whoever_knows_it(db: store::Db) {
    let house = House::open(&db).await;
    house.member("change@example.org").await;
    let (here, there) = (house.sign_in("change@example.org").await, house.sign_in("change@example.org").await);
    let body = json!({ "current_password": PASSWORD, "password": NEXT });
    let answer = house.as_signed(&here, Method::POST, "/api/auth/password", Some(body)).await;
    assert_eq!((answer.status, answer.body["user"]["email"].as_str()), (200, Some("change@example.org")));
    let sid = answer.cookie("__Host-sid").unwrap().to_owned();
    assert_ne!(sid, here.sid);
    assert_eq!(house.me(&here).await.status, 401);
    assert_eq!(house.me(&there).await.status, 401);
    let fresh = super::harness::Signed { sid, csrf: answer.cookie("__Host-csrf").unwrap().to_owned() };
    assert_eq!(house.me(&fresh).await.status, 200);
    assert_eq!(house.log_in("change@example.org", NEXT).await.status, 200);
    let events = house.as_signed(&fresh, Method::GET, "/api/auth/events", None).await;
    let events = events.body["items"].as_array().unwrap();
    assert!(events.iter().any(|event| event["kind"] == "password_changed"), "{events:?}");
}

async fn a_wrong_present_password_is_a_wrong_try(db: store::Db) {
    let house = House::open(&db).await;
    house.member("guess@example.org").await;
    let signed = house.sign_in("guess@example.org").await;
    let change = async |current: &str, next: &str| {
        let body = json!({ "current_password": current, "password": next });
        house.as_signed(&signed, Method::POST, "/api/auth/password", Some(body)).await
    };
    assert_eq!(change(PASSWORD, "short").await.status, 422, "and that is no try");
    for number in 0..5 {
        let answer = change(&format!("wrong {number}"), NEXT).await;
        assert_eq!((answer.status, answer.code()), (401, "invalid_credentials"));
    }
    assert_eq!(change(PASSWORD, NEXT).await.code(), "invalid_credentials", "locked");
    assert_eq!(house.log_in("guess@example.org", PASSWORD).await.status, 401, "one count for every place");
    assert_eq!(house.me(&signed).await.status, 200, "whoever is in stays in");
}

async fn a_common_password_lets_in_and_is_told_once(db: store::Db) {
    let house = House::open(&db).await;
    let phc = "pbkdf2_sha256$1000$somesalt$OYGuREgm/zzNJKw660kWs1coOSUKLeSGoRr8yGcXHTU=";
    let line = ImportLine { email: "weak@example.org".into(), password_hash: phc.into(), display_name: None };
    house.identity.import_user(line).await.unwrap();
    for _ in 0..2 {
        assert_eq!(house.log_in("weak@example.org", "qwertyuiop").await.status, 200);
    }
    let letters = house.letters_to("weak@example.org").await;
    let told: Vec<_> = letters.iter().filter(|(subject, _)| subject == "Please choose another password").collect();
    assert_eq!(told.len(), 1, "{letters:?}");
}

async fn accounts_come_along_with_their_hashes(db: store::Db) {
    let house = House::open(&db).await;
    let line = |email: &str, hash: &str| ImportLine {
        email: email.to_owned(),
        password_hash: hash.to_owned(),
        display_name: Some("Maria".to_owned()),
    };
    let bcrypt = "$2b$04$abcdefghijklmnopqrstuuQCzP7jzWZS/E3GL4oF3LWbHm3pfKHH.";
    house.identity.import_user(line("Maria@example.org", bcrypt)).await.unwrap();
    let phc = async || {
        let mut tx = db.lookup().await.unwrap();
        crate::queries::find_user(&mut tx, "maria@example.org").await.unwrap().unwrap().password_phc
    };
    assert_eq!(phc().await, bcrypt);
    assert_eq!(house.log_in("maria@example.org", "a passwore").await.status, 401);
    assert_eq!(phc().await, bcrypt, "a wrong one changes nothing");
    let entry = house.log_in("maria@example.org", "a password").await;
    assert_eq!((entry.status, entry.body["user"]["display_name"].as_str()), (200, Some("Maria")));
    assert!(phc().await.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "from now on it is ours");
    assert_eq!(house.log_in("maria@example.org", "a password").await.status, 200);
    for (email, hash, field) in [
        ("maria@example.org", bcrypt, "email"),
        ("no address", bcrypt, "email"),
        ("b@example.org", "$1$salt$md5", "password_hash"),
        ("b@example.org", "$2b$31$abcdefghijklmnopqrstuuQCzP7jzWZS/E3GL4oF3LWbHm3pfKHH.", "password_hash"),
    ] {
        let fault = house.identity.import_user(line(email, hash)).await.unwrap_err();
        assert_eq!(fault.fields()[0].field, field);
    }
}

async fn an_old_pepper_is_still_known(db: store::Db) {
    let params = Params::new(19_456, 2, 1).unwrap();
    let old = || Secret::new([42; 32]);
    let elsewhere = Hasher::new(params, Some(Pepper::new(old())));
    let hash = elsewhere.hash(&Secret::new(PASSWORD.to_owned()), &kernel::SystemRng).unwrap();
    let house = House::configured(&db, Config { previous_peppers: vec![old()], ..House::config() }).await;
    let line = ImportLine { email: "pepper@example.org".into(), password_hash: hash.clone(), display_name: None };
    house.identity.import_user(line).await.unwrap();
    assert_eq!(house.log_in("pepper@example.org", PASSWORD).await.status, 200);
    let without = House::open(&db).await;
    assert_eq!(without.log_in("pepper@example.org", PASSWORD).await.status, 200, "made anew under the present one");
}

async fn the_mode_holds_wherever_a_password_is_set(db: store::Db) {
    let house = House::configured(&db, Config { password_mode: PasswordMode::Nist, ..House::config() }).await;
    house.member("mode@example.org").await;
    let signed = house.sign_in("mode@example.org").await;
    let short = "vK7#mQ2!xZ";
    assert_eq!(house.sign_up("other@example.org", short).await.status, 422);
    let body = json!({ "current_password": PASSWORD, "password": short });
    assert_eq!(house.as_signed(&signed, Method::POST, "/api/auth/password", Some(body)).await.status, 422);
    house.post("/api/auth/password-reset", json!({ "email": "mode@example.org" })).await;
    house.settle().await;
    let token = house.link_to("mode@example.org", "reset").await;
    let body = json!({ "token": token, "password": short });
    assert_eq!(house.post("/api/auth/password-reset/confirm", body).await.status, 422);
    let fault = house.identity.set_password_of("mode@example.org", Secret::new(short.to_owned())).await.unwrap_err();
    assert_eq!(fault.fields()[0].code, "too_short");
}

async fn a_profile_is_changed(db: store::Db) {
    let house = House::open(&db).await;
    house.member("profile@example.org").await;
    let signed = house.sign_in("profile@example.org").await;
    let patch = async |body| house.as_signed(&signed, Method::PATCH, "/api/auth/me", Some(body)).await;
    let answer = patch(json!({ "display_name": " Jörg ", "locale": "DE", "time_zone": "Asia/Tokyo" })).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let told = |body: &serde_json::Value| {
        ["display_name", "locale", "time_zone"].map(|field| body["user"][field].as_str().unwrap().to_owned())
    };
    assert_eq!(told(&answer.body), ["Jörg", "de", "Asia/Tokyo"]);
    assert!(answer.body["session"]["id"].is_string());
    let one = patch(json!({ "time_zone": "UTC" })).await;
    assert_eq!(told(&one.body), ["Jörg", "de", "UTC"], "what is not said stays");
    assert_eq!(told(&house.me(&signed).await.body), ["Jörg", "de", "UTC"]);
    for (body, field) in [
        (json!({ "display_name": "" }), "display_name"),
        (json!({ "locale": "x" }), "locale"),
        (json!({ "time_zone": "here" }), "time_zone"),
        (json!({ "role": "owner" }), "role"),
        (json!({ "email": "other@example.org" }), "email"),
    ] {
        let refused = patch(body).await;
        assert_eq!((refused.status, refused.body["errors"][0]["field"].as_str()), (422, Some(field)));
    }
}

async fn the_policy_says_how_it_is(db: store::Db) {
    let policy = async |config| {
        let house = House::configured(&db, config).await;
        house.send(Method::GET, "/api/auth/policy", &[], None).await.body
    };
    let expected =
        json!({ "registration": "open", "mail": true, "password_mode": "two-road", "providers": [], "passkeys": true });
    assert_eq!(policy(House::config()).await, expected);
    let config = Config {
        post: crate::Post::None,
        registration: crate::Registration::Invite,
        password_mode: PasswordMode::Audit,
        ..House::config()
    };
    let found = policy(config).await;
    assert_eq!(
        (&found["registration"], &found["mail"], &found["password_mode"]),
        (&json!("invite"), &json!(false), &json!("audit"))
    );
}

async fn the_command_line_helps(db: store::Db) {
    let house = House::open(&db).await;
    house.member("help@example.org").await;
    let signed = house.sign_in("help@example.org").await;
    let link = house.identity.reset_link_of("Help@example.org").await.unwrap();
    let token = link.expose().strip_prefix("https://mind.example/reset#").unwrap().to_owned();
    house.clock.advance(Duration::from_hours(23));
    let body = json!({ "token": token, "password": NEXT });
    assert_eq!(house.post("/api/auth/password-reset/confirm", body).await.status, 200);
    assert_eq!(house.me(&signed).await.status, 401);
    house.lock("help@example.org").await;
    house.identity.set_password_of("help@example.org", Secret::new(PASSWORD.to_owned())).await.unwrap();
    assert_eq!(house.log_in("help@example.org", PASSWORD).await.status, 200, "a new password lifts the lock too");
    for email in ["nobody@example.org", ""] {
        assert_eq!(house.identity.reset_link_of(email).await.err().unwrap().code(), "not_found");
        let set = house.identity.set_password_of(email, Secret::new(PASSWORD.to_owned())).await;
        assert_eq!(set.unwrap_err().code(), "not_found");
    }
}
