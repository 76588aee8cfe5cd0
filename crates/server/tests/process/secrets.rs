//! No secret of the settings is anywhere it does not belong: a word nobody uses is put into each, the program is run through
//! good and bad calls at its loudest, and the word is looked for in its log, its answers and its figures (A1-L6, A2-8).

use crate::program::{PASSWORD, Program, command, create_user_as, log_of};
use data_encoding::{BASE64, BASE64_NOPAD, HEXLOWER};
use kernel::Secret;
use serde_json::{Value, json};
use std::path::Path;
use store::{Db, Settings, Sql};

const EMAIL: &str = "canary-keeper@mind.example";
/// Distinct, and of lengths that no other number has.
const REFLECTION_KEY: &str = "CANARY-reflection-6b1f0c94e27d83a5516c-0a9d4e7b2f81c63d5e90-7777aa";
const SECRET_KEY: &str = "CANARY-wraps-1f2e3d4c5b6a79880716253443526170-9a8b7c6d5e4f30212233445566778899aabbccdd";
const PREVIOUS: &str =
    "CANARY-before-aa00bb11cc22dd33ee44ff5566778899-00112233445566778899aabbccddeeff0011223344556677";
const CLIENT_SECRET: &str = "CANARY-client-0f1e2d3c4b5a69788796a5b4c3d2e1f0";
const SMTP_PASSWORD: &str = "CANARY-letters-31415926535897932384626433832795";
const DATABASE_PASSWORD: &str = "CANARY-rows-27182818284590452353602874713526";
const PEPPER: &[u8; 32] = b"CANARY-pepper-16180339887498948!";

const OTHERS: &[(&str, &str)] = &[
    ("LOG_LEVEL", "trace"),
    ("MAIL_FROM", "MindVibe <mind@mind.example>"),
    ("OIDC_PROVIDERS", "elsewhere"),
    ("OIDC_ELSEWHERE_ISSUER", "http://127.0.0.1:1"),
    ("OIDC_ELSEWHERE_CLIENT_ID", "mindvibe"),
    ("OIDC_ELSEWHERE_CLIENT_SECRET", CLIENT_SECRET),
    ("MINDVIBE_REFLECTION_KEY", REFLECTION_KEY),
    ("SECRET_KEY", SECRET_KEY),
    ("SECRET_KEY_PREVIOUS", PREVIOUS),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_setting_is_told_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let own = [("SMTP_HOST", "127.0.0.1"), ("SMTP_PORT", "1"), ("SMTP_USER", "mind"), ("SMTP_PASSWORD", SMTP_PASSWORD)];
    let answers = live(&data, &own, &Settings::sqlite(&data, "development")).await;
    search(&data, &answers);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_setting_is_told_on_postgres() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let settings = store::testing::postgres_empty().await;
    let url = settings.url.as_ref().expect("an address").expose().clone();
    let (scheme, rest) = url.split_once("://").unwrap();
    let (user, place) = rest.split_once('@').expect("the tests' server is told a user");
    let user = user.split(':').next().unwrap();
    // It trusts this machine, so any password does.
    let url = format!("{scheme}://{user}:{DATABASE_PASSWORD}@{place}");
    let smtp = format!("smtp://mind:{SMTP_PASSWORD}@127.0.0.1:1");
    let own = [("SMTP_URL", smtp.as_str()), ("DATABASE_URL", url.as_str())];
    let beside = Settings::postgres(Secret::new(url.clone()), &data, "development");
    let answers = live(&data, &own, &beside).await;
    search(&data, &answers);
    store::testing::drop_database(&settings).await;
}

