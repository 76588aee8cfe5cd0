//! A server as both predecessors were, before their audits: what those describe, and what was seen of them, in one plain
//! program. It has every fault on purpose and protects nothing; it listens on loopback for as long as a test runs.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// Accounts by address: password, id, role. All of it in memory, for ever.
#[derive(Default)]
pub(crate) struct Memory(HashMap<String, [String; 3]>, HashMap<String, String>);

type Shared = Arc<Mutex<Memory>>;

/// Starts it on a free port of its own; answers its address.
pub(crate) async fn start() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().fallback(serve).with_state(Shared::default());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    format!("http://{address}")
}

fn answer(status: u16, media: &str, body: String, cookies: &[String]) -> Response {
    let mut response = Response::builder().status(StatusCode::from_u16(status).unwrap()).header("content-type", media);
    for cookie in cookies {
        response = response.header("set-cookie", cookie);
    }
    // It tells everybody what it is, reflects any origin, and its one policy lets inline scripts run.
    let policy = "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'";
    let response = response.header("server", "uvicorn").header("access-control-allow-origin", "*");
    response.header("content-security-policy", policy).body(Body::from(body)).unwrap()
}

fn told(status: u16, body: &Value) -> Response {
    answer(status, "application/json", body.to_string(), &[])
}

/// Whatever a header claims, a cookie or a token says, in this order; nobody is asked for a signature.
fn who(headers: &HeaderMap, query: &str, memory: &Memory) -> Option<String> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(ToOwned::to_owned);
    let cookie =
        text("cookie").and_then(|line| Some(line.split_once("access_token=")?.1.split(';').next()?.to_owned()));
    let bearer = text("authorization").and_then(|line| line.strip_prefix("Bearer ").map(ToOwned::to_owned));
    let in_url = query.split('&').find_map(|pair| pair.strip_prefix("token=")).map(ToOwned::to_owned);
    text("x-auth-uid").or_else(|| memory.1.get(&bearer.or(cookie).or(in_url)?).cloned())
}

