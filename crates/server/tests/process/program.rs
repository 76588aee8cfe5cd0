//! The binary under test on a data directory of its own.

use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::{Value, json};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A password that every policy takes.
pub(crate) const PASSWORD: &str = "a long sentence nobody says aloud 7";

/// The program, running.
pub(crate) struct Program {
    child: Child,
    pub(crate) port: u16,
}

pub(crate) fn command(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mindvibe"));
    command.env_clear().env("ENVIRONMENT", "development").env("DATA_DIR", data).env("MODELS_DIR", data.join("none"));
    command.stdin(Stdio::null());
    command
}

impl Program {
    /// Starts it and waits until it answers. Everything it says goes to `program.log` in the data directory's parent.
    pub(crate) fn start(data: &Path, settings: &[(&str, &str)]) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = command(data);
        command.arg("serve").env("LISTEN_ADDR", format!("127.0.0.1:{port}"));
        command.envs(settings.iter().copied());
        let log = File::options().create(true).append(true).open(log_of(data)).unwrap();
        let child = command.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
        let program = Self { child, port };
        let began = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(
                began.elapsed() < Duration::from_secs(30),
                "the program does not start:\n{}",
                std::fs::read_to_string(log_of(data)).unwrap()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
        program
    }

    /// SIGKILL: no destructor runs, nothing is flushed.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// The address to call.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// A client that is signed in as a script.
    pub(crate) async fn script(&self, email: &str) -> reqwest::Client {
        let body = json!({"email": email, "password": PASSWORD});
        let client = reqwest::Client::builder().build().unwrap();
        let answer = client.post(self.url("/auth/login")).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let token = answer.json::<Value>().await.unwrap()["access_token"].as_str().unwrap().to_owned();
        let bearer = HeaderValue::from_str(&format!("Bearer {token}")).unwrap();
        let headers: HeaderMap = [(reqwest::header::AUTHORIZATION, bearer)].into_iter().collect();
        reqwest::Client::builder().default_headers(headers).timeout(Duration::from_secs(30)).build().unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Already gone where a test killed it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where everything the program says is kept.
pub(crate) fn log_of(data: &Path) -> PathBuf {
    data.with_extension("log")
}

/// Makes an account with the command line, beside a running program or without one.
pub(crate) fn create_user(data: &Path, settings: &[(&str, &str)], email: &str) {
    create_user_as("member", data, settings, email);
}

/// The same for another role.
pub(crate) fn create_user_as(role: &str, data: &Path, settings: &[(&str, &str)], email: &str) {
    let mut command = command(data);
    command.envs(settings.iter().copied()).args([
        "user",
        "create",
        "--email",
        email,
        "--role",
        role,
        "--password-stdin",
    ]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(PASSWORD.as_bytes()).unwrap();
    let mut said = String::new();
    child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(child.wait().unwrap().success(), "{said}");
}
