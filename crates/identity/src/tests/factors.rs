//! The second step of a sign-in: authenticator app, backup codes, trusted devices.

use super::agent::{Agent, App, CURL};
use super::harness::{House, PASSWORD};
use crate::model::SessionKind;
use futures_util::future::join_all;
use guard::Window;
use serde_json::{Value, json};
use std::time::Duration;
use store::{Db, Sql};

store::conformance!(
    an_app_is_set_up_and_asked_for,
    a_code_works_once_even_at_the_same_time,
    a_backup_code_works_once_of_twenty,
    backup_codes_are_made_anew,
    the_strict_switch_takes_one_step_only,
    switching_off_takes_a_code,
    nothing_is_stored_in_clear,
    a_challenge_ends,
    a_trusted_device_skips_the_second_factor,
    guesses_are_counted_across_sessions,
    help_takes_every_factor_away,
    the_token_surface_asks_as_well,
);

const STEP: Duration = Duration::from_secs(30);

/// A house in which only what a test is about limits anybody.
pub(super) async fn roomy(db: &Db) -> House {
    House::tuned(db, |_, rates| {
        rates.second_factor = vec![Window::per(1000, 60)];
    })
    .await
}

async fn answer(agent: &Agent<'_>, challenge: &str, proof: (&str, &str)) -> super::harness::Answer {
    agent.post("/api/auth/second-factor", json!({ "challenge_id": challenge, proof.0: proof.1 })).await
}

async fn an_app_is_set_up_and_asked_for(db: Db) {
    let house = roomy(&db).await;
    house.member("app@example.org").await;
    let agent = Agent::new(&house);
    agent.enter("app@example.org").await;
    let none = json!({ "totp": false, "backup_codes_left": 0, "passkeys": 0, "trusted_devices": 0 });
    assert_eq!(agent.get("/api/auth/2fa").await.body, none);
    let early = agent.post("/api/auth/2fa/enable", json!({ "code": "123456" })).await;
    assert_eq!((early.status, early.code()), (409, "totp_not_begun"));

    let begun = agent.post("/api/auth/2fa/setup", json!({})).await;
    assert_eq!(begun.status, 200);
    let uri = begun.body["uri"].as_str().unwrap();
    assert!(uri.starts_with("otpauth://totp/MindVibe:app%40example%2Eorg?secret="), "{uri}");
    assert!(begun.body["qr_svg"].as_str().unwrap().starts_with("<svg "));
    assert_eq!(agent.get("/api/auth/2fa").await.body, none, "nothing counts before a code was shown");
    let (app, codes) = App::set_up(&agent).await;
    assert_eq!(codes.len(), 10);
    let twice = agent.post("/api/auth/2fa/setup", json!({})).await;
    assert_eq!((twice.status, twice.code()), (409, "totp_enabled"));
    let status = agent.get("/api/auth/2fa").await.body;
    assert_eq!((&status["totp"], &status["backup_codes_left"]), (&json!(true), &json!(10)));
    assert_eq!(agent.get("/api/auth/me").await.body["user"]["second_factor"], true);

    // Before the password was right nothing tells that there is a second factor.
    let other = Agent::new(&house);
    let wrong = json!({ "email": "app@example.org", "password": "not the password of it" });
    let wrong = other.post("/api/auth/login", wrong).await;
    let unknown = json!({ "email": "nobody@example.org", "password": "not the password of it" });
    assert_eq!(wrong.comparable(), other.post("/api/auth/login", unknown).await.comparable());
    let first = other.log_in("app@example.org").await;
    assert_eq!(first.body["status"], "additional_verification_required");
    assert!(first.cookie("__Host-sid").is_none() && first.cookie("__Host-csrf").is_none());
    assert_eq!(first.body.as_object().unwrap().len(), 2, "no method is named");
    let challenge = first.body["challenge_id"].as_str().unwrap().to_owned();
    let options = other.post("/api/auth/second-factor/options", json!({ "challenge_id": challenge })).await;
    assert_eq!(options.body, json!({ "methods": ["totp", "backup_code"], "passkey": null }));

    for (proof, status, code) in [
        (json!({}), 422, "invalid_fields"),
        (json!({ "totp": "123456", "backup_code": codes[0] }), 422, "invalid_fields"),
        (json!({ "totp": app.code_of(&house, 2) }), 401, "invalid_code"),
        // Used up when the app was switched on.
        (json!({ "totp": app.code(&house) }), 401, "invalid_code"),
    ] {
        let mut body = proof.clone();
        body["challenge_id"] = json!(challenge);
        let refused = other.post("/api/auth/second-factor", body).await;
        assert_eq!((refused.status, refused.code()), (status, code), "{proof}");
        assert!(refused.cookie("__Host-sid").is_none());
    }
    house.clock.advance(STEP);
    let code = app.code(&house);
    let entered = answer(&other, &challenge, ("totp", &code)).await;
    assert_eq!((entered.status, entered.body["status"].as_str()), (200, Some("signed_in")), "{}", entered.body);
    assert_eq!(entered.body["user"]["email"], "app@example.org");
    assert_eq!(other.status("/api/auth/me").await.0, 200);
    let again = answer(&other, &challenge, ("backup_code", &codes[0])).await;
    assert_eq!((again.status, again.code()), (410, "challenge_void"));
    let next = other.challenge("app@example.org").await;
    assert_eq!(answer(&other, &next, ("totp", &code)).await.code(), "invalid_code", "a step is used once");
    house.clock.advance(STEP);
    assert_eq!(answer(&other, &next, ("totp", &app.code_of(&house, -1))).await.code(), "invalid_code");
    assert_eq!(answer(&other, &next, ("totp", &app.code_of(&house, 1))).await.status, 200, "a clock that is ahead");
}

