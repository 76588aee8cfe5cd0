//! Step-up, and sessions as their owner sees and ends them.

use super::agent::{Agent, App, CURL, FIREFOX};
use super::factors::roomy;
use super::harness::PASSWORD;
use guard::Role;
use http::Method;
use kernel::Secret;
use serde_json::json;
use std::time::Duration;
use store::Db;

store::conformance!(
    a_proof_counts_for_ten_minutes,
    whoever_has_a_second_factor_confirms_with_it,
    an_administrator_needs_a_second_factor,
    sessions_are_listed_and_ended,
    all_sessions_end_at_once,
    the_id_changes_every_day,
    a_planted_session_is_worth_nothing,
);

async fn a_proof_counts_for_ten_minutes(db: Db) {
    let house = roomy(&db).await;
    house.member("step@example.org").await;
    let agent = Agent::new(&house);
    agent.enter("step@example.org").await;
    assert_eq!(agent.status("/test/confirmed").await.0, 204, "signing in is a proof");
    let until = agent.get("/api/auth/me").await.body["session"]["confirmed_until"].clone();
    assert_eq!(until, json!(house.ambient.now().plus(Duration::from_mins(10))));
    house.clock.advance(Duration::from_mins(10).saturating_sub(Duration::from_micros(1)));
    assert_eq!(agent.status("/test/confirmed").await.0, 204);
    house.clock.advance(Duration::from_micros(1));
    assert_eq!(agent.status("/test/confirmed").await, (401, "step_up_required".to_owned()));
    assert!(agent.get("/api/auth/me").await.body["session"]["confirmed_until"].is_null());

    let options = agent.post("/api/auth/step-up/options", json!({})).await;
    assert_eq!(options.body, json!({ "methods": ["password"], "passkey": null }));
    let wrong = agent.post("/api/auth/step-up", json!({ "password": "not the password of it" })).await;
    assert_eq!((wrong.status, wrong.code()), (401, "invalid_credentials"));
    let code = agent.post("/api/auth/step-up", json!({ "totp": "123456" })).await;
    assert_eq!((code.status, code.code()), (401, "invalid_credentials"));
    for none in [json!({}), json!({ "password": PASSWORD, "totp": "123456" }), json!({ "passkey": {} })] {
        assert_eq!(agent.post("/api/auth/step-up", none).await.code(), "invalid_fields");
    }
    let copy = agent.stolen(FIREFOX);
    let old = agent.cookie("__Host-sid").unwrap();
    let raised = agent.post("/api/auth/step-up", json!({ "password": PASSWORD })).await;
    assert_eq!(raised.status, 200, "{}", raised.body);
    assert_eq!(raised.body["confirmed_until"], json!(house.ambient.now().plus(Duration::from_mins(10))));
    assert_ne!(agent.cookie("__Host-sid").unwrap(), old);
    assert_eq!(agent.status("/test/confirmed").await.0, 204);
    // What was under way goes on, and has proven nothing.
    assert_eq!(copy.status("/api/auth/me").await.0, 200);
    assert_eq!(copy.status("/test/confirmed").await.1, "step_up_required");
    house.clock.advance(Duration::from_secs(10));
    assert_eq!(copy.status("/api/auth/me").await.0, 401);
    assert_eq!(agent.status("/api/auth/me").await.0, 200);
}

async fn whoever_has_a_second_factor_confirms_with_it(db: Db) {
    let house = roomy(&db).await;
    house.member("both@example.org").await;
    let agent = Agent::new(&house);
    agent.enter("both@example.org").await;
    let (app, codes) = App::set_up(&agent).await;
    house.clock.advance(Duration::from_mins(11));
    let options = agent.post("/api/auth/step-up/options", json!({})).await;
    assert_eq!(options.body["methods"], json!(["totp", "backup_code"]));
    let password = agent.post("/api/auth/step-up", json!({ "password": PASSWORD })).await;
    assert_eq!((password.status, password.code()), (401, "invalid_credentials"));
    let code = app.code(&house);
    assert_eq!(agent.post("/api/auth/step-up", json!({ "totp": code })).await.status, 200);
    assert_eq!(agent.status("/test/confirmed").await.0, 204);
    assert_eq!(agent.post("/api/auth/step-up", json!({ "totp": code })).await.status, 401, "used up");
    assert_eq!(agent.post("/api/auth/step-up", json!({ "backup_code": codes[1] })).await.status, 200);
    assert_eq!(agent.post("/api/auth/step-up", json!({ "backup_code": codes[1] })).await.status, 401);
}

