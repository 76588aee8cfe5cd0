//! A house with this slice in it: people, data, files, and a client.

use crate::form::BOUNDARY;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::Response;
use futures_util::future::{BoxFuture, FutureExt};
use guard::{Caller, Credential, Guard, Identities, Presented, Role, Sender};
use http_body_util::BodyExt;
use kernel::{Ambient, Clock, Fault, Secret, SystemClock, SystemRng, Timestamp, UserId};
use recordings::{Config, State};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use store::Db;
use store::jobs::{Pace, Runner, Running};
use store::keys::KeyStore;
use tempfile::TempDir;
use tower::ServiceExt;
use uuid::Uuid;

/// Whoever presents an id as a token is that person. Only here.
struct Trusting;

impl Identities for Trusting {
    fn resolve<'a>(&'a self, presented: &'a Presented, _: &'a Sender) -> BoxFuture<'a, Result<Option<Caller>, Fault>> {
        let Presented::Token(token) = presented else { return async { Ok(None) }.boxed() };
        let id = token.expose().parse::<Uuid>().ok();
        let caller = id.map(|id| Caller {
            user_id: UserId::from(id),
            role: Role::Member,
            session_id: id,
            credential: Credential::Token,
            second_factor: false,
            confirmed_at: None,
            scopes: None,
            memo: None,
        });
        async { Ok(caller) }.boxed()
    }

    fn csrf_matches(&self, _: &Secret<String>, _: &str) -> bool {
        false
    }

    fn user_ref(&self, _: UserId) -> String {
        "someone".to_owned()
    }

    fn leaked<'a>(&'a self, _: &'a Presented) -> BoxFuture<'a, ()> {
        async {}.boxed()
    }
}

/// The machine's clock, set ahead by as much as a test says.
pub(crate) struct Ahead(AtomicI64);

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(SystemClock.now().as_micros() + self.0.load(Ordering::SeqCst))
    }
}

pub(crate) struct House {
    pub(crate) state: Arc<State>,
    pub(crate) user: UserId,
    pub(crate) other: UserId,
    pub(crate) keys: KeyStore,
    pub(crate) db: Db,
    ambient: Ambient,
    clock: Arc<Ahead>,
    router: Router,
    dir: TempDir,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) async fn of(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("a whole body").to_bytes().to_vec();
        Self { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{}: {}", self.status, self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("")
    }

    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        self
    }

    /// Status, code, and the field at fault.
    pub(crate) fn refusal(&self) -> (u16, String, String) {
        let body = self.json();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let first = &body["errors"][0];
        let code = if first.is_null() { text(&body["code"]) } else { text(&first["code"]) };
        (self.status.as_u16(), code, text(&first["field"]))
    }
}

/// Where the speech models lie.
pub(crate) fn models() -> PathBuf {
    let folder = variable("MODELS_DIR").unwrap_or_else(|| {
        let home = variable("HOME").expect("HOME is set");
        home.join(".cache/mindvibe/models")
    });
    assert!(folder.join("ggml-base.bin").is_file(), "no speech model in {}: run `make models`", folder.display());
    folder
}

/// Real speech with known text.
pub(crate) fn sample(name: &str) -> Vec<u8> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/samples");
    let path = variable("SAMPLES_DIR").unwrap_or(root).join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}: run `make samples`", path.display()))
}

#[expect(clippy::disallowed_methods, reason = "where a test finds its material is no setting of the program")]
fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).map(PathBuf::from)
}

/// What is kept of a file: its sound alone.
pub(crate) fn kept(file: &[u8], container: speech::Container) -> Vec<u8> {
    let mut out = Vec::new();
    speech::strip(speech::Source::bytes(file.to_vec()), container, &mut out).expect("a file that can be taken apart");
    out
}