/// Runs the program through its calls; everything it answered.
async fn live(data: &Path, own: &[(&str, &str)], beside: &Settings) -> String {
    let pepper = BASE64.encode(PEPPER);
    let settings = [OTHERS, own, [("PASSWORD_PEPPER_PREVIOUS", pepper.as_str())].as_slice()].concat();
    create_user_as("monitor", data, &settings, EMAIL);
    let program = Program::start(data, &settings);
    let client = program.script(EMAIL).await;
    let mut answers = String::new();
    let mut hear = async |request: reqwest::RequestBuilder| {
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let head = format!("{:?}\n", answer.headers());
        answers.push_str(&head);
        let text = answer.text().await.unwrap();
        answers.push_str(&text);
        (status, text)
    };
    let url = |path: &str| program.url(path);
    let nobody = reqwest::Client::builder().build().unwrap();
    // Whoever monitors shows a second factor; the database is told so instead.
    let db = Db::open(beside).await.unwrap();
    let mut tx = db.begin().await.unwrap();
    assert_eq!(tx.sql(Sql::same("update sessions set second_factor = $1")).bind(true).run().await.unwrap(), 1);
    tx.commit().await.unwrap();
    db.close().await;
    let wish = json!({"name": "scraper", "scopes": ["monitoring:read"]});
    let (status, made) = hear(client.post(url("/auth/api-keys")).json(&wish)).await;
    assert_eq!(status, 201, "{made}");
    let key = serde_json::from_str::<Value>(&made).unwrap()["key"].as_str().unwrap().to_owned();
    for path in ["/metrics", "/api/monitoring/security/status", "/api/monitoring/health/detailed"] {
        let (status, text) = hear(nobody.get(url(path)).bearer_auth(&key)).await;
        assert_eq!(status, 200, "{path}: {text}");
    }
    for path in ["/health", "/", "/nowhere", "/api/auth/policy", "/api/auth/oidc/elsewhere/start", "/openapi.json"] {
        hear(client.get(url(path))).await;
    }
    let person = json!({"email": "new-person@mind.example", "password": PASSWORD, "display_name": "New"});
    assert_eq!(hear(nobody.post(url("/api/auth/signup")).json(&person)).await.0, 202);
    let wrong = json!({"email": EMAIL, "password": "not the right one at all"});
    assert_eq!(hear(nobody.post(url("/auth/login")).json(&wrong)).await.0, 401);
    assert_eq!(hear(client.post(url("/api/moods")).json(&json!({"score": 2, "note": "x"}))).await.0, 201);
    assert_eq!(hear(client.post(url("/api/moods")).body("{")).await.0, 415);
    assert_eq!(hear(client.get(url("/api/moods?api_key=sk_live_abcdefgh_0123456789ABCDEFGHIJKLMNOP"))).await.0, 400);
    // The letter of the sign-up is tried, and the mail server is not there.
    let began = std::time::Instant::now();
    while !std::fs::read_to_string(log_of(data)).unwrap().contains("letter_waits") {
        assert!(began.elapsed().as_secs() < 30, "no letter was tried");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    program.kill();
    answers
}

fn search(data: &Path, answers: &str) {
    let log = std::fs::read_to_string(log_of(data)).unwrap();
    assert!(log.contains("\"level\":\"TRACE\"") && answers.len() > 20_000, "everything was loud");
    assert!(log.contains("\"target\":\"sql\""), "in development, statements are logged");
    let pepper = BASE64.encode(PEPPER);
    let mut secrets =
        vec![REFLECTION_KEY, SECRET_KEY, PREVIOUS, CLIENT_SECRET, SMTP_PASSWORD, DATABASE_PASSWORD, pepper.as_str()];
    secrets.extend(["CANARY", "loud-person", "new-person", PASSWORD]);
    for secret in secrets {
        let forms = [
            secret.to_owned(),
            HEXLOWER.encode(secret.as_bytes()),
            BASE64_NOPAD.encode(secret.as_bytes())[..secret.len().min(8)].to_owned(),
        ];
        for (place, text) in [("log", log.as_str()), ("answers", answers)] {
            for form in &forms {
                let line = text.lines().find(|line| line.contains(form));
                assert!(line.is_none(), "{form} stands in the {place}: {}", line.unwrap_or_default());
            }
        }
    }
    let lengths = [
        ("MINDVIBE_REFLECTION_KEY", REFLECTION_KEY),
        ("SECRET_KEY", SECRET_KEY),
        ("SECRET_KEY_PREVIOUS", PREVIOUS),
        ("CLIENT_SECRET", CLIENT_SECRET),
        ("SMTP_PASSWORD", SMTP_PASSWORD),
    ];
    for (name, secret) in lengths {
        let length = secret.len().to_string();
        let told = log.lines().find(|line| line.to_ascii_uppercase().contains(name) && line.contains(&length));
        assert!(told.is_none(), "{told:?} tells how long {name} is");
    }
    for line in log.lines().filter(|line| line.starts_with('{')) {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        for name in ["ts", "level", "target", "event"] {
            assert!(line[name].is_string(), "no {name} in {line}");
        }
    }
}

#[test]
fn a_database_that_is_away_is_named_without_its_password() {
    let folder = tempfile::tempdir().unwrap();
    for (url, status) in [
        // Away; no address; less than a verified certificate. The last two are settings that cannot be used.
        (format!("postgres://mind:{DATABASE_PASSWORD}@127.0.0.1:1/mind"), 2),
        (format!("postgres://mind:{DATABASE_PASSWORD}@127.0.0.1:port/mind"), 78),
        (format!("postgres://mind:{DATABASE_PASSWORD}@db.invalid/mind?sslmode=require"), 78),
    ] {
        let mut command = command(&folder.path().join("data"));
        command.arg("serve").env("LISTEN_ADDR", "127.0.0.1:0").env("LOG_LEVEL", "trace").env("DATABASE_URL", &url);
        let output = command.output().unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(status), "{said}");
        assert!(!said.contains(DATABASE_PASSWORD) && !said.contains("CANARY"), "{said}");
        let named = if status == 2 { "127.0.0.1:1" } else { "DATABASE_URL" };
        assert!(said.contains(named), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_production_no_statement_is_logged_at_any_level() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let settings = [
        ("ENVIRONMENT", "production"),
        ("PUBLIC_URL", "https://mind.example"),
        ("SECRET_KEY", SECRET_KEY),
        ("LOG_LEVEL", "trace"),
    ];
    create_user_as("member", &data, &settings, EMAIL);
    let program = Program::start(&data, &settings);
    let client = program.script(EMAIL).await;
    assert_eq!(client.post(program.url("/api/moods")).json(&json!({"score": 1})).send().await.unwrap().status(), 201);
    program.kill();
    let log = std::fs::read_to_string(log_of(&data)).unwrap();
    assert!(log.contains("\"level\":\"TRACE\"") && log.contains("\"event\":\"request\""), "everything was loud");
    for sign in ["\"target\":\"sql\"", "select ", "insert into", "CANARY"] {
        let line = log.lines().find(|line| line.contains(sign));
        assert!(line.is_none(), "{sign:?} in {}", line.unwrap_or_default());
    }
}
