//! Every operation of the document, four times: asked by nobody, asked for too much, refused, and served.
//!
//! What nobody is answered is in `contract`; here is the rest. Where a success needs a passkey, another provider or a model,
//! the test that shows it is named, and must be there.

use crate::app::{PASSWORD, TestApp};
use crate::client::{Answer, Client};
use crate::contract::{document, filled, operations};
use crate::document::{assert_documented, assert_refused};
use crate::recordings::tone;
use data_encoding::BASE32_NOPAD;
use guard::Role;
use hmac::{Hmac, KeyInit, Mac as _};
use kernel::Ambient;
use reqwest::Method;
use serde_json::{Value, json};
use sha1::Sha1;
use std::collections::BTreeSet;
use store::Sql;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// Operations whose success another test shows: method, path, the file, and what stands in it.
const ELSEWHERE: &[(&str, &str, &str, &str)] = &[
    ("POST", "/api/auth/approvals/{user_id}", "identity/src/tests/sign_up.rs", "/api/auth/approvals/"),
    ("DELETE", "/api/auth/connections/{id}", "identity/src/tests/federation.rs", "/api/auth/connections/"),
    ("GET", "/api/auth/oidc/{provider}/callback", "identity/src/tests/federation.rs", "/callback"),
    ("POST", "/api/auth/oidc/{provider}/link", "identity/src/tests/federation.rs", "/link"),
    ("GET", "/api/auth/oidc/{provider}/start", "identity/src/tests/federation.rs", "/start"),
    ("DELETE", "/api/auth/passkeys/{id}", "identity/src/tests/passkeys.rs", "/api/auth/passkeys/"),
    ("PATCH", "/api/auth/passkeys/{id}", "identity/src/tests/passkeys.rs", "/api/auth/passkeys/"),
    ("POST", "/api/auth/passkeys/register/finish", "identity/src/tests/passkeys.rs", "register/finish"),
    ("POST", "/api/auth/passkeys/sign-in/finish", "identity/src/tests/passkeys.rs", "sign-in/finish"),
    ("GET", "/api/recordings/{id}/export", "recordings/tests/it/main_job.rs", "/export"),
    ("GET", "/api/recordings/{id}/transcript", "recordings/tests/it/main_job.rs", "/transcript"),
    ("POST", "/api/recordings/{id}/retry", "recordings/tests/it/main_job.rs", "/retry"),
    ("POST", "/v1/audio/transcriptions", "recordings/tests/it/openai.rs", "/v1/audio/transcriptions"),
];

/// Far above what the walk asks; and the one page that is for everybody only where somebody says so.
const LIMITS: &[(&str, &str)] = &[
    ("RATE_LIMIT_ANONYMOUS", "10000/60"),
    ("RATE_LIMIT_SIGNED_IN", "10000/60"),
    ("RATE_LIMIT_SIGN_IN_BY_ADDRESS", "1000/60"),
    ("RATE_LIMIT_SECOND_FACTOR", "1000/60"),
    ("RATE_LIMIT_SIGN_UP", "1000/60"),
    ("RATE_LIMIT_LETTERS", "1000/60"),
    ("RATE_LIMIT_LINKS", "1000/60"),
    ("RATE_LIMIT_REPORT", "1000/60"),
    ("SECURITY_PAGE", "on"),
];

/// Which operations have been served.
struct Walk {
    document: Value,
    known: Vec<(Method, String)>,
    served: BTreeSet<String>,
}

impl Walk {
    fn new() -> Self {
        let document = document();
        let known = operations(&document).into_iter().map(|(path, method, _)| (method, path)).collect();
        Self { document, known, served: BTreeSet::new() }
    }

    /// The operation that this is: a template with the same words, of which the one with fewest placeholders counts.
    fn operation(&self, method: &Method, path: &str) -> String {
        let path = path.split('?').next().unwrap();
        let fits = |template: &str| {
            let (left, right) = (template.split('/'), path.split('/'));
            left.clone().count() == right.clone().count() && left.zip(right).all(|(a, b)| a == b || a.starts_with('{'))
        };
        let all = self.known.iter().filter(|(known, template)| known == method && fits(template));
        let best = all.min_by_key(|(_, template)| template.matches('{').count());
        let (_, template) = best.unwrap_or_else(|| panic!("{method} {path} is no operation of the document"));
        format!("{method} {template}")
    }

