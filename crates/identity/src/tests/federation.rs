//! Signing in by another provider: the real one of npm's `oidc-provider`, started by these tests.

use super::harness::{Answer, House, ORIGIN, PASSWORD, Signed};
use crate::{ProviderSettings, Registration};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use http::Method;
use kernel::{ManualClock, Secret, SystemClock};
use reqwest::Url;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use store::Sql;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

store::conformance!(
    somebody_new_signs_in_and_comes_again,
    an_address_leads_to_no_account,
    both_sides_are_proven_to_connect,
    a_state_belongs_to_one_browser_and_one_time,
    what_a_provider_does_not_vouch_for_is_no_address,
    an_access_token_of_an_issuer_is_taken,
);

const CLIENT_SECRET: &str = "a secret that only tests know";

/// The provider, and a house that knows it.
struct Provided {
    house: House,
    issuer: String,
    process: Child,
    /// Held open: the provider ends when nobody reads what it says.
    _said: Lines<BufReader<ChildStdout>>,
}

impl Provided {
    async fn open(db: &store::Db) -> Self {
        Self::with(db, Registration::Open).await
    }

    async fn with(db: &store::Db, registration: Registration) -> Self {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oidc");
        let modules = std::path::Path::new(folder).join("node_modules");
        assert!(modules.exists(), "the provider is not installed: npm ci --prefix crates/identity/tests/oidc");
        let mut process = Command::new("node")
            .args(["provider.mjs", &format!("{ORIGIN}/api/auth/oidc/test/callback"), ORIGIN])
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("node is installed");
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let issuer = lines.next_line().await.unwrap().expect("the provider says where it is");
        let settings = ProviderSettings {
            id: "test".to_owned(),
            name: "Test".to_owned(),
            issuer: issuer.clone(),
            client_id: Some("mindvibe".to_owned()),
            client_secret: Some(Secret::new(CLIENT_SECRET.to_owned())),
            audience: Some(ORIGIN.to_owned()),
        };
        // The provider lives by the machine's clock.
        let clock = Arc::new(ManualClock::new(kernel::Clock::now(&SystemClock)));
        let house = House::beside(db, clock, |config| {
            config.registration = registration;
            config.providers = vec![settings];
        })
        .await;
        Self { house, issuer, process, _said: lines }
    }

    async fn end(mut self) {
        self.process.kill().await.unwrap();
    }

    /// Leaves for the provider: its address, and the state's cookie.
    async fn leave(&self, return_to: &str) -> (String, String) {
        let path = format!("/api/auth/oidc/test/start?return_to={return_to}");
        let answer = self.house.send(Method::GET, &path, &[], None).await;
        assert_eq!(answer.status, 302, "{}", answer.body);
        let cookie = answer.cookie("__Host-oidc").unwrap().to_owned();
        (answer.headers["location"].to_str().unwrap().to_owned(), cookie)
    }

    /// Comes back with what the provider sent, the cookie, and perhaps a session.
    async fn come_back(&self, target: &str, state: &str, signed: Option<&Signed>) -> Answer {
        let path = target.strip_prefix(ORIGIN).expect("the provider sends back to us").to_owned();
        let mut cookies = format!("__Host-oidc={state}");
        if let Some(signed) = signed {
            cookies = format!("{cookies}; __Host-sid={}; __Host-csrf={}", signed.sid, signed.csrf);
        }
        self.house.send(Method::GET, &path, &[("cookie", &cookies)], None).await
    }

    /// All of it, as a person does it.
    async fn sign_in(&self, name: &str) -> Answer {
        let (address, state) = self.leave("/journal").await;
        let back = consent(&address, name).await;
        self.come_back(&back, &state, None).await
    }
}