async fn serve(State(memory): State<Shared>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let (path, query) = (parts.uri.path().to_owned(), parts.uri.query().unwrap_or("").to_owned());
    let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let mut memory = memory.lock().unwrap();
    let caller = who(&parts.headers, &query, &memory);
    // The letters r-a-t were taken for an attack, wherever they stood.
    if path.contains("rat") {
        return told(403, &json!({"detail": "Suspicious request"}));
    }
    let sent: Value = match serde_json::from_slice(&bytes) {
        Ok(sent) => sent,
        Err(error) if parts.headers.get("content-type").is_some_and(|media| media == "application/json") => {
            // What went wrong is a success, with all of its insides.
            let inside = format!("sqlalchemy at /opt/render/project/src/main.py\", line 42: {error:?}");
            return told(200, &json!({"error": "server_error", "detail": inside, "status": 500}));
        }
        Err(_) => Value::Null,
    };
    let field = |name: &str| sent[name].as_str().unwrap_or("").to_owned();
    match (parts.method.as_str(), path.as_str()) {
        ("GET", "/") => {
            let page = "<body onload=start()><script>a='b'</script><script src=\"/app.js\"></script>";
            answer(200, "text/html", page.to_owned(), &[])
        }
        ("GET", "/app.js") => {
            let script = "localStorage.setItem('mindvibe_access_token', t); fetch('http://localhost:8000/api')";
            answer(200, "text/javascript", script.to_owned(), &[])
        }
        ("GET", "/health" | "/api/monitoring/health/detailed" | "/api/monitoring/metrics" | "/metrics") => {
            told(200, &json!({"status": "ok", "version": "1.0", "database_ms": 3, "openai_key": true}))
        }
        ("GET", "/docs" | "/swagger" | "/api/debug") => told(200, &json!({"routes": 160})),
        ("GET", "/openapi.json") => told(200, &document()),
        ("POST", "/api/auth/signup") if memory.0.contains_key(&field("email")) => {
            told(409, &json!({"detail": "Email already registered"}))
        }
        ("POST", "/api/auth/signup") => {
            let (id, role) = (format!("user-{}", memory.0.len()), sent["role"].as_str().unwrap_or("member").to_owned());
            memory.0.insert(field("email"), [field("password"), id, role]);
            told(201, &json!({"message": "Welcome"}))
        }
        ("POST", "/api/auth/login" | "/auth/login" | "/mobile-auth/login") => {
            let name = if field("email").is_empty() { field("username") } else { field("email") };
            let Some([password, id, _]) = memory.0.get(&name).cloned() else {
                return told(401, &json!({"detail": "There is no such account"}));
            };
            if password != field("password") && path != "/mobile-auth/login" {
                return told(401, &json!({"detail": "Wrong password"}));
            }
            // HS256, without an end.
            let part = |value: Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
            let token =
                format!("{}.{}.c2lnbmVk", part(json!({"alg": "HS256", "typ": "JWT"})), part(json!({"sub": id})));
            memory.1.insert(token.clone(), id.clone());
            let body = json!({"access_token": token, "token_type": "bearer", "user": {"id": id}}).to_string();
            answer(200, "application/json", body, &[format!("access_token={token}; Path=/")])
        }
        ("GET", "/api/auth/me") => match caller {
            Some(id) => {
                let role = memory.0.values().find(|known| known[1] == id).map(|known| known[2].clone());
                told(200, &json!({"user": {"id": id, "role": role}}))
            }
            None => told(401, &json!({"detail": "Not authenticated"})),
        },
        ("PATCH" | "PUT", "/api/auth/me") => {
            let known = memory.0.values_mut().find(|known| Some(&known[1]) == caller.as_ref());
            if let (Some(known), Some(role)) = (known, sent["role"].as_str()) {
                role.clone_into(&mut known[2]);
            }
            told(200, &sent)
        }
        // The token stays good: nothing is kept of those that ended.
        ("POST", "/api/auth/logout") => told(200, &json!({})),
        // An account that everybody without one shares.
        ("GET", "/api/moods" | "/api/journal/entries") => told(200, &json!({"items": []})),
        ("POST", "/api/moods") if sent["score"].as_i64().is_some_and(|score| !(-10..=10).contains(&score)) => {
            told(422, &json!({"detail": [{"loc": ["body", "score"], "msg": "Input should be less than 11"}]}))
        }
        ("POST", "/api/moods") => told(201, &json!({"id": "1", "note": sent["note"]})),
        ("POST", "/api/journal/entries") => told(201, &json!({"id": "4", "content": sent["content"]})),
        ("POST", "/api/recordings") => told(201, &json!({"id": "2"})),
        ("GET", "/api/recordings") => told(200, &json!({"items": [{"id": "2"}]})),
        ("GET", "/api/recordings/2/audio") => answer(200, "text/html", "<script>1</script>".to_owned(), &[]),
        ("POST", "/auth/api-keys") if caller.is_none() => told(401, &json!({"detail": "Not authenticated"})),
        ("TRACE", _) => told(405, &json!({"detail": "Method Not Allowed"})),
        ("POST", "/auth/api-keys") => told(201, &json!({"id": "3", "key": "sk_1", "expires_at": null})),
        // A status that is none: the connection is dropped.
        ("POST", "/auth/register") => {
            drop(memory);
            panic!("this is no status: 4")
        }
        _ => told(404, &json!({"detail": "Not Found"})),
    }
}

fn document() -> Value {
    let json = json!({"requestBody": {"content": {"application/json": {}}}});
    json!({"openapi": "3.1.0", "info": {"version": "1.0"}, "paths": {
        "/api/auth/me": {"get": {}},
        "/api/auth/logout": {"post": {}},
        "/api/moods": {"get": {}, "post": json},
        "/api/journal/entries": {"get": {}, "post": json},
        "/api/recordings": {"get": {}, "post": {"requestBody": {"content": {"multipart/form-data": {}}}}},
    }})
}