    /// Asks, expects this status, which the document must know, and notes the operation as served.
    async fn ask(&mut self, who: &Client, method: Method, path: &str, body: Option<Value>, status: u16) -> Answer {
        let sent = body.map(|body| ("application/json", body.to_string().into_bytes()));
        let answer = who.send(method.clone(), path, sent).await;
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
        let place = self.note(&method, path);
        let (_, template) = place.split_once(' ').unwrap();
        let operation = &self.document["paths"][template][method.as_str().to_lowercase()];
        assert_documented(&self.document, operation, &answer, &place);
        answer
    }

    fn note(&mut self, method: &Method, path: &str) -> String {
        let operation = self.operation(method, path);
        self.served.insert(operation.clone());
        operation
    }

    async fn get(&mut self, who: &Client, path: &str) -> Value {
        let answer = self.ask(who, Method::GET, path, None, 200).await;
        serde_json::from_slice(&answer.bytes).unwrap_or_default()
    }

    async fn post(&mut self, who: &Client, path: &str, body: Value, status: u16) -> Value {
        let answer = self.ask(who, Method::POST, path, Some(body), status).await;
        serde_json::from_slice(&answer.bytes).unwrap_or_default()
    }
}

/// The same client, with the cookies of an answer where it sets any.
pub(crate) fn after(who: &Client, nobody: &Client, answer: &Answer) -> Client {
    if answer.headers.contains_key("set-cookie") { nobody.keeping(answer) } else { who.clone() }
}

fn id(body: &Value) -> String {
    body["id"].as_str().unwrap_or_else(|| panic!("no id: {body}")).to_owned()
}