/// Signs in at the provider as somebody and consents, as a browser would: where it sends us back to.
async fn consent(address: &str, name: &str) -> String {
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let mut cookies: BTreeMap<String, String> = BTreeMap::new();
    let mut url = Url::parse(address).unwrap();
    let mut form: Option<String> = None;
    for _ in 0..12 {
        let request = match form.take() {
            Some(body) => http.post(url.clone()).header("content-type", "application/x-www-form-urlencoded").body(body),
            None => http.get(url.clone()),
        };
        let line: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let answer = request.header("cookie", line.join("; ")).send().await.unwrap();
        for cookie in answer.headers().get_all("set-cookie") {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            cookies.insert(name.to_owned(), value.to_owned());
        }
        if let Some(location) = answer.headers().get("location") {
            let target = url.join(location.to_str().unwrap()).unwrap();
            if target.as_str().starts_with(ORIGIN) {
                return target.to_string();
            }
            url = target;
            continue;
        }
        let status = answer.status();
        let page = answer.text().await.unwrap();
        form = Some(if page.contains("name=\"login\"") {
            format!("prompt=login&login={name}&password=any")
        } else {
            assert!(page.contains("consent"), "{status}: {page}");
            "prompt=consent".to_owned()
        });
    }
    panic!("the provider sends round and round");
}

fn problem(answer: &Answer) -> &str {
    assert_eq!(answer.status, 302, "{}", answer.body);
    assert!(answer.cookie("__Host-sid").is_none(), "nobody is signed in");
    let target = answer.headers["location"].to_str().unwrap();
    target.strip_prefix("/sign-in?problem=").unwrap_or_else(|| panic!("sent to {target}"))
}

fn signed(answer: &Answer) -> Signed {
    assert_eq!(answer.status, 302, "{}", answer.body);
    let cookie = |name| answer.cookie(name).unwrap_or_else(|| panic!("{:?}", answer.headers)).to_owned();
    Signed { sid: cookie("__Host-sid"), csrf: cookie("__Host-csrf") }
}

async fn post(house: &House, signed: &Signed, path: &str, body: Value) -> Answer {
    let cookies = format!("__Host-sid={}; __Host-csrf={}", signed.sid, signed.csrf);
    let headers = [("cookie", cookies.as_str()), ("x-csrf-token", signed.csrf.as_str()), ("origin", ORIGIN)];
    house.send(Method::POST, path, &headers, Some(body)).await
}

async fn somebody_new_signs_in_and_comes_again(db: store::Db) {
    let world = Provided::open(&db).await;
    let (address, state) = world.leave("/journal").await;
    let url = Url::parse(&address).unwrap();
    let query: BTreeMap<_, _> = url.query_pairs().into_owned().collect();
    assert_eq!((query["code_challenge_method"].as_str(), query["response_type"].as_str()), ("S256", "code"));
    assert_eq!(query["redirect_uri"], format!("{ORIGIN}/api/auth/oidc/test/callback"));
    assert_eq!(query["state"], state);
    assert!(!query["nonce"].is_empty());
    let back = consent(&address, "maria").await;
    let answer = world.come_back(&back, &state, None).await;
    let first = signed(&answer);
    assert_eq!(answer.headers["location"], "/journal");
    assert_eq!(answer.cookie("__Host-oidc"), Some(""), "the state is used up");
    let me = world.house.me(&first).await;
    assert_eq!(me.body["user"]["email"], "maria@example.org");
    assert_eq!(me.body["user"]["display_name"], "Name of maria");
    let second = signed(&world.sign_in("maria").await);
    assert_eq!(world.house.me(&second).await.body["user"]["id"], me.body["user"]["id"], "the same account");
    let other = signed(&world.sign_in("jonas").await);
    assert_ne!(world.house.me(&other).await.body["user"]["id"], me.body["user"]["id"]);
    // Nobody signs in with a password that nobody has.
    assert_eq!(world.house.log_in("maria@example.org", PASSWORD).await.code(), "invalid_credentials");
    for bad in ["//evil.test", "https://evil.test", "/%5Cevil.test", "javascript:alert(1)"] {
        let path = format!("/api/auth/oidc/test/start?return_to={bad}");
        assert_eq!(world.house.send(Method::GET, &path, &[], None).await.status, 422, "{bad}");
    }
    assert_eq!(world.house.send(Method::GET, "/api/auth/oidc/other/start", &[], None).await.status, 404);
    world.end().await;
}

