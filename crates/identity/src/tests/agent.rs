//! A browser: it keeps cookies, sends them back, and says what it is.

use super::harness::{Answer, House, ORIGIN, PASSWORD};
use http::{Method, header};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Mutex;

pub(super) const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";
pub(super) const CURL: &str = "curl/8.5.0";

pub(super) struct Agent<'h> {
    pub(super) house: &'h House,
    pub(super) program: String,
    jar: Mutex<BTreeMap<String, String>>,
}

impl<'h> Agent<'h> {
    pub(super) fn new(house: &'h House) -> Self {
        Self { house, program: FIREFOX.to_owned(), jar: Mutex::default() }
    }

    /// The same browser's cookies in another program.
    pub(super) fn stolen(&self, program: &str) -> Self {
        let jar = Mutex::new(self.jar.lock().unwrap().clone());
        Self { house: self.house, program: program.to_owned(), jar }
    }

    pub(super) fn cookie(&self, name: &str) -> Option<String> {
        self.jar.lock().unwrap().get(name).cloned()
    }

    pub(super) async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let (cookies, csrf) = {
            let jar = self.jar.lock().unwrap();
            let pairs: Vec<_> = jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
            (pairs.join("; "), jar.get("__Host-csrf").cloned())
        };
        let mut headers = vec![("user-agent", self.program.as_str()), ("origin", ORIGIN)];
        if !cookies.is_empty() {
            headers.push(("cookie", &cookies));
        }
        if let Some(csrf) = &csrf {
            headers.push(("x-csrf-token", csrf));
        }
        let answer = self.house.send(method, path, &headers, body).await;
        let mut jar = self.jar.lock().unwrap();
        for line in answer.headers.get_all(header::SET_COOKIE) {
            let (name, rest) = line.to_str().unwrap().split_once('=').unwrap();
            match rest.split(';').next().unwrap() {
                "" => jar.remove(name),
                value => jar.insert(name.to_owned(), value.to_owned()),
            };
        }
        drop(jar);
        answer
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, None).await
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::POST, path, Some(body)).await
    }

    pub(super) async fn delete(&self, path: &str) -> Answer {
        self.ask(Method::DELETE, path, None).await
    }

    /// The first step.
    pub(super) async fn log_in(&self, email: &str) -> Answer {
        self.post("/api/auth/login", json!({ "email": email, "password": PASSWORD })).await
    }

    /// Signs in where a password is enough.
    pub(super) async fn enter(&self, email: &str) {
        let answer = self.log_in(email).await;
        assert_eq!((answer.status, answer.body["status"].as_str()), (200, Some("signed_in")), "{}", answer.body);
    }

    /// The first step where it is not enough; the challenge.
    pub(super) async fn challenge(&self, email: &str) -> String {
        let answer = self.log_in(email).await;
        assert_eq!(answer.body["status"], "additional_verification_required", "{}", answer.body);
        answer.body["challenge_id"].as_str().unwrap().to_owned()
    }

    pub(super) async fn status(&self, path: &str) -> (u16, String) {
        let answer = self.get(path).await;
        (answer.status, answer.code().to_owned())
    }
}

/// An authenticator app: this crate's own code is judged by the published vectors, beside it.
pub(super) struct App(Vec<u8>);

impl App {
    /// Sets one up and switches it on; the backup codes.
    pub(super) async fn set_up(agent: &Agent<'_>) -> (Self, Vec<String>) {
        let answer = agent.post("/api/auth/2fa/setup", json!({})).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let secret = data_encoding::BASE32_NOPAD.decode(answer.body["secret"].as_str().unwrap().as_bytes()).unwrap();
        let app = Self(secret);
        let answer = agent.post("/api/auth/2fa/enable", json!({ "code": app.code(agent.house) })).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let codes = answer.body["backup_codes"].as_array().unwrap().iter();
        (app, codes.map(|code| code.as_str().unwrap().to_owned()).collect())
    }

    pub(super) fn secret(&self) -> &[u8] {
        &self.0
    }

    /// The code of now.
    pub(super) fn code(&self, house: &House) -> String {
        self.code_of(house, 0)
    }

    /// The code of so many steps away.
    pub(super) fn code_of(&self, house: &House, off: i64) -> String {
        crate::factors::testing::code(&self.0, house.ambient.now(), off)
    }
}