async fn a_code_works_once_even_at_the_same_time(db: Db) {
    let house = roomy(&db).await;
    let user = house.member("parallel@example.org").await;
    let agent = Agent::new(&house);
    agent.enter("parallel@example.org").await;
    let (app, _) = App::set_up(&agent).await;
    house.clock.advance(STEP);
    let code = app.code(&house);
    let tries = join_all((0..20).map(|_| async {
        let challenge = house.identity.begin_challenge(user.id, SessionKind::Browser).await.unwrap();
        answer(&Agent::new(&house), challenge.expose(), ("totp", &code)).await.status
    }));
    let statuses = tries.await;
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
}

async fn a_backup_code_works_once_of_twenty(db: Db) {
    let house = roomy(&db).await;
    let user = house.member("codes@example.org").await;
    let agent = Agent::new(&house);
    agent.enter("codes@example.org").await;
    let (_, codes) = App::set_up(&agent).await;
    let tries = join_all((0..20).map(|_| async {
        let challenge = house.identity.begin_challenge(user.id, SessionKind::Browser).await.unwrap();
        answer(&Agent::new(&house), challenge.expose(), ("backup_code", &codes[3])).await.status
    }));
    let statuses = tries.await;
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(agent.get("/api/auth/2fa").await.body["backup_codes_left"], 9);
    // So many wrong ones lock the account for a while.
    house.clock.advance(Duration::from_hours(1));
    // As people type it.
    let challenge = agent.challenge("codes@example.org").await;
    let typed = codes[4].to_lowercase().replace('-', " ").replace('0', "o");
    assert_eq!(answer(&agent, &challenge, ("backup_code", &typed)).await.status, 200);
    // The letters that find it are right, the rest is another's.
    let challenge = agent.challenge("codes@example.org").await;
    let mixed = format!("{}{}", &codes[5][..2], &codes[6][2..]);
    assert_eq!(answer(&agent, &challenge, ("backup_code", &mixed)).await.code(), "invalid_code");
}