/// The token of the newest link to a page in the letters to an address, once there is one.
async fn link_to(owner: &Client, email: &str, page: &str) -> String {
    let mark = format!("/{page}#");
    for _ in 0..500 {
        let letters = owner.get("/api/auth/outbox?limit=100").await.expect(200).json();
        let found = letters["items"].as_array().unwrap().iter().find_map(|letter| {
            let text = letter["text"].as_str().filter(|_| letter["to"] == email)?;
            Some(text.split_once(&mark)?.1.split_whitespace().next()?.to_owned())
        });
        if let Some(token) = found {
            return token;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("no letter with a link to {page} to {email}");
}

async fn entities(walk: &mut Walk, me: &Client) {
    let any = me.with("if-match", "*");
    for (list, first, next) in [
        ("/api/moods", json!({"score": 1}), json!({"score": 2, "note": "later", "tags": []})),
        (
            "/api/journal/entries",
            json!({"title": "One", "content": "A day."}),
            json!({"title": "Two", "content": "A day.", "tags": []}),
        ),
    ] {
        let path = format!("{list}/{}", id(&walk.post(me, list, first, 201).await));
        walk.get(me, list).await;
        walk.get(me, &path).await;
        walk.ask(&any, Method::PUT, &path, Some(next), 200).await;
        walk.ask(&any, Method::DELETE, &path, None, 200).await;
        walk.ask(me, Method::POST, &format!("{path}/restore"), None, 200).await;
    }
    walk.get(me, "/api/moods/stats?days=7").await;
    let made = me.upload("/api/recordings", &[("title", "A tone")], "tone.wav", tone()).await.expect(201);
    walk.note(&Method::POST, "/api/recordings");
    let path = format!("/api/recordings/{}", id(&made.json()));
    walk.get(me, "/api/recordings").await;
    walk.get(me, &path).await;
    walk.get(me, &format!("{path}/audio")).await;
    walk.ask(&any, Method::PATCH, &path, Some(json!({"title": "A sound"})), 200).await;
    walk.ask(&any, Method::DELETE, &path, None, 200).await;
    walk.ask(me, Method::POST, &format!("{path}/restore"), None, 200).await;
}

async fn letters(walk: &mut Walk, app: &TestApp, owner: &Client) {
    let nobody = app.anonymous();
    let new = json!({"email": "new@mind.example", "password": PASSWORD});
    walk.post(&nobody, "/api/auth/signup", new, 202).await;
    walk.post(&nobody, "/auth/register", json!({"email": "other@mind.example", "password": PASSWORD}), 202).await;
    walk.post(&nobody, "/api/auth/resend-verification", json!({"email": "other@mind.example"}), 202).await;
    let token = link_to(owner, "new@mind.example", "verify").await;
    walk.post(&nobody, "/api/auth/verify-email", json!({"token": token}), 200).await;
    // Locked, and unlocked by the letter about it.
    let locked = app.person(Role::Member).await;
    for _ in 0..5 {
        nobody
            .post("/api/auth/login", &json!({"email": locked, "password": "not the right one at all"}))
            .await
            .expect(401);
    }
    let token = link_to(owner, &locked, "unlock").await;
    walk.post(&nobody, "/api/auth/unlock", json!({"token": token}), 200).await;
    // "That was not me": in the same letter.
    let token = link_to(owner, &locked, "not-me").await;
    walk.post(&nobody, "/api/auth/not-me", json!({"token": token}), 200).await;
    let lost = app.person(Role::Member).await;
    walk.post(&nobody, "/api/auth/password-reset", json!({"email": lost}), 202).await;
    let token = link_to(owner, &lost, "reset").await;
    let body = json!({"token": token, "password": "another long sentence that nobody says 8"});
    walk.post(&nobody, "/api/auth/password-reset/confirm", body, 200).await;
}

async fn tokens_and_keys(walk: &mut Walk, app: &TestApp) {
    let login = json!({"email": app.person(Role::Member).await, "password": PASSWORD});
    let nobody = app.anonymous();
    let pair = walk.post(&nobody, "/auth/login", login, 200).await;
    let next = walk.post(&nobody, "/auth/refresh", json!({"refresh_token": pair["refresh_token"]}), 200).await;
    let bearer = |token: &Value| nobody.with("authorization", &format!("Bearer {}", token.as_str().unwrap()));
    let me = bearer(&next["access_token"]);
    walk.get(&me, "/auth/profile").await;
    let made = walk.post(&me, "/auth/api-keys", json!({"name": "A program", "scopes": ["journal:read"]}), 201).await;
    let path = format!("/auth/api-keys/{}", id(&made));
    walk.get(&me, "/auth/api-keys").await;
    walk.post(&me, &format!("{path}/renew"), json!({}), 200).await;
    let rotated = walk.post(&me, &format!("{path}/rotate"), json!({}), 200).await;
    walk.ask(&me, Method::DELETE, &path, None, 204).await;
    walk.post(&nobody, "/api/keys/report", json!({"key": rotated["key"]}), 202).await;
    walk.post(&me, "/auth/logout", json!({}), 204).await;
}

async fn browser(walk: &mut Walk, app: &TestApp) {
    let email = app.person(Role::Member).await;
    let login = json!({"email": email, "password": PASSWORD});
    let nobody = app.anonymous();
    let entered = walk.ask(&nobody, Method::POST, "/api/auth/login", Some(login.clone()), 200).await;
    let me = nobody.keeping(&entered);
    for path in ["me", "sessions", "events", "devices", "passkeys", "connections", "2fa"] {
        walk.get(&me, &format!("/api/auth/{path}")).await;
    }
    walk.ask(&me, Method::PATCH, "/api/auth/me", Some(json!({"display_name": "Nia"})), 200).await;
    walk.post(&me, "/api/auth/2fa/setup", json!({}), 200).await;
    walk.post(&me, "/api/auth/passkeys/register/start", json!({}), 200).await;
    walk.post(&nobody, "/api/auth/passkeys/sign-in/start", json!({"email": email}), 200).await;
    walk.post(&me, "/api/ws/ticket", json!({"purpose": "rooms"}), 201).await;
    walk.ask(&me, Method::POST, "/api/auth/step-up/options", None, 200).await;
    let confirmed = walk.ask(&me, Method::POST, "/api/auth/step-up", Some(json!({"password": PASSWORD})), 200).await;
    let me = after(&me, &nobody, &confirmed);
    // Another browser of theirs, signed out from here.
    Client::browser(&app.base, &email, PASSWORD).await;
    let sessions = walk.get(&me, "/api/auth/sessions").await;
    let other = sessions["items"].as_array().unwrap().iter().find(|session| session["current"] == false).unwrap();
    walk.ask(&me, Method::DELETE, &format!("/api/auth/sessions/{}", id(other)), None, 204).await;
    walk.post(&me, "/api/auth/sessions/revoke-others", json!({}), 200).await;
    let next = "another long sentence that nobody says 8";
    let change = json!({"current_password": PASSWORD, "password": next});
    let changed = walk.ask(&me, Method::POST, "/api/auth/password", Some(change), 200).await;
    let me = after(&me, &nobody, &changed);
    walk.post(&me, "/api/auth/sessions/revoke-all", json!({}), 204).await;
    let me = Client::browser(&app.base, &email, next).await;
    walk.post(&me, "/api/auth/logout", json!({}), 204).await;
}

/// What an authenticator app shows now (RFC 6238).
pub(crate) fn code(secret: &str) -> String {
    let key = BASE32_NOPAD.decode(secret.as_bytes()).unwrap();
    let seconds = Ambient::system().now().as_micros() / 1_000_000;
    let mut mac = <Hmac<Sha1> as KeyInit>::new_from_slice(&key).unwrap();
    mac.update(&(seconds / 30).to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let offset = usize::from(digest[19] & 15);
    let bytes: [u8; 4] = digest[offset..offset + 4].try_into().unwrap();
    format!("{:06}", (u32::from_be_bytes(bytes) & 0x7fff_ffff) % 1_000_000)
}

/// What the people who run the server look at, asked by one who has shown a second factor.
async fn figures_and_failures(walk: &mut Walk, app: &TestApp, keeper: &Client) {
    for path in ["health/detailed", "metrics", "security/status"] {
        let told = walk.get(keeper, &format!("/api/monitoring/{path}")).await;
        assert!(told.is_object(), "{path}: {told}");
    }
    let text = walk.ask(keeper, Method::GET, "/metrics", None, 200).await.text();
    assert!(text.lines().any(|line| line.starts_with("http_responses_total{")), "{text}");
    let blocked = walk.get(keeper, "/api/admin/csp-reports").await;
    assert_eq!(blocked["items"][0]["directive"], "script-src", "the report of this walk: {blocked}");
    // A failure of ours: what was kept cannot be opened any more. Nothing after this reads a mood.
    let unlucky = app.member().await;
    let path = format!("/api/moods/{}", id(&unlucky.post("/api/moods", &json!({"score": 1})).await.expect(201).json()));
    let mut tx = app.house.db.begin().await.unwrap();
    assert!(tx.sql(Sql::same("update moods set body = $1")).bind(vec![1u8, 2, 3]).run().await.unwrap() > 0);
    tx.commit().await.unwrap();
    let told = unlucky.get(&path).await.problem(500, "internal");
    let failure = told["correlation_id"].as_str().unwrap();
    let found = walk.get(keeper, &format!("/api/admin/errors/{failure}")).await;
    assert_eq!((&found["id"], &found["route"]), (&json!(failure), &json!("/api/moods/{id}")), "{found}");
}

async fn second_factors(walk: &mut Walk, app: &TestApp) {
    let email = app.person(Role::Admin).await;
    let login = json!({"email": email, "password": PASSWORD});
    let (nobody, me) = (app.anonymous(), Client::browser(&app.base, &email, PASSWORD).await);
    let shown = me.post("/api/auth/2fa/setup", &json!({})).await.expect(200).json();
    let body = json!({"code": code(shown["secret"].as_str().unwrap())});
    let enabled = walk.ask(&me, Method::POST, "/api/auth/2fa/enable", Some(body), 200).await;
    let (me, codes) = (after(&me, &nobody, &enabled), enabled.json()["backup_codes"].clone());
    // What administrators alone may do.
    walk.get(&me, "/api/auth/approvals").await;
    walk.get(&me, "/api/admin/security").await;
    figures_and_failures(walk, app, &me).await;
    let invitation = walk.post(&me, "/api/auth/invitations", json!({"email": "guest@mind.example"}), 201).await;
    walk.get(&me, "/api/auth/invitations").await;
    walk.ask(&me, Method::DELETE, &format!("/api/auth/invitations/{}", id(&invitation)), None, 204).await;
    let other = app.member().await.get("/api/auth/me").await.expect(200).json();
    let path = format!("/auth/revoke-user-tokens/{}", id(&other["user"]));
    walk.post(&me, &path, json!({}), 200).await;
    // Signing in by two steps, on both surfaces.
    let challenge = nobody.post("/api/auth/login", &login).await.expect(200).json()["challenge_id"].clone();
    walk.post(&nobody, "/api/auth/second-factor/options", json!({"challenge_id": challenge}), 200).await;
    let proof = json!({"challenge_id": challenge, "backup_code": codes[0], "trust_device": true});
    let entered = walk.ask(&nobody, Method::POST, "/api/auth/second-factor", Some(proof), 200).await;
    let me = nobody.keeping(&entered);
    let challenge = nobody.post("/auth/login", &login).await.expect(200).json()["challenge_id"].clone();
    let proof = json!({"challenge_id": challenge, "backup_code": codes[1]});
    walk.post(&nobody, "/auth/login/second-factor", proof, 200).await;
    let devices = walk.get(&me, "/api/auth/devices").await;
    walk.ask(&me, Method::DELETE, &format!("/api/auth/devices/{}", id(&devices["items"][0])), None, 204).await;
    let anew = walk.post(&me, "/api/auth/2fa/regenerate-backup-codes", json!({}), 200).await;
    walk.post(&me, "/api/auth/2fa/disable", json!({"code": anew["backup_codes"][0]}), 204).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_is_served() {
    let app = TestApp::with(LIMITS).await;
    let (mut walk, nobody) = (Walk::new(), app.anonymous());
    let open = [
        "/health",
        "/ready",
        "/.well-known/jwks.json",
        "/.well-known/passkey-endpoints",
        "/.well-known/security.txt",
        "/security-policy",
        "/api/auth/policy",
        "/api/setup",
        "/api/security/summary",
    ];
    for path in open {
        walk.get(&nobody, path).await;
    }
    let sent_on = walk.ask(&nobody, Method::GET, "/.well-known/change-password", None, 302).await;
    assert!(sent_on.header("location").starts_with('/'), "a page of ours: {}", sent_on.header("location"));
    let code = app.identity.issue_setup_code().await.unwrap().unwrap().expose().clone();
    let body = json!({"code": code, "email": "owner@mind.example", "password": PASSWORD, "display_name": "Olu"});
    let made = walk.ask(&nobody, Method::POST, "/api/setup", Some(body), 201).await;
    let owner = nobody.keeping(&made);
    walk.get(&owner, "/api/auth/outbox").await;
    walk.get(&owner, "/openapi.json").await;
    let report = json!({"csp-report": {"document-uri": app.origin(), "violated-directive": "script-src"}});
    let report = report.to_string().into_bytes();
    nobody.send(Method::POST, "/api/csp-report", Some(("application/csp-report", report))).await.expect(204);
    walk.note(&Method::POST, "/api/csp-report");
    entities(&mut walk, &app.member().await).await;
    letters(&mut walk, &app, &owner).await;
    tokens_and_keys(&mut walk, &app).await;
    browser(&mut walk, &app).await;
    second_factors(&mut walk, &app).await;
    let crates = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for (method, path, file, sign) in ELSEWHERE {
        let text = std::fs::read_to_string(crates.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(text.contains(sign), "{file} does not ask {method} {path} any more");
        let operation = walk.operation(&method.parse().unwrap(), path);
        assert!(walk.served.insert(operation), "{method} {path} is served here: it needs no other test");
    }
    let all = walk.known.iter().map(|(method, path)| format!("{method} {path}"));
    let missing: Vec<_> = all.filter(|operation| !walk.served.contains(operation)).collect();
    assert!(missing.is_empty(), "no test shows that these are served: {missing:#?}");
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_refuses() {
    let app = TestApp::with(LIMITS).await;
    let me = app.member().await;
    let (document, both) = (document(), me.with("authorization", "Bearer x"));
    for (path, method, operation) in operations(&document) {
        let media = operation["requestBody"]["content"].as_object().and_then(|content| content.keys().next().cloned());
        // Two credentials at once, of which one might be checked and the other used.
        let body = media.as_deref().map(|media| (media, b"{}".to_vec()));
        let answer = both.send(method.clone(), &filled(&path), body).await;
        assert_documented(&document, &operation, &answer, &format!("{method} {path}"));
        assert_refused(answer, &path, 400, "ambiguous_credentials");
        // A body of a type that nobody takes.
        if media.is_some() && !path.contains("logout") && !path.contains("revoke") {
            let strange = Some(("text/x-strange", b"{}".to_vec()));
            let answer = me.send(method.clone(), &filled(&path), strange).await;
            assert!(matches!(answer.status, 400..500), "{method} {path} as text/x-strange: {}", answer.text());
        }
    }
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_refuses_too_much() {
    let app = TestApp::with(LIMITS).await;
    let (document, nobody) = (document(), app.anonymous());
    for (path, method, operation) in operations(&document) {
        let long = format!("{}?x={}", filled(&path), "y".repeat(9000));
        let answer = nobody.send(method.clone(), &long, None).await;
        assert_documented(&document, &operation, &answer, &format!("{method} {path}"));
        assert_refused(answer, &path, 400, "url_too_long");
        let media = operation["requestBody"]["content"].as_object().and_then(|content| content.keys().next().cloned());
        let Some(media) = media else { continue };
        // Only announced, a byte more than any route takes; the answer comes before the body would.
        let head = format!(
            "{method} {} HTTP/1.1\r\nhost: x\r\ncontent-type: {media}\r\ncontent-length: {}\r\n\r\n",
            filled(&path),
            200 * 1024 * 1024,
        );
        let mut stream = tokio::net::TcpStream::connect(app.base.trim_start_matches("http://")).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = vec![0; 1024];
        let read = stream.read(&mut answer).await.unwrap();
        let said = String::from_utf8_lossy(&answer[..read]).into_owned();
        assert!(said.starts_with("HTTP/1.1 413 "), "{method} {path} with 200 MiB announced: {said}");
    }
    app.end().await;
}
