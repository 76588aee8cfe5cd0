//! The pass over a small document that has one of each.

use super::access::API_KEY_HEADER;
use super::*;
use crate::caller::Presented;
use crate::steps::credential::find;
use serde_json::json;

const AREAS: &[Area] = &[Area { name: "things", routes: &["/api/things", "/v1/things"] }];

fn completed() -> Value {
    let problem = json!({"content": {"application/json": {"schema": {"$ref": "#/components/schemas/ProblemBody"}}}});
    let told = json!({"description": "`odd`", "content": problem["content"]});
    let id = json!({"name": "id", "in": "path", "required": true, "schema": {"type": "string"}});
    let text =
        |name: &str, place: &str| json!({"name": name, "in": place, "required": false, "schema": {"type": "string"}});
    let body = json!({"content": {"application/json": {"schema": {"type": "object"}}}});
    let document = json!({
        "openapi": "3.1.0", "info": {"title": "t", "version": "1"},
        "paths": {
            "/api/things": {
                "get": {"x-auth": "caller", "parameters": [text("cursor", "query")], "responses": {"200": {}}},
                "post": {
                    "x-auth": "caller", "parameters": [text("Idempotency-Key", "header")], "requestBody": body,
                    "responses": {"201": {}, "401": problem, "409": told}
                },
            },
            "/api/secrets/{id}": {"delete": {
                "x-auth": "admin", "parameters": [id, text("If-Match", "header")], "responses": {"204": {}}
            }},
            "/api/auth/login": {"post": {"x-auth": "public", "requestBody": body, "responses": {"200": {}}}},
            "/api/own": {"get": {"x-auth": "caller", "security": [{"ticket": []}], "responses": {"200": {}}}},
            "/v1/things": {"get": {"x-auth": "caller", "responses": {"200": {}, "404": problem}}},
        },
    });
    let mut document: OpenApi = serde_json::from_value(document).unwrap();
    complete_document(&mut document, AREAS);
    serde_json::to_value(&document).unwrap()
}

fn statuses(operation: &Value) -> Vec<&str> {
    operation["responses"].as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn each_operation_says_by_what_it_is_asked() {
    let document = completed();
    let paths = &document["paths"];
    let (session, token) = (json!({"session": []}), json!({"token": []}));
    let written = json!({"session": [], "csrf": []});
    let things = &paths["/api/things"];
    assert_eq!(things["get"]["security"], json!([session, token, {"api_key": ["things:read"]}]));
    assert_eq!(things["post"]["security"], json!([written, token, {"api_key": ["things:write"]}]));
    assert_eq!(paths["/api/secrets/{id}"]["delete"]["security"], json!([written, token]));
    assert_eq!(paths["/api/auth/login"]["post"]["security"], json!([]));
    assert_eq!(paths["/api/own"]["get"]["security"], json!([{"ticket": []}]), "what a route states is kept");
    let schemes = document["components"]["securitySchemes"].as_object().unwrap();
    assert_eq!(schemes.keys().collect::<Vec<_>>(), ["api_key", "csrf", "session", "token"]);
    assert_eq!(schemes["session"]["in"], "cookie");
}

#[test]
fn the_key_is_named_by_the_header_that_is_read() {
    let headers = [(API_KEY_HEADER.parse().unwrap(), "sk_1".parse().unwrap())].into_iter().collect();
    assert!(matches!(find(&headers).0, Some(Presented::ApiKey(_))));
}

#[test]
fn each_operation_says_what_it_may_be_answered_with() {
    let document = completed();
    let paths = &document["paths"];
    let things = &paths["/api/things"];
    assert_eq!(statuses(&things["get"]), ["200", "400", "401", "403", "422", "429", "500", "503"]);
    let post = ["201", "400", "401", "403", "408", "409", "413", "415", "422", "429", "500", "503"];
    assert_eq!(statuses(&things["post"]), post);
    let delete = ["204", "400", "401", "403", "404", "429", "500", "503"];
    assert_eq!(statuses(&paths["/api/secrets/{id}"]["delete"]), delete);
    let login = ["200", "400", "403", "408", "413", "415", "422", "429", "500", "503"];
    assert_eq!(statuses(&paths["/api/auth/login"]["post"]), login);
    assert_eq!(things["get"]["responses"]["200"]["description"], "OK");
}

#[test]
fn every_refusal_is_a_problem() {
    let document = completed();
    let (paths, shared) = (&document["paths"], &document["components"]["responses"]);
    let responses = &paths["/api/things"]["post"]["responses"];
    assert_eq!(responses["401"]["$ref"], "#/components/responses/Problem401");
    assert_eq!(responses["409"]["description"], "`odd`", "what a route says is kept");
    assert!(responses["409"]["content"]["application/problem+json"].is_object());
    assert!(responses["409"]["content"]["application/json"].is_null());
    assert!(shared["Problem401"]["headers"]["WWW-Authenticate"].is_object());
    assert!(shared["Problem429"]["headers"]["Retry-After"].is_object());
    assert_eq!(
        paths["/v1/things"]["get"]["responses"]["404"]["$ref"], "#/components/responses/Provider404",
        "clients of that API parse another shape"
    );
    let schema = &shared["Provider404"]["content"]["application/json"]["schema"]["$ref"];
    assert_eq!(schema, "#/components/schemas/ProviderProblem");
    for name in ["ProblemBody", "ProblemField", "ProviderProblem", "ProviderDetail"] {
        assert!(document["components"]["schemas"][name].is_object(), "{name}");
    }
}

#[test]
fn fields_that_extractors_read_have_their_form() {
    let document = completed();
    let schema =
        |path: &str, method: &str, index: usize| document["paths"][path][method]["parameters"][index]["schema"].clone();
    assert_eq!(schema("/api/things", "get", 0)["maxLength"], 32);
    assert_eq!(schema("/api/things", "post", 0)["pattern"], "^[!-~]{1,128}$");
    assert!(schema("/api/secrets/{id}", "delete", 0)["pattern"].is_null());
    assert!(schema("/api/secrets/{id}", "delete", 1)["pattern"].is_string());
}