async fn an_address_leads_to_no_account(db: store::Db) {
    let world = Provided::open(&db).await;
    // Somebody was here first with the address, the owner or an attacker who waits.
    world.house.member("victim@example.org").await;
    assert_eq!(problem(&world.sign_in("victim").await), "connect_first");
    store::row! { struct Count { n: i64 } }
    let count = Sql::same("select count(*) as n from connections");
    assert_eq!(db.lookup().await.unwrap().sql(count).one::<Count>().await.unwrap().n, 0, "nothing was connected");
    world.end().await;
    let closed = Provided::with(&db, Registration::Closed).await;
    assert_eq!(problem(&closed.sign_in("new").await), "registration_closed");
    closed.end().await;
}

async fn both_sides_are_proven_to_connect(db: store::Db) {
    let world = Provided::open(&db).await;
    let house = &world.house;
    house.member("owner-of-both@example.org").await;
    let here = house.sign_in("owner-of-both@example.org").await;
    let begin = async |signed: &Signed| {
        let answer = post(house, signed, "/api/auth/oidc/test/link", json!({})).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        (answer.body["url"].as_str().unwrap().to_owned(), answer.cookie("__Host-oidc").unwrap().to_owned())
    };
    // Without the session that began it, and with another one.
    let (address, state) = begin(&here).await;
    let back = consent(&address, "there").await;
    assert_eq!(problem(&world.come_back(&back, &state, None).await), "sign_in_again");
    house.member("other@example.org").await;
    let other = house.sign_in("other@example.org").await;
    let (address, state) = begin(&here).await;
    let back = consent(&address, "there").await;
    assert_eq!(problem(&world.come_back(&back, &state, Some(&other)).await), "sign_in_again");
    // With both.
    let (address, state) = begin(&here).await;
    let back = consent(&address, "there").await;
    let done = world.come_back(&back, &state, Some(&here)).await;
    assert_eq!((done.status, done.headers["location"].to_str().unwrap()), (302, "/account/security#connections"));
    let cookies = format!("__Host-sid={}", here.sid);
    let list = house.send(Method::GET, "/api/auth/connections", &[("cookie", &cookies)], None).await;
    assert_eq!(
        (list.body["items"][0]["provider"].as_str(), list.body["items"].as_array().unwrap().len()),
        (Some("test"), 1)
    );
    let entered = signed(&world.sign_in("there").await);
    assert_eq!(house.me(&entered).await.body["user"]["email"], "owner-of-both@example.org");
    // It is theirs, and not a second person's.
    let (address, state) = begin(&other).await;
    let back = consent(&address, "there").await;
    assert_eq!(problem(&world.come_back(&back, &state, Some(&other)).await), "connected_elsewhere");
    let id = list.body["items"][0]["id"].as_str().unwrap();
    let path = format!("/api/auth/connections/{id}");
    let delete = async |signed: &Signed| {
        let cookies = format!("__Host-sid={}; __Host-csrf={}", signed.sid, signed.csrf);
        let headers = [("cookie", cookies.as_str()), ("x-csrf-token", signed.csrf.as_str()), ("origin", ORIGIN)];
        house.send(Method::DELETE, &path, &headers, None).await.status
    };
    assert_eq!((delete(&other).await, delete(&here).await, delete(&here).await), (404, 204, 404));
    let (address, state) = world.leave("/").await;
    let back = consent(&address, "there").await;
    let again = signed(&world.come_back(&back, &state, None).await);
    assert_eq!(house.me(&again).await.body["user"]["email"], "there@example.org", "an account of its own");
    world.end().await;
}

