//! Encrypted or not, behind a proxy: who is believed about it, and what becomes of a credential that came in the clear.

use crate::app::TestApp;
use crate::client::Client;
use std::net::IpAddr;

const PROXY: &str = "127.99.0.1";
const CLIENT: &str = "203.0.113.7";

async fn app() -> TestApp {
    TestApp::with(&[("PUBLIC_URL", "https://mind.example"), ("TRUSTED_PROXIES", "127.99.0.0/16")]).await
}

/// What the proxy hands on of a client that came so.
fn through(app: &TestApp, scheme: &str) -> Client {
    let proxy = PROXY.parse::<IpAddr>().unwrap();
    Client::from_address(&app.base, proxy).with("x-forwarded-for", CLIENT).with("x-forwarded-proto", scheme)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_are_sent_on_and_everything_else_is_refused() {
    let app = app().await;
    let (clear, encrypted) = (through(&app, "http"), through(&app, "https"));
    let page = clear.with("host", "evil.test").get("/journal?from=1").await.expect(308);
    assert_eq!(page.header("location"), "https://mind.example/journal?from=1");
    assert_eq!(page.header("strict-transport-security"), "", "it means nothing in the clear");
    for path in ["/api/auth/me", "/openapi.json", "/api/nowhere", "/health", "/trust"] {
        let answer = clear.get(path).await;
        assert_eq!(answer.header("location"), "", "{path}");
        answer.problem(403, "https_required");
    }
    clear.post("/", &serde_json::json!({})).await.problem(403, "https_required");
    let page = encrypted.get("/journal").await.expect(200);
    assert!(page.header("strict-transport-security").starts_with("max-age=63072000"));
    encrypted.get("/api/auth/me").await.problem(401, "authentication_required");
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_credential_that_came_in_the_clear_is_dead() {
    let app = app().await;
    let (script, browser) = (app.script().await, app.member().await);
    for (client, name) in [(script, "authorization"), (browser, "cookie")] {
        client.get("/api/auth/me").await.expect(200);
        through(&app, "http").with(name, &client.header(name)).get("/api/auth/me").await.problem(403, "https_required");
        client.get("/api/auth/me").await.problem(401, "authentication_required");
    }
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_a_trusted_proxy_is_believed_and_its_silence_costs_nobody_their_session() {
    let app = app().await;
    let script = app.script().await;
    let silent = Client::from_address(&app.base, PROXY.parse().unwrap()).with("x-forwarded-for", CLIENT);
    silent
        .with("authorization", &script.header("authorization"))
        .get("/api/auth/me")
        .await
        .problem(403, "https_required");
    script.get("/api/auth/me").await.expect(200);
    // This machine itself needs no encryption, whatever it writes into its headers.
    script.with("x-forwarded-proto", "http").get("/api/auth/me").await.expect(200);
    // Two stories that contradict each other are none.
    let two = through(&app, "https").with("forwarded", "for=198.51.100.1;proto=http");
    two.get("/api/auth/me").await.problem(403, "https_required");
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_may_be_offered_to_the_browsers_list() {
    let app = TestApp::with(&[("HSTS_PRELOAD", "true")]).await;
    let answer = app.anonymous().get("/health").await.expect(200);
    assert_eq!(answer.header("strict-transport-security"), "max-age=63072000; includeSubDomains; preload");
    app.end().await;
}
