//! The routes behind `guard`, a clock that moves when it is told to, and a client that reads cookies.

use crate::accounts::NewUser;
use crate::{Config, Identity, Post, Registration, TokenSettings, User, account_queries, routes};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request};
use axum::routing::get;
use guard::{Guard, Role};
use http::{HeaderMap, Method, StatusCode, header};
use kernel::{Ambient, Cursor, Limit, ManualClock, Secret, Timestamp, UserId};
use seal::password::Params;
use serde_json::{Value, json};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use store::{Db, Sql};
use tower::ServiceExt;

/// A password that passes.
pub(super) const PASSWORD: &str = "plum kettle orbit lantern";
pub(super) const ORIGIN: &str = "https://mind.example";
/// What keys reach here.
const AREAS: &[guard::Area] = &[guard::Area { name: "identity", routes: &["/api/auth/me$", "/auth/profile$"] }];

/// An answer, read to its end.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
}

impl Answer {
    /// The value of a cookie that this answer sets.
    pub(super) fn cookie(&self, name: &str) -> Option<&str> {
        let mut lines = self.headers.get_all(header::SET_COOKIE).iter().filter_map(|line| line.to_str().ok());
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix('=')?.split(';').next())
    }

    pub(super) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or("")
    }

    /// All of it but the id, as text: status, every header with its value, the body and its length.
    pub(super) fn outline(&self) -> String {
        let mut body = self.body.clone();
        if let Some(body) = body.as_object_mut() {
            body.remove("correlation_id");
        }
        let headers = self.headers.iter().filter(|(name, _)| *name != "x-request-id");
        let mut lines: Vec<String> = headers.map(|(name, value)| format!("{name}: {value:?}")).collect();
        lines.sort_unstable();
        format!("{}\n{}\n{}\n{body}", self.status, lines.join("\n"), body.to_string().len())
    }

    /// All of it that two clients can compare: without the id, the time and the values of its own.
    pub(super) fn comparable(mut self) -> (u16, Vec<String>, Value) {
        if let Some(body) = self.body.as_object_mut() {
            body.remove("correlation_id");
        }
        let names = self.headers.keys().map(ToString::to_string).collect();
        (self.status, names, self.body)
    }
}

/// A browser that has signed in.
pub(super) struct Signed {
    pub(super) sid: String,
    pub(super) csrf: String,
}

pub(super) struct House {
    pub(super) identity: Arc<Identity>,
    pub(super) ambient: Ambient,
    pub(super) clock: Arc<ManualClock>,
    app: Router,
    address: AtomicU32,
}

impl House {
    pub(super) async fn open(db: &Db) -> Self {
        Self::with(db, Registration::Open).await
    }

    pub(super) async fn with(db: &Db, registration: Registration) -> Self {
        Self::tuned(db, |config, _| config.registration = registration).await
    }

    /// Cheap hashes, and letters that a test can read.
    pub(super) fn config() -> Config {
        let hash = Params::new(19_456, 2, 1).unwrap();
        let tokens = TokenSettings { issuer: ORIGIN.to_owned(), ..TokenSettings::default() };
        Config { hash, hash_slots: 2, public_url: ORIGIN.to_owned(), post: Post::Outbox, tokens, ..Config::default() }
    }

    pub(super) async fn configured(db: &Db, with: Config) -> Self {
        Self::tuned(db, |config, _| *config = with).await
    }