async fn backup_codes_are_made_anew(db: Db) {
    let house = roomy(&db).await;
    house.member("anew@example.org").await;
    let agent = Agent::new(&house);
    agent.enter("anew@example.org").await;
    let none = agent.post("/api/auth/2fa/regenerate-backup-codes", json!({})).await;
    assert_eq!((none.status, none.code()), (409, "no_second_factor"));
    let (_, old) = App::set_up(&agent).await;
    let made = agent.post("/api/auth/2fa/regenerate-backup-codes", json!({})).await;
    let new: Vec<String> = serde_json::from_value(made.body["backup_codes"].clone()).unwrap();
    assert_eq!(new.len(), 10);
    assert!(new.iter().all(|code| !old.contains(code)));
    let challenge = agent.challenge("anew@example.org").await;
    assert_eq!(answer(&agent, &challenge, ("backup_code", &old[0])).await.code(), "invalid_code");
    assert_eq!(answer(&agent, &challenge, ("backup_code", &new[0])).await.status, 200);
    house.clock.advance(Duration::from_mins(10));
    let late = agent.post("/api/auth/2fa/regenerate-backup-codes", json!({})).await;
    assert_eq!((late.status, late.code()), (401, "step_up_required"));
}

async fn the_strict_switch_takes_one_step_only(db: Db) {
    let house = House::tuned(&db, |config, rates| {
        config.totp_strict = true;
        rates.second_factor = vec![Window::per(1000, 60)];
    })
    .await;
    house.member("strict@example.org").await;
    let agent = Agent::new(&house);
    agent.enter("strict@example.org").await;
    let (app, _) = App::set_up(&agent).await;
    house.clock.advance(2 * STEP);
    let challenge = agent.challenge("strict@example.org").await;
    for off in [-1, 1] {
        assert_eq!(answer(&agent, &challenge, ("totp", &app.code_of(&house, off))).await.code(), "invalid_code");
    }
    assert_eq!(answer(&agent, &challenge, ("totp", &app.code(&house))).await.status, 200);
}

async fn switching_off_takes_a_code(db: Db) {
    let house = roomy(&db).await;
    house.member("off@example.org").await;
    let agent = Agent::new(&house);
    agent.enter("off@example.org").await;
    let (app, codes) = App::set_up(&agent).await;
    let wrong = agent.post("/api/auth/2fa/disable", json!({ "code": "000-000" })).await;
    assert_eq!((wrong.status, wrong.code()), (401, "invalid_code"));
    house.clock.advance(Duration::from_mins(10));
    let late = agent.post("/api/auth/2fa/disable", json!({ "code": app.code(&house) })).await;
    assert_eq!((late.status, late.code()), (401, "step_up_required"));
    assert_eq!(agent.post("/api/auth/step-up", json!({ "totp": app.code(&house) })).await.status, 200);
    assert_eq!(agent.post("/api/auth/2fa/disable", json!({ "code": codes[0] })).await.status, 204);
    let none = json!({ "totp": false, "backup_codes_left": 0, "passkeys": 0, "trusted_devices": 0 });
    assert_eq!(agent.get("/api/auth/2fa").await.body, none);
    Agent::new(&house).enter("off@example.org").await;
}

