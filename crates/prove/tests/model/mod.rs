//! A small server that behaves as the rules expect, and that misbehaves in one way when told to. What it keeps is in
//! memory; it exists to show that the rules can pass, and that each can fail.

mod answers;
mod uploads;

use answers::{Answer, json, page, problem};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::Response;
use serde_json::{Value, json as value};
use std::collections::HashMap;
use std::convert::Infallible;
use std::future::IntoFuture;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// The password of those who have an account from the beginning.
pub(crate) const PASSWORD: &str = "Quiet-lantern over 7 rivers!";

/// What the server keeps.
#[derive(Default)]
pub(crate) struct Memory {
    last: u64,
    users: HashMap<String, (String, String)>,
    sessions: HashMap<String, (String, String)>,
    tokens: HashMap<String, String>,
    tries: HashMap<String, u32>,
    recordings: HashMap<String, (String, Vec<u8>)>,
}

impl Memory {
    fn id(&mut self) -> String {
        self.last += 1;
        format!("01890000-0000-7000-8000-1{:011x}", self.last)
    }

    fn secret(&mut self, kind: &str) -> String {
        format!("{kind}_{:0>43}", self.id())
    }
}

pub(crate) struct Model {
    /// The one thing that is wrong with it: a switch, as `MINDVIBE_WEAKEN` names it; empty for nothing.
    weak: &'static str,
    memory: Mutex<Memory>,
}

/// Everything about a request but its body.
struct Asked {
    method: Method,
    path: String,
    query: String,
    headers: HeaderMap,
    peer: IpAddr,
}

impl Asked {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    fn cookie(&self, name: &str) -> Option<&str> {
        let pairs = self.header("cookie")?.split("; ").filter_map(|pair| pair.split_once('='));
        pairs.into_iter().find_map(|(key, value)| (key == name).then_some(value))
    }

    fn bearer(&self) -> Option<&str> {
        self.header("authorization")?.strip_prefix("Bearer ")
    }

    fn is_write(&self) -> bool {
        !matches!(self.method, Method::GET | Method::HEAD | Method::OPTIONS)
    }

    fn signs_in(&self) -> bool {
        matches!(self.path.as_str(), "/api/auth/login" | "/api/auth/signup" | "/auth/login")
    }
}

/// Starts the server on a free port of its own; answers its address. It runs on a thread of its own, as another program
/// would: what keeps it busy (O-3) must not hold up the clock of whoever attacks it. It ends with the test.
pub(crate) async fn start(weak: &'static str) -> String {
    let mut memory = Memory::default();
    for number in 0..4 {
        let id = memory.id();
        memory.users.insert(format!("prove-{number}@example.com"), (PASSWORD.to_owned(), id));
    }
    let model = Arc::new(Model { weak, memory: Mutex::new(memory) });
    let router = Router::new().fallback(serve).with_state(model);
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let (tell, told) = oneshot::channel();
    let (alive, ended) = oneshot::channel::<Infallible>();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            tell.send(listener.local_addr().unwrap()).unwrap();
            tokio::select! {
                served = axum::serve(listener, service).into_future() => served.unwrap(),
                _ = ended => {}
            }
        });
    });
    tokio::spawn(async move {
        let _alive = alive;
        std::future::pending::<Infallible>().await
    });
    format!("http://{}", told.await.unwrap())
}

async fn serve(
    State(model): State<Arc<Model>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let asked = Asked {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or("").to_owned(),
        headers: parts.headers,
        peer: peer.ip(),
    };
    let answer = match model.refused(&asked) {
        Some(answer) => answer,
        None => model.answer(&asked, body).await,
    };
    let id = model.memory.lock().unwrap().id();
    answer.finish(&id, model.weak)
}

impl Model {
    fn is(&self, switch: &str) -> bool {
        self.weak == switch
    }

