//! Figures, kept failures and the notices, as those who run the server and strangers meet them.

use crate::app::{PASSWORD, TestApp};
use crate::client::Client;
use crate::on_both_engines;
use guard::Role;
use kernel::UserId;
use serde_json::{Value, json};
use store::Sql;

on_both_engines!(figures_are_for_who_may_see_them, a_failure_is_found_by_its_id);

const FIGURES: &[&str] =
    &["/metrics", "/api/monitoring/health/detailed", "/api/monitoring/metrics", "/api/monitoring/security/status"];

/// Somebody's browser, whose session has shown a second factor.
async fn keeper(app: &TestApp, role: Role) -> (Client, String) {
    let email = app.person(role).await;
    let client = Client::browser(&app.base, &email, PASSWORD).await;
    let mut tx = app.house.db.begin().await.unwrap();
    let shown = Sql::same(
        "update sessions set second_factor = $1 where user_id = (select id from users where email_folded = $2)",
    );
    assert_eq!(tx.sql(shown).bind(true).bind(email.clone()).run().await.unwrap(), 1);
    tx.commit().await.unwrap();
    (client, email)
}

async fn key(client: &Client, scope: &str) -> String {
    let made = client.post("/auth/api-keys", &json!({"name": "scraper", "scopes": [scope]})).await.expect(201).json();
    made["key"].as_str().unwrap().to_owned()
}

