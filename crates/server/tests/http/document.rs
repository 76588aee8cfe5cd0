//! What the document says of who may ask and of what is answered, compared with what the server does.

use crate::app::TestApp;
use crate::client::{Answer, Client};
use crate::contract::{document, filled, operations};
use reqwest::Method;
use serde_json::{Value, json};

const LIMITS: &[(&str, &str)] = &[("RATE_LIMIT_ANONYMOUS", "10000/60"), ("RATE_LIMIT_SIGNED_IN", "10000/60")];

/// The ways to ask an operation: each names the schemes that it needs together.
fn ways(operation: &Value) -> &Vec<Value> {
    operation["security"].as_array().expect("each operation says by what it is asked")
}

/// The way that has this scheme, if any has.
fn way<'a>(operation: &'a Value, scheme: &str) -> Option<&'a Value> {
    ways(operation).iter().find(|way| way.get(scheme).is_some())
}

/// Asks without anything that would be taken: ids of nobody, and an empty body of the right type.
async fn ask(who: &Client, method: &Method, path: &str, operation: &Value) -> Answer {
    let media = operation["requestBody"]["content"].as_object().and_then(|content| content.keys().next().cloned());
    let body = media.as_deref().map(|media| (media, b"{}".to_vec()));
    who.send(method.clone(), &filled(path), body).await
}

/// Whether refusals of this path have the shape that clients of the OpenAI API parse.
fn is_provider(path: &str) -> bool {
    path.starts_with("/v1/")
}

/// The code of a refusal, read where clients of this path look for it; empty when there is none.
fn code(answer: &Answer, path: &str) -> String {
    if !is_provider(path) {
        return answer.json_code();
    }
    let body: Value = serde_json::from_slice(&answer.bytes).unwrap_or_default();
    body["error"]["code"].as_str().unwrap_or_default().to_owned()
}

/// Fails unless it is a request that was refused with this status and code, in the one shape that this path has.
pub(crate) fn assert_refused(answer: Answer, path: &str, status: u16, code: &str) {
    if !is_provider(path) {
        answer.problem(status, code);
        return;
    }
    let answer = answer.expect(status);
    assert_eq!(answer.header("content-type"), "application/json", "{path}");
    assert!(!answer.header("x-request-id").is_empty(), "{path}");
    let body = answer.json();
    assert_eq!(body.as_object().unwrap().keys().collect::<Vec<_>>(), ["error"], "{path}");
    let error = &body["error"];
    assert_eq!((&error["code"], &error["type"]), (&json!(code), &json!("invalid_request_error")), "{path}: {body}");
    assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{path}: {body}");
}

/// Fails unless the document knows this status of this operation, and that it comes as this type.
pub(crate) fn assert_documented(document: &Value, operation: &Value, answer: &Answer, place: &str) {
    let mut known = &operation["responses"][answer.status.to_string()];
    assert!(known.is_object(), "{place} answered {}, which is not documented: {}", answer.status, answer.text());
    if let Some(reference) = known["$ref"].as_str() {
        known = document.pointer(reference.trim_start_matches('#')).expect("a reference leads somewhere");
    }
    if let Some(content) = known["content"].as_object() {
        let media = answer.header("content-type");
        let media = media.split(';').next().unwrap_or_default();
        // A range such as `audio/*` stands for each of its types.
        let (kind, _) = media.split_once('/').unwrap_or_default();
        let known = content.contains_key(media) || content.contains_key(&format!("{kind}/*"));
        assert!(known, "{place} answered {} as {media:?}: {content:?}", answer.status);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_needs_somebody_refuses_nobody() {
    let app = TestApp::with(LIMITS).await;
    let (document, nobody) = (document(), app.anonymous());
    let (mut open, mut closed) = (0, 0);
    for (path, method, operation) in operations(&document) {
        let place = format!("{method} {path}");
        let answer = ask(&nobody, &method, &path, &operation).await;
        assert_documented(&document, &operation, &answer, &place);
        let code = code(&answer, &path);
        if ways(&operation).is_empty() {
            open += 1;
            assert_ne!(code, "authentication_required", "{place} is said to be public");
        } else {
            closed += 1;
            assert_eq!(code, "authentication_required", "{place}: {}", answer.text());
            answer.expect(401);
        }
        assert_eq!(ways(&operation).is_empty(), operation["x-auth"] == "public", "{place}");
    }
    assert!(open > 10 && closed > 30, "the walk found the routes: {open} and {closed}");
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_was_sent_comes_back_no_longer_than_is_said() {
    let app = TestApp::with(LIMITS).await;
    let body = json!({"score": 1, ("n".repeat(5000)): 1});
    let told = app.member().await.post("/api/moods", &body).await.problem(422, "invalid_fields");
    assert!(told["errors"][0]["field"].as_str().unwrap().chars().count() <= 128, "{told}");
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_looks_at_has_its_limit_too() {
    let app = TestApp::with(LIMITS).await;
    let nobody = app.anonymous();
    let long = "k".repeat(257);
    nobody.post("/api/keys/report", &json!({"key": long})).await.problem(422, "invalid_fields");
    nobody.post("/api/auth/passkeys/sign-in/start", &json!({"email": long})).await.problem(422, "invalid_fields");
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_needs_its_token_where_that_is_said() {
    let app = TestApp::with(LIMITS).await;
    let (document, me) = (document(), app.member().await.without("x-csrf-token"));
    for (path, method, operation) in operations(&document) {
        // Reading may end nothing; a write without the token changes nothing.
        let Some(way) = way(&operation, "session") else { continue };
        let place = format!("{method} {path}");
        let answer = ask(&me, &method, &path, &operation).await;
        assert_documented(&document, &operation, &answer, &place);
        let refused = code(&answer, &path) == "csrf_refused";
        assert_eq!(refused, way.get("csrf").is_some(), "{place}: {}", answer.text());
    }
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_gets_where_that_is_said() {
    let app = TestApp::with(LIMITS).await;
    let body = json!({"name": "A program", "scopes": ["journal:read"], "rate_per_minute": 10_000});
    let made = app.script().await.post("/auth/api-keys", &body).await.expect(201).json();
    let program = app.anonymous().with("x-api-key", made["key"].as_str().unwrap());
    let (document, mut reached) = (document(), 0);
    for (path, method, operation) in operations(&document) {
        if ways(&operation).is_empty() {
            continue;
        }
        let place = format!("{method} {path}");
        let answer = ask(&program, &method, &path, &operation).await;
        assert_documented(&document, &operation, &answer, &place);
        let code = code(&answer, &path);
        match way(&operation, "api_key") {
            None => assert_eq!(code, "not_with_an_api_key", "{place}: {}", answer.text()),
            Some(way) if way["api_key"] == json!(["journal:read"]) => {
                reached += 1;
                assert!(!matches!(answer.status, 401 | 403), "{place}: {}", answer.text());
            }
            Some(_) => assert_eq!(answer.status, 403, "{place}: {}", answer.text()),
        }
    }
    assert!(reached > 3, "the key got somewhere: {reached}");
    app.end().await;
}