    /// The checks before anything is read.
    fn refused(&self, asked: &Asked) -> Option<Answer> {
        if asked.method == Method::TRACE {
            let echo = asked.header("x-echo").unwrap_or("").as_bytes().to_vec();
            let refused = Answer::empty(StatusCode::METHOD_NOT_ALLOWED);
            return Some(if self.is("A1-H2.trace") { Answer::bytes("message/http", echo) } else { refused });
        }
        if self.too_often(asked) {
            return Some(problem(429, "too_many_requests"));
        }
        let size: usize = asked.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
        if !self.is("A1-M8") && (size > 16 * 1024 || asked.query.len() > 8 * 1024) {
            return Some(problem(400, "headers_too_large"));
        }
        if !self.is("A1-H6")
            && let Some((_, secret)) = asked
                .query
                .split('&')
                .filter_map(|pair| pair.split_once('='))
                .find(|(name, _)| ["token", "access_token", "api_key", "sid"].contains(name))
        {
            let mut memory = self.memory.lock().unwrap();
            memory.tokens.remove(secret);
            memory.sessions.remove(secret);
            return Some(problem(400, "credential_in_url"));
        }
        if asked.headers.contains_key(header::CONTENT_ENCODING) {
            return Some(problem(415, "unsupported_media_type"));
        }
        if self.is("A1-C4.control") && asked.is_write() && asked.cookie("__Host-sid").is_some() {
            return Some(problem(403, "csrf_refused"));
        }
        if self.is("A1-C4") || !asked.is_write() {
            return None;
        }
        if asked.cookie("__Host-sid").is_some() && asked.bearer().is_some() {
            return Some(problem(400, "ambiguous_credentials"));
        }
        let foreign = asked.header("sec-fetch-site").is_some_and(|site| !matches!(site, "same-origin" | "none"));
        if foreign || asked.header("origin").is_some() {
            return Some(problem(403, "cross_origin_refused"));
        }
        let sid = asked.cookie("__Host-sid").filter(|_| !asked.signs_in())?;
        let memory = self.memory.lock().unwrap();
        let right = memory.sessions.get(sid).map(|(_, csrf)| csrf.as_str());
        let sent = asked.header("x-csrf-token");
        (sent.is_none() || sent != asked.cookie("__Host-csrf") || sent != right).then(|| problem(403, "csrf_refused"))
    }

    /// Ninety times a minute, a stranger may ask who they are.
    fn too_often(&self, asked: &Asked) -> bool {
        if self.is("A2-5")
            || asked.path != "/api/auth/me"
            || asked.bearer().is_some()
            || asked.header("cookie").is_some()
        {
            return false;
        }
        let mut memory = self.memory.lock().unwrap();
        let asks = memory.tries.entry(format!("me {}", asked.peer)).or_default();
        *asks += 1;
        *asks > 90
    }

    fn caller(&self, asked: &Asked) -> Option<String> {
        let memory = self.memory.lock().unwrap();
        if self.is("A1-C1")
            && let Some(id) = asked.header("x-auth-uid")
        {
            return Some(id.to_owned());
        }
        if let Some(sid) = asked.cookie("__Host-sid") {
            return memory.sessions.get(sid).map(|(user, _)| user.clone());
        }
        match asked.bearer() {
            Some(token) => memory.tokens.get(token).cloned(),
            None => self.is("A1-C2").then(|| "anonymous".to_owned()),
        }
    }