async fn an_administrator_needs_a_second_factor(db: Db) {
    let house = roomy(&db).await;
    house.owner().await;
    house.member("member@example.org").await;
    let admin = crate::NewUser {
        email: "admin@example.org".to_owned(),
        password: Secret::new(PASSWORD.to_owned()),
        display_name: None,
        role: Role::Admin,
    };
    house.identity.create_user(admin).await.unwrap();
    let member = Agent::new(&house);
    member.enter("member@example.org").await;
    App::set_up(&member).await;
    assert_eq!(member.status("/test/admin").await, (403, "administrators_only".to_owned()));
    for email in ["owner@example.org", "admin@example.org"] {
        let agent = Agent::new(&house);
        agent.enter(email).await;
        assert_eq!(agent.status("/test/admin").await, (403, "second_factor_required".to_owned()));
        let early = Agent::new(&house);
        early.enter(email).await;
        // Setting one up is no administrator's route: there is a way in.
        let (app, codes) = App::set_up(&agent).await;
        assert_eq!(agent.status("/test/admin").await.0, 204);
        assert_eq!(early.status("/test/admin").await.0, 403, "a session from before has shown nothing");
        assert_eq!(early.post("/api/auth/step-up", json!({ "backup_code": codes[0] })).await.status, 200);
        assert_eq!(early.status("/test/admin").await.0, 204);
        house.clock.advance(Duration::from_mins(1));
        assert_eq!(agent.post("/api/auth/2fa/disable", json!({ "code": app.code(&house) })).await.status, 204);
        assert_eq!(agent.status("/test/admin").await.0, 403);
        assert_eq!(early.status("/test/admin").await.0, 403);
    }
}

async fn sessions_are_listed_and_ended(db: Db) {
    let house = roomy(&db).await;
    house.member("list@example.org").await;
    house.member("stranger@example.org").await;
    let (here, there, stranger) = (Agent::new(&house), Agent::new(&house), Agent::new(&house));
    here.enter("list@example.org").await;
    house.clock.advance(Duration::from_secs(2));
    there.enter("list@example.org").await;
    stranger.enter("stranger@example.org").await;
    let body = json!({ "email": "list@example.org", "password": PASSWORD });
    let script = house.send(Method::POST, "/auth/login", &[("user-agent", CURL)], Some(body)).await;
    assert_eq!(script.status, 200);

    let list = here.get("/api/auth/sessions").await.body;
    let items = list["items"].as_array().unwrap();
    assert_eq!((items.len(), &list["next_cursor"]), (3, &json!(null)));
    assert_eq!(items.iter().filter(|item| item["current"] == json!(true)).count(), 1);
    let current = items.iter().find(|item| item["current"] == json!(true)).unwrap();
    assert_eq!(current["id"], here.get("/api/auth/me").await.body["session"]["id"]);
    assert_eq!((&current["device"], &current["surface"]), (&json!("Firefox on Linux"), &json!("browser")));
    assert!(current["network"].as_str().unwrap().ends_with(".0/24"), "{current}");
    assert_eq!((&current["place"], &current["suspicious"]), (&json!(null), &json!(false)));
    let token = items.iter().find(|item| item["surface"] == json!("token")).unwrap();
    assert_eq!(token["device"], "curl");

    let other =
        items.iter().find(|item| item["surface"] == json!("browser") && item["current"] == json!(false)).unwrap();
    let path = format!("/api/auth/sessions/{}", other["id"].as_str().unwrap());
    assert_eq!(there.status("/api/auth/me").await.0, 200);
    assert_eq!(stranger.delete(&path).await.status, 404, "not theirs");
    assert_eq!(there.status("/api/auth/me").await.0, 200);
    assert_eq!(here.delete(&path).await.status, 204);
    assert_eq!(here.delete(&path).await.status, 404);
    assert_eq!(there.status("/api/auth/me").await.0, 401);
    there.enter("list@example.org").await;
    let ended = here.post("/api/auth/sessions/revoke-others", json!({})).await;
    assert_eq!(ended.body, json!({ "revoked": 2 }));
    assert_eq!(there.status("/api/auth/me").await.0, 401);
    assert_eq!(here.status("/api/auth/me").await.0, 200);
    assert_eq!(stranger.status("/api/auth/me").await.0, 200);
    assert_eq!(here.get("/api/auth/sessions").await.body["items"].as_array().unwrap().len(), 1);
}