async fn nothing_is_stored_in_clear(db: Db) {
    store::row! { struct Sealed { secret: Vec<u8> } }
    store::row! { struct Hashed { selector: String, code_phc: String } }
    let house = roomy(&db).await;
    house.member("clear@example.org").await;
    let agent = Agent::new(&house);
    agent.enter("clear@example.org").await;
    let (app, codes) = App::set_up(&agent).await;
    let rows: Vec<Sealed> = db.lookup().await.unwrap().sql(Sql::same("select secret from totp")).all().await.unwrap();
    assert_eq!(rows.len(), 1);
    let written = data_encoding::BASE32_NOPAD.encode(app.secret());
    for secret in [app.secret(), written.as_bytes()] {
        assert!(!rows[0].secret.windows(secret.len()).any(|window| window == secret));
    }
    let text = Sql::same("select selector, code_phc from backup_codes order by selector");
    let rows: Vec<Hashed> = db.lookup().await.unwrap().sql(text).all().await.unwrap();
    assert_eq!(rows.len(), 10);
    for row in rows {
        assert!(row.code_phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", row.code_phc);
        let code = codes.iter().find(|code| code.starts_with(&row.selector)).unwrap();
        let (first, second) = (&code[3..8], &code[9..]);
        assert!(!row.code_phc.contains(first) && !row.code_phc.contains(second));
    }
}

async fn a_challenge_ends(db: Db) {
    let house = roomy(&db).await;
    let user = house.member("ends@example.org").await;
    let agent = Agent::new(&house);
    agent.enter("ends@example.org").await;
    let (app, codes) = App::set_up(&agent).await;
    let fresh = Agent::new(&house);
    let void = async |challenge: &str| {
        let refused = answer(&fresh, challenge, ("backup_code", &codes[0])).await;
        assert_eq!((refused.status, refused.code()), (410, "challenge_void"));
        let options = fresh.post("/api/auth/second-factor/options", json!({ "challenge_id": challenge })).await;
        assert_eq!(options.code(), "challenge_void");
    };
    void("").await;
    void(&agent.cookie("__Host-sid").unwrap()).await;
    // Begun on the other surface.
    let token = house.identity.begin_challenge(user.id, SessionKind::Token).await.unwrap();
    void(token.expose()).await;
    let late = fresh.challenge("ends@example.org").await;
    house.clock.advance(Duration::from_mins(5));
    void(&late).await;
    // Everything of the account was ended meanwhile, as a new password does.
    let early = fresh.challenge("ends@example.org").await;
    let mut tx = db.begin().await.unwrap();
    house.identity.end_everything(&mut tx, user.id).await.unwrap();
    tx.commit().await.unwrap();
    house.identity.forget(user.id);
    void(&early).await;
    assert_eq!(agent.status("/api/auth/me").await.0, 401, "and every session");
    // The account was disabled meanwhile.
    let early = fresh.challenge("ends@example.org").await;
    let mut tx = db.begin().await.unwrap();
    tx.sql(Sql::same("update users set status = 'disabled' where id = $1")).bind(user.id).run().await.unwrap();
    tx.commit().await.unwrap();
    void(&early).await;
    assert_eq!(answer(&fresh, &early, ("totp", &app.code(&house))).await.status, 410);
}

async fn a_trusted_device_skips_the_second_factor(db: Db) {
    let house = roomy(&db).await;
    house.member("trust@example.org").await;
    house.member("other@example.org").await;
    let agent = Agent::new(&house);
    agent.enter("trust@example.org").await;
    let (app, _) = App::set_up(&agent).await;
    house.clock.advance(STEP);
    let challenge = agent.challenge("trust@example.org").await;
    let body = json!({ "challenge_id": challenge, "totp": app.code(&house), "trust_device": true });
    let entered = agent.post("/api/auth/second-factor", body).await;
    assert_eq!(entered.status, 200);
    let lines: Vec<_> =
        entered.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap().to_owned()).collect();
    let line = lines.iter().find(|line| line.starts_with("__Host-device=device_")).unwrap();
    for part in ["Path=/", "Secure", "HttpOnly", "SameSite=Lax", "Max-Age=2592000"] {
        assert!(line.contains(part), "{line}");
    }
    let cookie = agent.cookie("__Host-device").unwrap();
    assert!(!entered.body.to_string().contains(&cookie));

    // The password it does need, and nothing counts as confirmed by it.
    agent.enter("trust@example.org").await;
    assert_eq!(agent.status("/test/confirmed").await, (401, "step_up_required".to_owned()));
    let wrong = json!({ "email": "trust@example.org", "password": "not the password of it" });
    assert_eq!(agent.post("/api/auth/login", wrong).await.status, 401);
    // It is somebody's, and nobody else's.
    let stranger = Agent::new(&house);
    stranger.enter("other@example.org").await;
    App::set_up(&stranger).await;
    agent.challenge("other@example.org").await;

    // Strangers lock the account, and not this device (A1-M6).
    house.lock("trust@example.org").await;
    assert_ne!(house.log_in("trust@example.org", PASSWORD).await.status, 200);
    agent.enter("trust@example.org").await;
    house.clock.advance(Duration::from_mins(16));
    let devices = agent.get("/api/auth/devices").await.body;
    let device = &devices["items"][0];
    assert_eq!((&device["current"], &device["device"]), (&json!(true), &json!("Firefox on Linux")));
    let path = format!("/api/auth/devices/{}", device["id"].as_str().unwrap());
    assert_eq!(stranger.delete(&path).await.status, 404);
    assert_eq!(agent.delete(&path).await.status, 204);
    assert_eq!(agent.delete(&path).await.status, 404);
    agent.challenge("trust@example.org").await;

    // Thirty days, and not a second more.
    house.clock.advance(STEP);
    let challenge = agent.challenge("trust@example.org").await;
    let body = json!({ "challenge_id": challenge, "totp": app.code(&house), "trust_device": true });
    assert_eq!(agent.post("/api/auth/second-factor", body).await.status, 200);
    house.clock.advance(Duration::from_hours(30 * 24).saturating_sub(Duration::from_secs(1)));
    agent.enter("trust@example.org").await;
    house.clock.advance(Duration::from_secs(1));
    agent.challenge("trust@example.org").await;
}