    async fn answer(&self, asked: &Asked, body: Body) -> Answer {
        match (asked.method.as_str(), asked.path.as_str()) {
            ("GET", "/health") if self.is("A1-H1") => return json(200, &value!({"status": "ok", "version": "1"})),
            ("GET", "/ready") if self.is("A1-H1.ready") => return json(200, &value!({"status": "ok"})),
            ("GET", "/health") => return json(200, &value!({"status": "ok"})),
            ("GET", "/") => return page(self.weak),
            ("GET", "/assets/app.js") => return Answer::script(self.weak),
            ("GET", "/api/auth/invitations") if self.is("O-15") => return json(200, &value!({"items": []})),
            ("GET", "/debug") if self.is("A1-H2") => return json(200, &value!({"users": 3})),
            ("POST", "/mobile-auth/login") if self.is("A2-2") => return json(200, &value!({"access_token": "at_x"})),
            _ => {}
        }
        if self.is("O-6") && asked.path.contains("rat") {
            return problem(403, "threat_detected");
        }
        if asked.signs_in() {
            return self.sign_in(asked, body).await;
        }
        let Some((template, id)) = route(&asked.path) else { return problem(404, "not_found") };
        let Some(user) = self.caller(asked) else { return problem(401, "authentication_required") };
        if template.starts_with("/api/recordings") || template.starts_with("/v1/") {
            return uploads::answer(self, asked, &user, template, id, body).await;
        }
        match (asked.method.as_str(), template) {
            ("GET", "/openapi.json") => json(200, &document()),
            ("GET", "/api/auth/me") => json(200, &value!({"user": {"id": user}})),
            ("POST", "/api/auth/logout") => self.log_out(asked),
            ("GET", "/api/moods" | "/api/journal/entries") => self.list(asked),
            ("POST", "/api/moods" | "/api/journal/entries") => match self.read_json(asked, body, 1024 * 1024).await {
                Ok(body) => self.write(&body),
                Err(answer) => answer,
            },
            ("GET" | "DELETE", "/api/moods/{id}") => problem(404, "not_found"),
            _ => Answer::empty(StatusCode::METHOD_NOT_ALLOWED),
        }
    }

    fn list(&self, asked: &Asked) -> Answer {
        let fine = asked.query.is_empty() || asked.query == "limit=1";
        if fine { json(200, &value!({"items": [], "next_cursor": null})) } else { self.invalid() }
    }

    fn write(&self, body: &Value) -> Answer {
        if self.is("A2-11") && body.to_string().contains("' OR") {
            return problem(500, "internal");
        }
        let mood = body["score"].as_i64().is_some_and(|score| (-2..=2).contains(&score)) && body["note"].is_string();
        if mood || body["title"].is_string() && body["content"].is_string() {
            json(201, &value!({"id": self.memory.lock().unwrap().id(), "version": 1}))
        } else {
            self.invalid()
        }
    }

    fn invalid(&self) -> Answer {
        match self.weak {
            "A1-C5" => json(200, &value!({"error": "that went wrong", "status": 500})),
            "A1-M5" => Answer::leaky(),
            _ => problem(422, "invalid_fields"),
        }
    }

    async fn read_json(&self, asked: &Asked, body: Body, limit: usize) -> Result<Value, Answer> {
        let limit = if self.is("A1-M8") { usize::MAX } else { limit };
        if !asked.header("content-type").unwrap_or("").starts_with("application/json") {
            return Err(problem(415, "unsupported_media_type"));
        }
        let announced = asked.header("content-length").and_then(|length| length.parse::<usize>().ok());
        if announced.is_some_and(|length| length > limit) {
            return Err(problem(413, "too_large"));
        }
        let bytes = to_bytes(body, limit).await.map_err(|error| {
            let large = format!("{error:?}").contains("LengthLimit");
            problem(if large { 413 } else { 400 }, "unreadable")
        })?;
        serde_json::from_slice(&bytes).map_err(|_| problem(400, "malformed_json"))
    }