async fn all_sessions_end_at_once(db: Db) {
    let house = roomy(&db).await;
    house.member("all@example.org").await;
    let (here, there) = (Agent::new(&house), Agent::new(&house));
    here.enter("all@example.org").await;
    there.enter("all@example.org").await;
    assert_eq!(there.status("/api/auth/me").await.0, 200);
    let ended = here.post("/api/auth/sessions/revoke-all", json!({})).await;
    assert_eq!((ended.status, ended.cookie("__Host-sid"), ended.cookie("__Host-csrf")), (204, Some(""), Some("")));
    assert_eq!(there.status("/api/auth/me").await.0, 401);
    here.enter("all@example.org").await;
    assert_eq!(here.get("/api/auth/sessions").await.body["items"].as_array().unwrap().len(), 1);
}

async fn the_id_changes_every_day(db: Db) {
    let house = roomy(&db).await;
    house.member("day@example.org").await;
    let agent = Agent::new(&house);
    agent.enter("day@example.org").await;
    let first = agent.cookie("__Host-sid").unwrap();
    house.clock.advance(Duration::from_hours(24).saturating_sub(Duration::from_secs(1)));
    assert_eq!(agent.status("/api/auth/me").await.0, 200);
    assert_eq!(agent.cookie("__Host-sid").unwrap(), first);
    house.clock.advance(Duration::from_secs(1));
    let copy = agent.stolen(FIREFOX);
    let id = agent.get("/api/auth/me").await;
    assert_eq!(id.status, 200);
    let second = agent.cookie("__Host-sid").unwrap();
    assert_ne!(second, first);
    assert_eq!(id.headers["cache-control"], "no-store");
    // The anti-forgery value goes with it: a write works at once.
    assert_eq!(agent.post("/api/auth/sessions/revoke-others", json!({})).await.status, 200);
    // A request that was under way is answered, and takes nothing with it.
    let late = copy.get("/api/auth/me").await;
    assert_eq!(late.status, 200);
    assert!(late.cookie("__Host-sid").is_none());
    assert_eq!(late.body["session"]["id"], id.body["session"]["id"]);
    house.clock.advance(Duration::from_secs(10));
    assert_eq!(copy.status("/api/auth/me").await.0, 401);
    assert_eq!(agent.status("/api/auth/me").await.0, 200);
    assert_eq!(agent.cookie("__Host-sid").unwrap(), second, "once a day");
    // Signing out has the last word over the cookies.
    house.clock.advance(Duration::from_hours(24));
    assert_eq!(agent.post("/api/auth/logout", json!({})).await.status, 204);
    assert_eq!(agent.cookie("__Host-sid"), None);
}

async fn a_planted_session_is_worth_nothing(db: Db) {
    let house = roomy(&db).await;
    house.member("victim@example.org").await;
    house.member("attacker@example.org").await;
    let victim = Agent::new(&house);
    victim.enter("victim@example.org").await;
    let (app, _) = App::set_up(&victim).await;
    house.clock.advance(Duration::from_secs(30));
    let attacker = Agent::new(&house);
    attacker.enter("attacker@example.org").await;
    // The attacker's cookies are in the victim's browser when the victim signs in, by both steps.
    let planted = attacker.stolen(FIREFOX);
    let challenge = planted.challenge("victim@example.org").await;
    let body = json!({ "challenge_id": challenge, "totp": app.code(&house) });
    assert_eq!(planted.post("/api/auth/second-factor", body).await.status, 200);
    assert_eq!(planted.get("/api/auth/me").await.body["user"]["email"], "victim@example.org");
    assert_ne!(planted.cookie("__Host-sid"), attacker.cookie("__Host-sid"));
    assert_eq!(attacker.status("/api/auth/me").await.0, 401);
}