    /// With other settings, and other limits.
    pub(super) async fn tuned(db: &Db, tune: impl FnOnce(&mut Config, &mut guard::Rates)) -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::from_micros(1_800_000_000_000_000)));
        Self::made(db, clock, tune).await
    }

    /// Another process on the same data, by the same clock.
    pub(super) async fn at(db: &Db, clock: Arc<ManualClock>) -> Self {
        Self::beside(db, clock, |_| ()).await
    }

    /// The same with settings of its own.
    pub(super) async fn beside(db: &Db, clock: Arc<ManualClock>, change: impl FnOnce(&mut Config)) -> Self {
        Self::made(db, clock, |config, _| change(config)).await
    }

    async fn made(db: &Db, clock: Arc<ManualClock>, tune: impl FnOnce(&mut Config, &mut guard::Rates)) -> Self {
        let ambient = Ambient { clock: clock.clone(), ..Ambient::system() };
        let mut config = Self::config();
        let mut outside = guard::Config { areas: AREAS, ..guard::Config::for_origin(ORIGIN) };
        // So that a test may try as often as it likes on one account; its lock is another matter.
        outside.rates.sign_in_by_account = vec![guard::Window::per(100_000, 60)];
        tune(&mut config, &mut outside.rates);
        let keys = store::testing::keys(db).await;
        let identity = Identity::new(db.clone(), keys, ambient.clone(), config).await.unwrap();
        let (router, _) = routes(identity.clone()).split_for_parts();
        // Two routes that ask for what no route of this slice does.
        let router = router
            .route("/test/admin", get(async |_: guard::Admin| StatusCode::NO_CONTENT))
            .route("/test/confirmed", get(async |_: guard::Confirmed| StatusCode::NO_CONTENT));
        let guard = Guard::new(outside, ambient.clone(), identity.port());
        let app = guard::protect(router, Arc::new(guard));
        Self { identity, ambient, clock, app, address: AtomicU32::new(1) }
    }

    /// Sends a request from an address that nobody has used before, so that no limit but the account's is in the way.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Answer {
        let address = self.address.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        self.send_from(Ipv4Addr::new(127, address[1], address[2], address[3]), method, path, headers, body).await
    }

    pub(super) async fn send_from(
        &self,
        address: Ipv4Addr,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = body.map(|body| body.to_string());
        if let Some(body) = &body {
            request =
                request.header(header::CONTENT_TYPE, "application/json").header(header::CONTENT_LENGTH, body.len());
        }
        let mut request = request.body(body.map_or_else(Body::empty, Body::from)).unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::new(IpAddr::V4(address), 1)));
        let response = self.app.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap() };
        Answer { status, headers, body }
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, &[], Some(body)).await
    }

    pub(super) async fn log_in(&self, email: &str, password: &str) -> Answer {
        self.post("/api/auth/login", json!({ "email": email, "password": password })).await
    }

    pub(super) async fn sign_up(&self, email: &str, password: &str) -> Answer {
        self.post("/api/auth/signup", json!({ "email": email, "password": password })).await
    }

    /// Signs up and uses the letter's link.
    pub(super) async fn sign_up_whole(&self, email: &str, password: &str) -> Answer {
        assert_eq!(self.sign_up(email, password).await.status, 202);
        self.settle().await;
        let token = self.link_to(email, "verify").await;
        self.post("/api/auth/verify-email", json!({ "token": token })).await
    }

    /// Does every errand that waits.
    pub(super) async fn settle(&self) {
        store::row! { struct One { id: uuid::Uuid } }
        let waiting = Sql::same("select id from errands order by created_at, id");
        // So that what comes later is newer.
        self.clock.advance(std::time::Duration::from_millis(1));
        loop {
            let found: Vec<One> = self.identity.db.lookup().await.unwrap().sql(waiting).all().await.unwrap();
            if found.is_empty() {
                return;
            }
            for one in found {
                self.identity.do_errand(one.id).await.unwrap();
            }
        }
    }

    /// Every letter to an address, newest first: subject and text.
    pub(super) async fn letters_to(&self, email: &str) -> Vec<(String, String)> {
        let mut tx = self.identity.db.lookup().await.unwrap();
        let limit = Limit::new(100).unwrap();
        let rows = account_queries::list_mails(&mut tx, Cursor::NEWEST, limit).await.unwrap();
        let open = |row: &account_queries::MailRow| self.identity.open_letter(row.id, &row.body).unwrap();
        let letters = rows.iter().map(open).filter(|letter| letter.to == email);
        letters.map(|letter| (letter.subject, letter.text)).collect()
    }

    /// The token of the newest link to a page in the letters to an address.
    pub(super) async fn link_to(&self, email: &str, page: &str) -> String {
        let letters = self.letters_to(email).await;
        let start = format!("{ORIGIN}/{page}#");
        let found = letters.iter().find_map(|(_, text)| {
            text.split_once(&start).and_then(|(_, rest)| rest.split_whitespace().next().map(ToOwned::to_owned))
        });
        found.unwrap_or_else(|| panic!("no link to {page} in {letters:?}"))
    }

    /// Locks an account by wrong passwords.
    pub(super) async fn lock(&self, email: &str) {
        for number in 0..5 {
            let answer = self.log_in(email, &format!("wrong password {number}")).await;
            assert_eq!((answer.status, answer.code()), (401, "invalid_credentials"));
        }
    }

    /// A request of somebody who is signed in.
    pub(super) async fn as_signed(&self, signed: &Signed, method: Method, path: &str, body: Option<Value>) -> Answer {
        let cookies = format!("__Host-sid={}; __Host-csrf={}", signed.sid, signed.csrf);
        let headers = [("cookie", cookies.as_str()), ("x-csrf-token", signed.csrf.as_str()), ("origin", ORIGIN)];
        self.send(method, path, &headers, body).await
    }

    /// Signs in on the browser surface.
    pub(super) async fn sign_in(&self, email: &str) -> Signed {
        let answer = self.log_in(email, PASSWORD).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let cookie = |name| answer.cookie(name).unwrap().to_owned();
        Signed { sid: cookie("__Host-sid"), csrf: cookie("__Host-csrf") }
    }

    pub(super) async fn me(&self, signed: &Signed) -> Answer {
        let cookies = format!("__Host-sid={}; __Host-csrf={}", signed.sid, signed.csrf);
        self.send(Method::GET, "/api/auth/me", &[("cookie", &cookies)], None).await
    }

    /// The same, and keeps the cookies of an id that changed.
    pub(super) async fn me_keeping(&self, signed: &mut Signed) -> Answer {
        let answer = self.me(signed).await;
        if let (Some(sid), Some(csrf)) = (answer.cookie("__Host-sid"), answer.cookie("__Host-csrf")) {
            *signed = Signed { sid: sid.to_owned(), csrf: csrf.to_owned() };
        }
        answer
    }

    pub(super) async fn log_out(&self, signed: &Signed) -> Answer {
        let cookies = format!("__Host-sid={}; __Host-csrf={}", signed.sid, signed.csrf);
        let headers = [("cookie", cookies.as_str()), ("x-csrf-token", signed.csrf.as_str()), ("origin", ORIGIN)];
        self.send(Method::POST, "/api/auth/logout", &headers, None).await
    }

    pub(super) async fn with_token(&self, method: Method, path: &str, token: &str, body: Option<Value>) -> Answer {
        self.send(method, path, &[("authorization", &format!("Bearer {token}"))], body).await
    }

    /// Signs in on the token surface: what was answered.
    pub(super) async fn tokens(&self, email: &str) -> Value {
        let answer = self.post("/auth/login", json!({ "email": email, "password": PASSWORD })).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body
    }

    /// A member with [`PASSWORD`], as the command line makes one.
    pub(super) async fn member(&self, email: &str) -> User {
        let password = Secret::new(PASSWORD.to_owned());
        let new = NewUser { email: email.to_owned(), password, display_name: None, role: Role::Member };
        self.identity.create_user(new).await.unwrap()
    }

    pub(super) async fn set_up(&self, code: &str) -> Answer {
        let body = json!({ "code": code, "email": "owner@example.org", "password": PASSWORD, "display_name": "Olga" });
        self.post("/api/setup", body).await
    }

    /// Sets the installation up; the owner's id.
    /// Whoever set the house up, signed in with a code of an app beside the password, as administrators must.
    pub(super) async fn administrator(&self) -> Signed {
        self.owner().await;
        let signed = self.sign_in("owner@example.org").await;
        let begun = self.as_signed(&signed, Method::POST, "/api/auth/2fa/setup", Some(json!({}))).await;
        let secret = data_encoding::BASE32_NOPAD.decode(begun.body["secret"].as_str().unwrap().as_bytes()).unwrap();
        let code = crate::factors::testing::code(&secret, self.ambient.now(), 0);
        let enabled =
            self.as_signed(&signed, Method::POST, "/api/auth/2fa/enable", Some(json!({ "code": code }))).await;
        assert_eq!(enabled.status, 200, "{}", enabled.body);
        let cookie = |name| enabled.cookie(name).unwrap().to_owned();
        Signed { sid: cookie("__Host-sid"), csrf: cookie("__Host-csrf") }
    }

    pub(super) async fn owner(&self) -> UserId {
        let code = self.identity.issue_setup_code().await.unwrap().unwrap();
        let answer = self.set_up(code.expose()).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.body["user"]["id"].as_str().unwrap().parse().unwrap()
    }
}
