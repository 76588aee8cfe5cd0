//! Set-up, signing in and out, on both surfaces.

use crate::app::{PASSWORD, TestApp};
use crate::client::Client;
use crate::on_both_engines;
use guard::Role;
use serde_json::{Value, json};

on_both_engines!(
    one_code_makes_one_owner,
    a_browser_signs_in_and_out,
    a_script_signs_in_and_out,
    no_answer_tells_who_has_an_account,
    an_account_is_made_by_signing_up
);

fn owner(code: &str) -> Value {
    json!({"code": code, "email": "owner@mind.example", "password": PASSWORD, "display_name": "Olu"})
}

async fn one_code_makes_one_owner(app: TestApp) {
    let nobody = app.anonymous();
    assert_eq!(nobody.get("/api/setup").await.expect(200).json()["needed"], true);
    let code = app.identity.issue_setup_code().await.unwrap().unwrap().expose().clone();
    nobody.post("/api/setup", &owner("AAAA-AAAA-AAAA")).await.problem(403, "setup_code_refused");
    let weak = json!({"code": code, "email": "owner@mind.example", "password": "Password1", "display_name": "Olu"});
    nobody.post("/api/setup", &weak).await.problem(422, "invalid_fields");
    let (one, two) = (app.anonymous(), app.anonymous());
    let body = owner(&code);
    let (a, b) = tokio::join!(one.post("/api/setup", &body), two.post("/api/setup", &body));
    let mut both = [a.status, b.status];
    both.sort_unstable();
    assert!(both[0] == 201 && both[1] >= 400, "two at once make one owner: {both:?}");
    let made = if a.status == 201 { one.keeping(&a) } else { two.keeping(&b) };
    assert_eq!(made.get("/api/auth/me").await.expect(200).json()["user"]["role"], "owner");
    assert_eq!(app.anonymous().get("/api/setup").await.expect(200).json()["needed"], false);
    app.anonymous().post("/api/setup", &owner(&code)).await.problem(409, "setup_done");
    assert!(app.identity.issue_setup_code().await.unwrap().is_none());
    app.end().await;
}

async fn a_browser_signs_in_and_out(app: TestApp) {
    let email = app.person(Role::Member).await;
    let browser = app.anonymous().with("sec-fetch-site", "same-origin").with("origin", &app.origin());
    let entry = browser
        .post("/api/auth/login", &json!({"email": email.to_uppercase(), "password": PASSWORD}))
        .await
        .expect(200);
    assert!(!entry.text().contains("sid_") && !entry.text().contains("token"), "no credential in the body");
    let cookies: Vec<_> =
        entry.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap().to_owned()).collect();
    let sid = cookies.iter().find(|cookie| cookie.starts_with("__Host-sid=sid_")).unwrap();
    for part in ["Path=/", "Secure", "HttpOnly", "SameSite=Lax", "Max-Age="] {
        assert!(sid.contains(part), "{sid}");
    }
    let csrf = cookies.iter().find(|cookie| cookie.starts_with("__Host-csrf=")).unwrap();
    assert!(!csrf.contains("HttpOnly") && csrf.contains("Secure"));

    let me = browser.keeping(&entry);
    assert_eq!(me.get("/api/auth/me").await.expect(200).json()["user"]["email"], email);
    let second = me.post("/api/auth/login", &json!({"email": email, "password": PASSWORD})).await.expect(200);
    me.get("/api/auth/me").await.problem(401, "authentication_required");
    let me = browser.keeping(&second);
    let out = me.post("/api/auth/logout", &json!({})).await.expect(204);
    assert_eq!(out.header("clear-site-data"), "\"cache\", \"storage\"");
    me.get("/api/auth/me").await.problem(401, "authentication_required");
    app.end().await;
}

async fn a_script_signs_in_and_out(app: TestApp) {
    let email = app.person(Role::Member).await;
    let body = json!({"email": email, "password": PASSWORD});
    app.anonymous()
        .with("sec-fetch-site", "same-origin")
        .with("origin", &app.origin())
        .post("/auth/login", &body)
        .await
        .problem(403, "browser_surface_required");
    let entry = app.anonymous().post("/auth/login", &body).await.expect(200);
    assert!(entry.headers.get("set-cookie").is_none());
    let entry = entry.json();
    assert_eq!((entry["token_type"].as_str(), entry["expires_in"].as_i64()), (Some("Bearer"), Some(900)));
    let script = app.anonymous().with("authorization", &format!("Bearer {}", entry["access_token"].as_str().unwrap()));
    script.get("/api/auth/me").await.expect(200);
    script.post("/auth/logout", &json!({})).await.expect(204);
    script.get("/api/auth/me").await.problem(401, "authentication_required");
    app.end().await;
}

