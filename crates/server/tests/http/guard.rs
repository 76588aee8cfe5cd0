//! The checks that stand before every route, seen from outside.

use crate::app::{PASSWORD, TestApp};
use crate::client::Client;
use crate::on_both_engines;
use ::guard::Role;
use reqwest::Method;
use serde_json::json;

on_both_engines!(a_write_needs_the_token_of_its_own_session, a_claimed_identity_is_worth_nothing);

async fn a_write_needs_the_token_of_its_own_session(app: TestApp) {
    let (me, other) = (app.member().await, app.member().await);
    let mood = json!({"score": 0});
    me.post("/api/moods", &mood).await.expect(201);
    me.without("x-csrf-token").post("/api/moods", &mood).await.problem(403, "csrf_refused");
    me.with("x-csrf-token", &other.header("x-csrf-token")).post("/api/moods", &mood).await.problem(403, "csrf_refused");
    me.with("authorization", "Bearer x").post("/api/moods", &mood).await.problem(400, "ambiguous_credentials");
    me.with("x-api-key", "sk_x").get("/api/moods").await.problem(400, "ambiguous_credentials");
    me.with("sec-fetch-site", "cross-site").post("/api/moods", &mood).await.problem(403, "cross_origin_refused");
    me.with("sec-fetch-site", "same-site").post("/api/moods", &mood).await.problem(403, "cross_origin_refused");
    me.with("origin", "https://evil.test").post("/api/moods", &mood).await.problem(403, "cross_origin_refused");
    me.with("origin", "null").post("/api/moods", &mood).await.problem(403, "cross_origin_refused");
    me.with("origin", &app.origin()).with("sec-fetch-site", "same-origin").post("/api/moods", &mood).await.expect(201);
    let login = json!({"email": "a@mind.example", "password": PASSWORD});
    app.anonymous()
        .with("origin", "https://evil.test")
        .post("/api/auth/login", &login)
        .await
        .problem(403, "cross_origin_refused");
    let script = app.script().await;
    script.post("/api/moods", &mood).await.expect(201);
    script.with("origin", "https://evil.test").post("/api/moods", &mood).await.problem(403, "cross_origin_refused");
    app.end().await;
}

