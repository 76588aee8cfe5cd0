//! The promises of the OpenAPI document, walked route by route.

use crate::app::TestApp;
use crate::client::Client;
use reqwest::Method;
use serde_json::{Value, json};
use server::compose;
use std::collections::BTreeMap;

pub(crate) fn document() -> Value {
    serde_json::from_str(&compose::document().unwrap()).unwrap()
}

/// Every operation: path, method, what the document says of it.
pub(crate) fn operations(document: &Value) -> Vec<(String, Method, Value)> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if let Ok(method) = method.to_uppercase().parse::<Method>() {
                all.push((path.clone(), method, operation.clone()));
            }
        }
    }
    all
}

/// A path with an id that nobody has in the place of each variable.
pub(crate) fn filled(path: &str) -> String {
    let parts =
        path.split('/').map(|part| if part.starts_with('{') { "01890000-0000-7000-8000-000000000000" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

#[test]
fn the_committed_document_is_the_one_that_is_served() {
    let committed = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi.json")).unwrap();
    assert!(committed == compose::document().unwrap(), "openapi.json is stale: run `make generate`");
}

#[test]
fn every_field_has_its_limits() {
    let document = document();
    let mut missing = Vec::new();
    walk(&document["components"]["schemas"], "schemas", &mut missing);
    for (path, method, operation) in operations(&document) {
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let place = format!("{method} {path} {}", parameter["name"]);
            walk(&parameter["schema"], &place, &mut missing);
        }
    }
    assert!(missing.is_empty(), "no limit on:\n{}", missing.join("\n"));
}

/// Collects the places of strings, numbers and arrays that state no bound.
fn walk(schema: &Value, place: &str, missing: &mut Vec<String>) {
    let Some(object) = schema.as_object() else { return };
    let is = |name: &str| match &object.get("type") {
        Some(Value::String(one)) => one == name,
        Some(Value::Array(many)) => many.iter().any(|one| one == name),
        _ => false,
    };
    let has = |names: &[&str]| names.iter().any(|name| object.contains_key(*name));
    if is("string")
        && !has(&["maxLength", "enum", "const"])
        && object.get("format").and_then(Value::as_str) != Some("binary")
    {
        missing.push(format!("{place}: string"));
    }
    if (is("integer") || is("number")) && !has(&["minimum", "maximum", "enum"]) {
        missing.push(format!("{place}: number"));
    }
    if is("array") && !has(&["maxItems"]) {
        missing.push(format!("{place}: array"));
    }
    for (name, child) in object {
        match child {
            Value::Object(_) => walk(child, &format!("{place}.{name}"), missing),
            Value::Array(children) => {
                for child in children {
                    walk(child, &format!("{place}.{name}"), missing);
                }
            }
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_keeps_to_its_auth_class() {
    let app = TestApp::with(&[("RATE_LIMIT_ANONYMOUS", "10000/60")]).await;
    let member = app.script().await;
    let mut classes: BTreeMap<String, usize> = BTreeMap::new();
    for (path, method, operation) in operations(&document()) {
        let class = operation["x-auth"].as_str().unwrap_or_else(|| panic!("{method} {path} states no auth class"));
        *classes.entry(class.to_owned()).or_default() += 1;
        let media = operation["requestBody"]["content"].as_object().and_then(|content| content.keys().next().cloned());
        let body = media.as_deref().map(|media| (media, b"{}".to_vec()));
        let nobody = Client::anonymous(&app.base).send(method.clone(), &filled(&path), body.clone()).await;
        match class {
            "public" => assert_ne!(nobody.json_code(), "authentication_required", "{method} {path}"),
            "caller" | "monitor" | "admin" => {
                nobody.expect(401);
            }
            other => panic!("{method} {path}: there is no class {other}"),
        }
        if class == "admin" {
            member.send(method.clone(), &filled(&path), body).await.problem(403, "administrators_only");
        } else if class == "monitor" {
            member.send(method.clone(), &filled(&path), body).await.problem(403, "monitoring_only");
        }
    }
    assert!(classes["caller"] > 10, "the walk found the routes: {classes:?}");
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_sent_wrong_is_answered_as_documented() {
    let app = TestApp::with(&[("RATE_LIMIT_SIGNED_IN", "10000/60")]).await;
    let member = app.script().await;
    for (path, method, operation) in operations(&document()) {
        if operation["x-auth"] != "caller" || path.contains("logout") {
            continue;
        }
        let documented = |status: u16| operation["responses"].get(status.to_string()).is_some();
        let media = operation["requestBody"]["content"].as_object().and_then(|content| content.keys().next().cloned());
        let target = filled(&path);
        for body in [None, media.as_deref().map(|media| (media, json!({"nonsense": true}).to_string().into_bytes()))] {
            let answer = member.with("if-match", "*").send(method.clone(), &target, body).await;
            let fine = documented(answer.status) || matches!(answer.status, 400 | 415);
            assert!(fine, "{method} {path} answered {}, which is not documented: {}", answer.status, answer.text());
            assert!(answer.status < 500, "{method} {path}: {}", answer.text());
        }
    }
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_document_is_for_who_signed_in() {
    let app = TestApp::sqlite().await;
    app.anonymous().get("/openapi.json").await.problem(401, "authentication_required");
    let served = app.script().await.get("/openapi.json").await.expect(200);
    assert_eq!(served.text(), compose::document().unwrap());
    assert_eq!(app.anonymous().get("/health").await.expect(200).text(), r#"{"status":"ok"}"#);
    app.anonymous().get("/ready").await.expect(200);
    app.end().await;
}