async fn no_answer_tells_who_has_an_account(app: TestApp) {
    let email = app.person(Role::Member).await;
    let mut bodies = Vec::new();
    for (email, password) in
        [(email.as_str(), "the wrong sentence entirely"), ("nobody@mind.example", PASSWORD), (email.as_str(), "x")]
    {
        let answer =
            Client::anonymous(&app.base).post("/api/auth/login", &json!({"email": email, "password": password})).await;
        let names: Vec<_> = answer.headers.keys().map(ToString::to_string).collect();
        let mut body = answer.problem(401, "invalid_credentials");
        assert_eq!(body["detail"], "Invalid email or password");
        body["correlation_id"] = Value::Null;
        bodies.push((names, body));
    }
    assert!(bodies.windows(2).all(|pair| pair[0] == pair[1]), "{bodies:#?}");
    let mut taken = Vec::new();
    for email in [email.as_str(), "somebody.new@mind.example"] {
        let answer =
            app.anonymous().post("/api/auth/signup", &json!({"email": email, "password": PASSWORD})).await.expect(202);
        taken.push((answer.headers.keys().map(ToString::to_string).collect::<Vec<_>>(), answer.text()));
    }
    assert_eq!(taken[0], taken[1]);
    app.end().await;
}

/// The token of the newest link to a page in the letters to an address, once there is one.
async fn link_to(owner: &Client, email: &str, page: &str) -> String {
    let mark = format!("/{page}#");
    for _ in 0..500 {
        let letters = owner.get("/api/auth/outbox").await.expect(200).json();
        let found = letters["items"].as_array().unwrap().iter().find_map(|letter| {
            let text = letter["text"].as_str().filter(|_| letter["to"] == email)?;
            Some(text.split_once(&mark)?.1.split_whitespace().next()?.to_owned())
        });
        if let Some(token) = found {
            return token;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("no letter to {email}");
}

async fn an_account_is_made_by_signing_up(app: TestApp) {
    let body = json!({"email": "new@mind.example", "password": PASSWORD, "display_name": "Nia"});
    let code = app.identity.issue_setup_code().await.unwrap().unwrap().expose().clone();
    let answer = app.anonymous().post("/api/setup", &owner(&code)).await.expect(201);
    let owner = app.anonymous().keeping(&answer);
    app.anonymous().post("/api/auth/signup", &body).await.expect(202);
    let token = link_to(&owner, "new@mind.example", "verify").await;
    let login = json!({"email": "new@mind.example", "password": PASSWORD});
    app.anonymous().post("/api/auth/login", &login).await.problem(401, "invalid_credentials");
    let verified = app.anonymous().post("/api/auth/verify-email", &json!({"token": token})).await.expect(200);
    assert_eq!(verified.json(), json!({"email": "new@mind.example", "status": "active"}));
    let me = Client::browser(&app.base, "new@mind.example", PASSWORD).await;
    let user = me.get("/api/auth/me").await.expect(200).json()["user"].clone();
    assert_eq!((user["display_name"].as_str(), user["role"].as_str()), (Some("Nia"), Some("member")));
    // Somebody else who signs up with the address does not take the account over.
    let other = json!({"email": "NEW@mind.example", "password": "another long sentence, not the first 9"});
    app.anonymous().post("/api/auth/signup", &other).await.expect(202);
    Client::browser(&app.base, "new@mind.example", PASSWORD).await.get("/api/auth/me").await.expect(200);
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closed_registration_is_closed() {
    let app = TestApp::with(&[("REGISTRATION", "closed")]).await;
    let body = json!({"email": "new@mind.example", "password": PASSWORD});
    app.anonymous().post("/api/auth/signup", &body).await.problem(403, "registration_closed");
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passwords_take_one_of_two_roads() {
    let app = TestApp::sqlite().await;
    let try_one = async |password: &str| {
        app.anonymous()
            .post("/api/auth/signup", &json!({"email": "jo.fuller@mind.example", "password": password}))
            .await
            .status
    };
    for refused in ["Password1", "Qwerty123!", "alllowercase14", &"x".repeat(129), "jo.fuller@mind.example"] {
        assert_eq!(try_one(refused).await, 422, "{refused}");
    }
    assert_eq!(try_one("correct horse battery staple").await, 202);
    app.end().await;
}