async fn a_state_belongs_to_one_browser_and_one_time(db: store::Db) {
    let world = Provided::open(&db).await;
    let (address, state) = world.leave("/").await;
    let back = consent(&address, "ruth").await;
    let (_, other) = world.leave("/").await;
    assert_eq!(problem(&world.come_back(&back, &other, None).await), "sign_in_again", "another browser's");
    assert_eq!(problem(&world.come_back(&back, "", None).await), "sign_in_again");
    let without = format!("{ORIGIN}/api/auth/oidc/test/callback?code=x");
    assert_eq!(problem(&world.come_back(&without, &state, None).await), "sign_in_again");
    signed(&world.come_back(&back, &state, None).await);
    assert_eq!(problem(&world.come_back(&back, &state, None).await), "sign_in_again", "once");
    // A code of the attacker's own sign-in, under the victim's state.
    let (address, theirs) = world.leave("/").await;
    let attackers = consent(&address, "mallory").await;
    let code = Url::parse(&attackers).unwrap().query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
    let (_, victims) = world.leave("/").await;
    let mixed = format!("{ORIGIN}/api/auth/oidc/test/callback?code={code}&state={victims}");
    assert_eq!(problem(&world.come_back(&mixed, &victims, None).await), "provider_unavailable", "PKCE");
    let refused = format!("{ORIGIN}/api/auth/oidc/test/callback?error=access_denied&state={theirs}");
    assert_eq!(problem(&world.come_back(&refused, &theirs, None).await), "provider_refused");
    let (address, state) = world.leave("/").await;
    let back = consent(&address, "ruth").await;
    let mixed_up = format!("{back}&iss=https%3A%2F%2Fevil.test").replace(
        &format!("iss={}", form_urlencoded::byte_serialize(world.issuer.as_bytes()).collect::<String>()),
        "unused=1",
    );
    assert_eq!(problem(&world.come_back(&mixed_up, &state, None).await), "provider_refused");
    let (address, state) = world.leave("/").await;
    let back = consent(&address, "ruth").await;
    world.house.clock.advance(Duration::from_mins(10));
    assert_eq!(problem(&world.come_back(&back, &state, None).await), "sign_in_again", "ten minutes");
    world.end().await;
}

async fn what_a_provider_does_not_vouch_for_is_no_address(db: store::Db) {
    let world = Provided::open(&db).await;
    assert_eq!(problem(&world.sign_in("unverified").await), "email_not_verified");
    assert!(world.house.identity.find_user("unverified@example.org").await.unwrap().is_none());
    world.end().await;
}