async fn figures_are_for_who_may_see_them(app: TestApp) {
    let nobody = app.anonymous();
    let (member, (monitor, _), (admin, email)) =
        (app.member().await, keeper(&app, Role::Monitor).await, keeper(&app, Role::Admin).await);
    let password_alone = Client::browser(&app.base, &app.person(Role::Monitor).await, PASSWORD).await;
    let with = |key: String| app.anonymous().with("authorization", &format!("Bearer {key}"));
    let scraper = with(key(&monitor, "monitoring:read").await);
    let (others, members) = (with(key(&admin, "journal:read").await), with(key(&member, "monitoring:read").await));
    let mood = member.post("/api/moods", &json!({"score": 1})).await.expect(201).json()["id"].clone();
    member.get(&format!("/api/moods/{}", mood.as_str().unwrap())).await.expect(200);
    for path in FIGURES {
        nobody.get(path).await.problem(401, "authentication_required");
        member.get(path).await.problem(403, "monitoring_only");
        password_alone.get(path).await.problem(403, "second_factor_required");
        members.get(path).await.problem(403, "monitoring_only");
        others.get(path).await.problem(403, "scope_missing");
        for client in [&scraper, &monitor, &admin] {
            let answer = client.get(path).await.expect(200);
            assert_eq!(answer.header("cache-control"), "no-store");
            assert!(!answer.text().contains(mood.as_str().unwrap()) && !answer.text().contains(&email));
        }
    }
    let health = scraper.get("/api/monitoring/health/detailed").await.json();
    assert_eq!((&health["status"], &health["live_sessions"]), (&json!("ok"), &json!(4)), "{health}");
    for figure in ["/memory/resident_bytes", "/disk/free_bytes", "/cpu/cores", "/database/latency_ms"] {
        assert!(health.pointer(figure).and_then(Value::as_f64).unwrap() > 0.0, "{figure} in {health}");
    }
    let figures = scraper.get("/api/monitoring/metrics").await.json();
    assert_eq!((&figures["users"]["total"], &figures["users"]["active_day"]), (&json!(4), &json!(4)), "{figures}");
    assert!(figures["requests"]["writes"].as_u64().unwrap() >= 5, "{figures}");
    let status = scraper.get("/api/monitoring/security/status").await.json();
    let limit = &status["limits"].as_array().unwrap()[0];
    assert_eq!(limit, &json!({"class": "SIGN_IN_BY_ADDRESS", "windows": [{"count": 5, "seconds": 60}]}));
    let ceilings = status["ceilings"].as_array().unwrap();
    assert!(ceilings.contains(&json!({"name": "json_bytes", "most": 1_048_576})), "{status}");
    assert!(status["refusals"]["forbidden"].as_u64().unwrap() >= 12, "{status}");
    let text = scraper.get("/metrics").await;
    assert_eq!(text.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    let counted = r#"http_responses_total{method="GET",route="/api/moods/{id}",status="2xx"} 1"#;
    assert!(text.text().lines().any(|line| line == counted), "{}", text.text());
    app.end().await;
}

async fn a_failure_is_found_by_its_id(app: TestApp) {
    let (member, (admin, _)) = (app.script().await, keeper(&app, Role::Admin).await);
    let id =
        member.post("/api/moods", &json!({"score": 1})).await.expect(201).json()["id"].as_str().unwrap().to_owned();
    let mut tx = app.house.db.begin().await.unwrap();
    let broken = Sql::same("update moods set body = $1");
    assert_eq!(tx.sql(broken).bind(vec![1u8, 2, 3]).run().await.unwrap(), 1);
    tx.commit().await.unwrap();
    let told = member.get(&format!("/api/moods/{id}")).await.problem(500, "internal");
    let failure = told["correlation_id"].as_str().unwrap().to_owned();
    assert!(!told.to_string().contains("sealed"), "{told}");
    let path = format!("/api/admin/errors/{failure}");
    app.anonymous().get(&path).await.problem(401, "authentication_required");
    member.get(&path).await.problem(403, "administrators_only");
    let (monitor, _) = keeper(&app, Role::Monitor).await;
    monitor.get(&path).await.problem(403, "administrators_only");
    let found = admin.get(&path).await.expect(200).json();
    assert_eq!((&found["id"], &found["route"]), (&json!(failure), &json!("/api/moods/{id}")), "{found}");
    assert_eq!((&found["status"], &found["code"]), (&json!(500), &json!("internal")));
    assert!(found["cause"].as_str().unwrap().contains("seal"), "{found}");
    let me = member.get("/api/auth/me").await.expect(200).json();
    let whose: UserId = serde_json::from_value(me["user"]["id"].clone()).unwrap();
    assert_eq!(found["user_ref"], app.identity.port().user_ref(whose));
    for nothing in ["01890000-0000-7000-8000-000000000000", "no-id"] {
        admin.get(&format!("/api/admin/errors/{nothing}")).await.problem(404, "not_found");
    }
    let mut tx = app.house.db.begin().await.unwrap();
    let long_ago = app.house.ambient.now().minus(std::time::Duration::from_mins(11));
    let stale = Sql::same("update sessions set confirmed_at = $1");
    tx.sql(stale).bind(Some(long_ago)).run().await.unwrap();
    tx.commit().await.unwrap();
    // What the server remembers of a session is a few seconds old at most.
    let began = std::time::Instant::now();
    while admin.get(&path).await.status != 401 {
        assert!(began.elapsed().as_secs() < 30, "a proof of eleven minutes ago still counts");
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    admin.get(&path).await.problem(401, "step_up_required");
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn notices_are_where_they_are_looked_for() {
    let app = TestApp::with(&[("SECURITY_CONTACT", "report@mind.example,https://mind.example/report")]).await;
    let nobody = app.anonymous();
    let notice = nobody.get("/.well-known/security.txt").await.expect(200);
    assert_eq!(notice.header("content-type"), "text/plain; charset=utf-8");
    let text = notice.text();
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().to_owned();
    assert_eq!(field("Contact: "), "mailto:report@mind.example");
    assert_eq!(field("Canonical: "), format!("{}/.well-known/security.txt", app.origin()));
    let end: kernel::Timestamp = field("Expires: ").parse().unwrap();
    let now = app.house.ambient.now();
    let days = end.since(now).as_secs() / 86_400;
    assert!((170..=365).contains(&days), "RFC 9116: less than a year, and not soon; {days} days");
    let policy = field("Policy: ").replace(&app.origin(), "");
    assert!(nobody.get(&policy).await.expect(200).text().contains("report@mind.example"));
    let change = nobody.get("/.well-known/change-password").await.expect(302);
    assert_eq!(change.header("location"), "/account/security");
    let keys = nobody.get("/.well-known/passkey-endpoints").await.expect(200).json();
    assert_eq!(keys["enroll"], format!("{}/account/security", app.origin()));
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whether_it_is_ready_is_told_on_this_machine() {
    let app = TestApp::sqlite().await;
    app.anonymous().get("/ready").await.expect(200);
    for name in ["x-forwarded-for", "forwarded", "x-real-ip"] {
        app.anonymous().with(name, "192.0.2.1").get("/ready").await.problem(404, "not_found");
    }
    app.end().await;
    let listed = [("TRUSTED_PROXIES", "127.0.0.0/8"), ("READY_FROM", "192.0.2.0/24")];
    let app = TestApp::with(&listed).await;
    app.anonymous().with("x-forwarded-for", "192.0.2.1").get("/ready").await.expect(200);
    app.anonymous().with("x-forwarded-for", "198.51.100.1").get("/ready").await.problem(404, "not_found");
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figures_of_a_listener_of_their_own_are_nowhere_else() {
    let app = TestApp::with(&[("OPERATIONS_ADDR", "127.0.0.1:1")]).await;
    let (admin, _) = keeper(&app, Role::Admin).await;
    for path in FIGURES.iter().chain(&["/ready"]) {
        admin.get(path).await.problem(404, "not_found");
    }
    admin.get("/health").await.expect(200);
    app.end().await;
}