async fn guesses_are_counted_across_sessions(db: Db) {
    let house = House::open(&db).await;
    let user = house.member("guess@example.org").await;
    let agent = Agent::new(&house);
    agent.enter("guess@example.org").await;
    App::set_up(&agent).await;
    // The first of three was the code of the set-up.
    let mut statuses = Vec::new();
    for _ in 0..4 {
        let challenge = house.identity.begin_challenge(user.id, SessionKind::Browser).await.unwrap();
        statuses.push(answer(&Agent::new(&house), challenge.expose(), ("totp", "000000")).await.status);
    }
    assert_eq!(statuses, [401, 401, 429, 429], "a challenge of its own is no budget of its own");
    let step_up = agent.post("/api/auth/step-up", json!({ "totp": "000000" })).await;
    assert_eq!((step_up.status, step_up.code()), (429, "too_many_requests"));
}

async fn help_takes_every_factor_away(db: Db) {
    let house = roomy(&db).await;
    let user = house.member("help@example.org").await;
    let agent = Agent::new(&house);
    agent.enter("help@example.org").await;
    App::set_up(&agent).await;
    assert!(house.identity.reset_second_factors(user.id).await.unwrap());
    assert_eq!(agent.status("/api/auth/me").await.0, 401);
    agent.enter("help@example.org").await;
    let none = json!({ "totp": false, "backup_codes_left": 0, "passkeys": 0, "trusted_devices": 0 });
    assert_eq!(agent.get("/api/auth/2fa").await.body, none);
    assert!(!house.identity.reset_second_factors(house.ambient.id()).await.unwrap(), "there is no such account");
}

async fn the_token_surface_asks_as_well(db: Db) {
    let house = roomy(&db).await;
    house.member("script@example.org").await;
    let agent = Agent::new(&house);
    agent.enter("script@example.org").await;
    App::set_up(&agent).await;
    let body = json!({ "email": "script@example.org", "password": PASSWORD });
    let answer = house.send(http::Method::POST, "/auth/login", &[("user-agent", CURL)], Some(body)).await;
    assert_eq!(answer.body["status"], "additional_verification_required");
    assert_eq!(answer.body["access_token"], Value::Null);
}