async fn a_claimed_identity_is_worth_nothing(app: TestApp) {
    let (me, victim) = (app.member().await, app.member().await);
    let id = |body: serde_json::Value| body["user"]["id"].as_str().unwrap().to_owned();
    let victim = id(victim.get("/api/auth/me").await.expect(200).json());
    let mine = id(me.get("/api/auth/me").await.expect(200).json());
    for header in ["x-auth-uid", "x-user-id", "x-forwarded-user", "x-remote-user"] {
        let nobody = app.anonymous().with(header, &victim).get("/api/auth/me").await;
        assert!(nobody.headers.get("set-cookie").is_none());
        assert_eq!(nobody.header("www-authenticate"), "Bearer");
        nobody.problem(401, "authentication_required");
        assert_eq!(id(me.with(header, &victim).get("/api/auth/me").await.expect(200).json()), mine);
    }
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_are_bounded_before_they_are_read() {
    let app = TestApp::sqlite().await;
    let me = app.script().await;
    let body =
        |bytes: usize| Some(("application/json", format!("{{\"note\":\"{}\"}}", "n".repeat(bytes)).into_bytes()));
    // Only announced: the answer comes before a byte of the body.
    assert!(announce(&app, "/api/auth/login", 16 * 1024 + 1).await.starts_with("HTTP/1.1 413 "));
    assert!(announce(&app, "/api/moods", 1024 * 1024 + 1).await.starts_with("HTTP/1.1 413 "));
    app.anonymous().send(Method::POST, "/api/auth/login", body(15 * 1024)).await.problem(422, "invalid_fields");
    let deep = "[".repeat(100_000).into_bytes();
    me.send(Method::POST, "/api/moods", Some(("application/json", deep))).await.problem(400, "nested_too_deep");
    me.send(Method::POST, "/api/moods", Some(("application/json", b"{".to_vec()))).await.problem(400, "malformed_json");
    me.send(Method::POST, "/api/moods", Some(("application/json", b"\xff\xfe".to_vec())))
        .await
        .problem(400, "malformed_json");
    me.send(Method::POST, "/api/moods", Some(("text/plain", b"score=1".to_vec())))
        .await
        .problem(415, "unsupported_media_type");
    me.with("content-encoding", "gzip")
        .post("/api/moods", &json!({"score": 1}))
        .await
        .problem(415, "unsupported_media_type");
    me.get(&format!("/api/moods?from={}", "x".repeat(9000))).await.problem(400, "url_too_long");
    app.end().await;
}

/// The head of a request that announces a body of this size and sends none of it; answers what comes back.
async fn announce(app: &TestApp, path: &str, bytes: usize) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(app.base.trim_start_matches("http://")).await.unwrap();
    let head =
        format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {bytes}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 1024];
    let read = stream.read(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer[..read]).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_in_a_url_is_refused_and_dies() {
    let app = TestApp::sqlite().await;
    let script = app.script().await;
    script.get("/api/auth/me").await.expect(200);
    let token = script.header("authorization").replace("Bearer ", "");
    app.anonymous().get(&format!("/api/moods?access_token={token}")).await.problem(400, "credential_in_url");
    script.get("/api/auth/me").await.problem(401, "authentication_required");
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_carries_the_headers() {
    let app = TestApp::sqlite().await;
    let fixed = [
        ("strict-transport-security", "max-age=63072000; includeSubDomains"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-embedder-policy", "require-corp"),
        ("cross-origin-resource-policy", "same-origin"),
        ("x-xss-protection", "0"),
    ];
    let nobody = app.anonymous().with("host", app.origin().trim_start_matches("http://"));
    for path in ["/health", "/", "/api/auth/me", "/nowhere", "/api/setup"] {
        let answer = nobody.get(path).await;
        for (name, value) in fixed {
            assert_eq!(answer.header(name), value, "{path}");
        }
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert!(answer.headers.get("server").is_none() && !answer.header("x-request-id").is_empty());
        let policies: Vec<_> = answer.headers.get_all("content-security-policy").iter().collect();
        assert_eq!(policies.len(), if path == "/" { 2 } else { 1 }, "{path}");
        assert!(policies.iter().all(|policy| !policy.to_str().unwrap().contains("unsafe-")));
    }
    let nonce = async || nobody.get("/").await.expect(200).header("content-security-policy");
    let page = nobody.get("/").await;
    let policy = page.headers.get_all("content-security-policy").iter().nth(1).unwrap().to_str().unwrap().to_owned();
    let value = policy.split("nonce-").nth(1).unwrap().split('\'').next().unwrap().to_owned();
    assert!(page.text().contains(&format!("nonce=\"{value}\"")), "the page carries the nonce of its header");
    assert!(nonce().await.contains("default-src 'none'"));
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_there_is_404_whatever_the_method() {
    let app = TestApp::sqlite().await;
    let me = app.script().await;
    for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        for path in [
            "/nowhere",
            "/debug",
            "/mobile-auth/login",
            "/.git/config",
            "/api/nowhere",
            "/assets/none.js",
            "/index.html",
        ] {
            me.send(method.clone(), path, None).await.problem(404, "not_found");
        }
    }
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sixth_password_in_a_minute_waits() {
    // Five an hour rather than a minute, so that none comes back while a busy machine hashes.
    let app = TestApp::with(&[("RATE_LIMIT_SIGN_IN_BY_ADDRESS", "5/3600")]).await;
    let email = app.person(Role::Member).await;
    let client = Client::anonymous(&app.base);
    let wrong = json!({"email": email, "password": "not the right one at all"});
    for _ in 0..5 {
        client
            .with("x-forwarded-for", "6.6.6.6")
            .post("/api/auth/login", &wrong)
            .await
            .problem(401, "invalid_credentials");
    }
    let refused = client.with("x-forwarded-for", "7.7.7.7").post("/api/auth/login", &wrong).await;
    assert!(refused.header("retry-after").parse::<u64>().unwrap() >= 1);
    let body = refused.problem(429, "too_many_requests");
    assert_eq!(body["retryable"], true);
    let neighbour = Client::browser(&app.base, &app.person(Role::Member).await, PASSWORD).await;
    let answer = neighbour.get("/api/auth/me").await.expect(200);
    assert_eq!(answer.header("x-ratelimit-limit"), "300");
    assert!(!answer.header("ratelimit").is_empty() && !answer.header("ratelimit-policy").is_empty());
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_at_the_bare_address_are_sent_to_localhost() {
    let app = TestApp::sqlite().await;
    let answer = app.anonymous().get("/journal?x=1").await.expect(308);
    assert_eq!(answer.header("location"), format!("{}/journal?x=1", app.origin()));
    app.anonymous().get("/health").await.expect(200);
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_speaks_with_further_origins_only_where_they_are_set() {
    let extra = ("CSP_CONNECT_SRC_EXTRA", "https://api.example,wss://live.example:8443");
    for (settings, expected, tried) in [
        (vec![], "; connect-src 'self'; ", false),
        (
            vec![extra, ("CSP_REPORT_ONLY", "1")],
            "; connect-src 'self' https://api.example wss://live.example:8443; ",
            true,
        ),
    ] {
        let app = TestApp::with(&settings).await;
        let page = app.anonymous().with("host", app.origin().trim_start_matches("http://")).get("/").await.expect(200);
        assert!(
            page.header("content-security-policy").contains(expected),
            "{}",
            page.header("content-security-policy")
        );
        let candidate = page.header("content-security-policy-report-only");
        assert_eq!(!candidate.is_empty(), tried);
        assert!(!candidate.contains("api.example") && !candidate.contains("blob:"), "{candidate}");
        assert_eq!(page.headers.get_all("content-security-policy").iter().count(), 2, "both in force all the same");
        let other = app.anonymous().get("/health").await;
        assert!(other.headers.get("content-security-policy-report-only").is_none());
        app.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reports_of_browsers_are_taken_bounded_and_for_administrators() {
    let app = TestApp::with(&[("RATE_LIMIT_REPORT", "6/3600")]).await;
    let page = format!("{}/journal/0199d5a4-0000-7000-8000-000000000001?q=private", app.origin());
    let old = json!({"csp-report": {"document-uri": page, "effective-directive": "script-src-elem",
        "blocked-uri": "https://evil.test/x.js?secret"}});
    let new = json!([{"type": "csp-violation", "body": {"documentURL": page, "effectiveDirective": "script-src-elem",
        "blockedURL": "https://evil.test/y.js", "disposition": "enforce"}}]);
    let browser = app.anonymous();
    let send = async |media: &'static str, body: Vec<u8>| {
        browser.send(Method::POST, "/api/csp-report", Some((media, body))).await
    };
    for (media, body) in [("application/csp-report", &old), ("application/reports+json", &new)] {
        let answer = send(media, body.to_string().into_bytes()).await.expect(204);
        assert!(answer.headers.get("set-cookie").is_none());
    }
    send("application/csp-report", b"{}".to_vec()).await.problem(400, "malformed_report");
    send("application/json", old.to_string().into_bytes()).await.problem(415, "unsupported_media_type");
    let large = json!({"csp-report": {"document-uri": "x".repeat(17 * 1024)}}).to_string().into_bytes();
    send("application/csp-report", large).await.problem(413, "too_large");
    for _ in 0..3 {
        send("application/csp-report", old.to_string().into_bytes()).await.expect(204);
    }
    send("application/csp-report", old.to_string().into_bytes()).await.problem(429, "too_many_requests");
    app.anonymous().get("/api/admin/csp-reports").await.problem(401, "authentication_required");
    app.script().await.get("/api/admin/csp-reports").await.problem(403, "administrators_only");
    app.end().await;
}