    async fn sign_in(&self, asked: &Asked, body: Body) -> Answer {
        let browser = asked.path.starts_with("/api/");
        if asked.method != Method::POST {
            return Answer::empty(StatusCode::METHOD_NOT_ALLOWED);
        }
        if !browser && asked.headers.contains_key("sec-fetch-site") {
            return problem(403, "browser_surface_required");
        }
        let body = match self.read_json(asked, body, 16 * 1024).await {
            Ok(body) => body,
            Err(answer) => return answer,
        };
        let (Some(email), Some(password)) = (body["email"].as_str(), body["password"].as_str()) else {
            return self.invalid();
        };
        if asked.path == "/api/auth/signup" {
            return self.sign_up(email, password);
        }
        if self.is("O-3") {
            std::thread::sleep(Duration::from_millis(700));
        }
        let mut memory = self.memory.lock().unwrap();
        let key = match asked.header("x-forwarded-for") {
            Some(forged) if self.is("A1-M2") => forged.to_owned(),
            _ => asked.peer.to_string(),
        };
        let tries = memory.tries.entry(key).or_default();
        *tries += 1;
        if *tries > 5 && !self.is("A2-5") {
            return problem(429, "too_many_requests");
        }
        let known = memory.users.get(email).cloned();
        let Some((_, user)) = known.clone().filter(|(right, _)| right == password) else {
            let tell = self.is("A1-H4") && known.is_none();
            return problem(401, if tell { "unknown_user" } else { "invalid_credentials" });
        };
        if !browser {
            let token = memory.secret("at");
            memory.tokens.insert(token.clone(), user);
            return json(200, &value!({"access_token": token, "token_type": "Bearer", "expires_in": 900}));
        }
        let (sid, csrf) = (memory.secret("sid"), memory.secret("csrf"));
        memory.sessions.insert(sid.clone(), (user.clone(), csrf.clone()));
        let mut told = value!({"user": {"id": user}});
        if self.is("A1-C3") {
            told["access_token"] = value!(sid);
        }
        let secure = if self.is("A1-M4") { "" } else { " Secure;" };
        json(200, &told)
            .cookie(&format!("__Host-sid={sid}; Path=/;{secure} HttpOnly; SameSite=Lax; Max-Age=60"))
            .cookie(&format!("__Host-csrf={csrf}; Path=/; Secure; SameSite=Lax; Max-Age=60"))
    }

    fn sign_up(&self, email: &str, password: &str) -> Answer {
        let listed = ["Password1", "Qwerty123!", "abcdefghijklmn"].contains(&password) || email.starts_with(password);
        let fits = (10..=128).contains(&password.chars().count()) && !listed;
        if !fits && !self.is("A1-M1") {
            return problem(422, "invalid_fields");
        }
        let memory = self.memory.lock().unwrap();
        // An account begins with the link of a letter, which nobody opens here.
        if memory.users.contains_key(email) && self.is("A1-H4") {
            return problem(409, "taken");
        }
        json(202, &value!({"message": "If this email is available, a confirmation will be sent."}))
    }

    fn log_out(&self, asked: &Asked) -> Answer {
        let mut memory = self.memory.lock().unwrap();
        if !self.is("O-4") {
            memory.sessions.remove(asked.cookie("__Host-sid").unwrap_or(""));
        }
        let gone = "Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0";
        Answer::empty(StatusCode::NO_CONTENT)
            .with("clear-site-data", "\"cache\", \"storage\"")
            .cookie(&format!("__Host-sid=; {gone}"))
            .cookie(&format!("__Host-csrf=; {gone}"))
    }
}

/// The template of a path, and what stands in its placeholder.
fn route(path: &str) -> Option<(&'static str, &str)> {
    const FIXED: &[&str] = &[
        "/openapi.json",
        "/api/auth/me",
        "/api/auth/logout",
        "/api/moods",
        "/api/journal/entries",
        "/api/recordings",
        "/v1/audio/transcriptions",
    ];
    if let Some(fixed) = FIXED.iter().find(|fixed| **fixed == path) {
        return Some((fixed, ""));
    }
    if let Some(id) = path.strip_prefix("/api/moods/").filter(|id| !id.contains('/')) {
        return Some(("/api/moods/{id}", id));
    }
    let rest = path.strip_prefix("/api/recordings/")?;
    match rest.split_once('/') {
        None => Some(("/api/recordings/{id}", rest)),
        Some((id, "audio")) => Some(("/api/recordings/{id}/audio", id)),
        Some(_) => None,
    }
}

fn document() -> Value {
    let body = |media: &str| value!({"requestBody": {"content": {media: {}}}});
    value!({"openapi": "3.1.0", "info": {"version": "0.0.1"}, "paths": {
        "/health": {"get": {}},
        "/api/auth/login": {"post": body("application/json")},
        "/auth/login": {"post": body("application/json")},
        "/api/auth/logout": {"post": {}},
        "/api/auth/me": {"get": {}},
        "/api/moods": {"get": {}, "post": body("application/json")},
        "/api/moods/{id}": {"get": {}, "delete": {}},
        "/api/journal/entries": {"get": {}, "post": body("application/json")},
        "/api/recordings": {"get": {}, "post": body("multipart/form-data")},
    }})
}