/// Half a second of a tone, as a WAV file of 16 kHz.
pub(crate) fn tone() -> Vec<u8> {
    let samples: Vec<u8> =
        (0..8000_i32).flat_map(|n| i16::to_le_bytes(if n / 20 % 2 == 0 { 8000 } else { -8000 })).collect();
    let length = u32::try_from(samples.len()).unwrap();
    let mut file = b"RIFF".to_vec();
    file.extend_from_slice(&(36 + length).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x01\0\x80\x3e\0\0\0\x7d\0\0\x02\0\x10\0data");
    file.extend_from_slice(&length.to_le_bytes());
    file.extend_from_slice(&samples);
    file
}

impl House {
    /// With the real models.
    pub(crate) async fn new(db: Db) -> Self {
        Self::with(db, &models(), |_| ()).await
    }

    /// With whatever lies in `models`, and other settings.
    pub(crate) async fn with(db: Db, models: &Path, change: impl FnOnce(&mut Config)) -> Self {
        Self::open(db, models, change, |_| ()).await
    }

    /// With the real models, and other limits.
    pub(crate) async fn limited(db: Db, change: impl FnOnce(&mut guard::Rates)) -> Self {
        Self::open(db, &models(), |_| (), change).await
    }

    async fn open(
        db: Db,
        models: &Path,
        change: impl FnOnce(&mut Config),
        limit: impl FnOnce(&mut guard::Rates),
    ) -> Self {
        let keys = store::testing::keys(&db).await;
        let user = store::testing::person(&db, &keys).await;
        let other = store::testing::person(&db, &keys).await;
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(Ahead(AtomicI64::new(0)));
        let ambient = Ambient { clock: clock.clone(), rng: Arc::new(SystemRng) };
        let mut config = Config::new(dir.path().join("media"), models);
        change(&mut config);
        let state = State::new(config, db.clone(), keys.clone(), ambient.clone()).unwrap();
        let mut settings = guard::Config::for_origin("http://localhost:8080");
        settings.uploads = recordings::uploads(recordings::MAX_BYTES);
        settings.rates.transcription = vec![guard::Window::per(1000, 60)];
        settings.rates.signed_in = vec![guard::Window::per(10_000, 60)];
        limit(&mut settings.rates);
        let guard = Arc::new(Guard::new(settings, ambient.clone(), Arc::new(Trusting)));
        let (router, _) = recordings::routes(state.clone()).split_for_parts();
        let router = guard::protect(router, guard);
        Self { state, user, other, keys, db, ambient, clock, router, dir }
    }

    /// The same data and files after the process was stopped and started again.
    pub(crate) fn restart(&mut self, models: &Path) {
        let config = Config::new(self.dir.path().join("media"), models);
        let state = State::new(config, self.db.clone(), self.keys.clone(), self.ambient.clone());
        self.state = state.unwrap();
    }

    /// Sets the clock ahead.
    pub(crate) fn later(&self, by: Duration) {
        self.clock.0.fetch_add(i64::try_from(by.as_micros()).unwrap(), Ordering::SeqCst);
    }

    /// Sets the background work going.
    pub(crate) async fn work(&self) -> Running {
        let ms = Duration::from_millis;
        let pace = Pace { poll: ms(50), lease: ms(1500), heartbeat: ms(300) };
        let runner = Runner::new(self.db.clone(), self.ambient.clone()).pace(pace);
        recordings::jobs(&self.state, runner).start().await.expect("the runner starts")
    }

    pub(crate) async fn send(&self, user: UserId, request: http::request::Builder, body: impl Into<Body>) -> Answer {
        self.send_as(&user.to_string(), request, body).await
    }

    pub(crate) async fn send_as(&self, token: &str, request: http::request::Builder, body: impl Into<Body>) -> Answer {
        let request = request.header("authorization", format!("Bearer {token}")).body(body.into()).unwrap();
        Answer::of(self.router.clone().oneshot(request).await.expect("the router answers")).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.user, Request::get(path), Body::empty()).await
    }

    pub(crate) async fn post(&self, path: &str) -> Answer {
        self.send(self.user, Request::post(path), Body::empty()).await
    }

    pub(crate) async fn upload(&self, body: impl Into<Body>) -> Answer {
        self.upload_to("/api/recordings", body).await
    }

    pub(crate) async fn upload_to(&self, path: &str, body: impl Into<Body>) -> Answer {
        let media = format!("multipart/form-data; boundary={BOUNDARY}");
        self.send(self.user, Request::post(path).header("content-type", media), body).await
    }

    /// The names of all files in the media directory.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { walk(&path, found) } else { found.push(path) }
            }
        }
        let mut found = Vec::new();
        walk(self.dir.path(), &mut found);
        found
    }

    /// Asks for a recording until `done` says so.
    pub(crate) async fn until(&self, id: &str, done: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..3000 {
            let recording = self.get(&format!("/api/recordings/{id}")).await.is(200).json();
            if done(&recording) {
                return recording;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("waited for five minutes");
    }
}

/// The id of a recording in an answer.
pub(crate) fn id(recording: &Value) -> String {
    recording["id"].as_str().expect("an id").to_owned()
}

/// The words of a text, without case and punctuation.
pub(crate) fn words(text: &str) -> Vec<String> {
    let plain: String = text.chars().filter(|c| c.is_alphanumeric() || c.is_whitespace()).collect();
    plain.to_lowercase().split_whitespace().map(str::to_owned).collect()
}

/// What is said in `beckett.wav`.
pub(crate) const BECKETT: &str = "Ever tried. Ever failed. No matter. Try again. Fail again. Fail better.";