/// An access token of the provider for a resource, as a machine gets one.
async fn machine_token(issuer: &str, resource: &str) -> String {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let basic = BASE64.encode(format!("mindvibe:{}", encode(CLIENT_SECRET)).as_bytes());
    let http = reqwest::Client::builder().build().unwrap();
    let answer = http
        .post(format!("{issuer}/token"))
        .header("authorization", format!("Basic {basic}"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("grant_type=client_credentials&resource={}", encode(resource)));
    let body: Value = answer.send().await.unwrap().json().await.unwrap();
    body["access_token"].as_str().unwrap_or_else(|| panic!("{body}")).to_owned()
}

async fn an_access_token_of_an_issuer_is_taken(db: store::Db) {
    let world = Provided::open(&db).await;
    let house = &world.house;
    let user = house.member("machine@example.org").await;
    let token = machine_token(&world.issuer, "https://mind.example/").await;
    let ask = async |token: &str| {
        let answer = house.with_token(Method::GET, "/auth/profile", token, None).await;
        (answer.status, answer.code().to_owned(), answer.body["user"]["email"].clone())
    };
    let nobody = (401, "authentication_required".to_owned(), Value::Null);
    assert_eq!(ask(&token).await, nobody, "nobody has connected that account");
    let connect =
        Sql::same("insert into connections (id, user_id, issuer, subject, created_at) values ($1, $2, $3, $4, $5)");
    let connected = async |issuer: &str, subject: &str| {
        let mut tx = db.begin().await.unwrap();
        let insert = tx.sql(connect).bind(house.ambient.uuid()).bind(user.id).bind(issuer.to_owned());
        insert.bind(subject.to_owned()).bind(house.ambient.now()).run().await.unwrap();
        tx.commit().await.unwrap();
    };
    connected("https://other.example", "mindvibe").await;
    assert_eq!(ask(&token).await, nobody, "the same name at another issuer is somebody else");
    connected(&world.issuer, "mindvibe").await;
    assert_eq!(ask(&token).await, (200, String::new(), json!("machine@example.org")));
    let me = house.with_token(Method::GET, "/api/auth/me", &token, None).await;
    assert_eq!(me.status, 200, "{}", me.body);
    // Made for another audience by the very same issuer.
    let other = machine_token(&world.issuer, "https://elsewhere.example/").await;
    assert_eq!(ask(&other).await, nobody);
    // Nothing that needs a person.
    let key = json!({ "name": "x", "scopes": ["identity:read"] });
    let refused = house.with_token(Method::POST, "/auth/api-keys", &token, Some(key)).await;
    assert_eq!((refused.status, refused.code()), (401, "step_up_required"));
    let part = |number: usize| -> Value {
        let text = token.split('.').nth(number).unwrap();
        serde_json::from_slice(&BASE64URL_NOPAD.decode(text.as_bytes()).unwrap()).unwrap()
    };
    let encode = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let with = |value: &Value, name: &str, new: Value| {
        let mut value = value.clone();
        value[name] = new;
        value
    };
    let (header, claims, signature) = (part(0), part(1), token.rsplit('.').next().unwrap());
    let far = json!(claims["exp"].as_i64().unwrap() + 1_000_000);
    for forged in [
        format!("{}.{}.", encode(&with(&header, "alg", json!("none"))), encode(&claims)),
        format!("{}.{}.{signature}", encode(&with(&header, "alg", json!("HS256"))), encode(&claims)),
        format!("{}.{}.{signature}", encode(&with(&header, "alg", json!("RS256"))), encode(&claims)),
        format!("{}.{}.{signature}", encode(&with(&header, "kid", json!("rsa"))), encode(&claims)),
        format!("{}.{}.{signature}", encode(&with(&header, "kid", json!("made-up"))), encode(&claims)),
        format!("{}.{}.{signature}", encode(&header), encode(&with(&claims, "sub", json!("admin")))),
        format!("{}.{}.{signature}", encode(&header), encode(&with(&claims, "exp", far))),
        format!("{}.{}.{signature}", encode(&header), encode(&with(&claims, "iss", json!("https://evil.test")))),
    ] {
        assert_eq!(ask(&forged).await, nobody, "{forged}");
    }
    let expires = claims["exp"].as_i64().unwrap() - house.ambient.now().as_micros() / 1_000_000;
    house.clock.advance(Duration::from_secs(expires.unsigned_abs()));
    assert_eq!(ask(&token).await, nobody, "it is over");
    // The provider is gone: a token whose key cannot be looked up is not called a wrong one, and it is not asked for long.
    let house = world.house;
    let mut process = world.process;
    process.kill().await.unwrap();
    for number in 0..6 {
        let made_up =
            format!("{}.{}.{signature}", encode(&with(&header, "kid", json!(number.to_string()))), encode(&claims));
        let answer = house.with_token(Method::GET, "/auth/profile", &made_up, None).await;
        assert_eq!((answer.status, answer.code()), (503, "provider_unavailable"), "{number}: {}", answer.body);
        assert_eq!(answer.body["fallback"]["action"], "sign_in_here");
        assert!(answer.headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap() >= 1);
    }
    let seen = house.identity.breakers()[0].snapshot();
    assert_eq!((seen.target.as_str(), seen.state.name()), ("oidc:test", "open"));
    assert!((1..=5).contains(&seen.failed), "{seen:?}");
}
