//! API keys, and the requests they sign.

use super::harness::{Answer, House, ORIGIN};
use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use http::Method;
use kernel::Secret;
use seal::signature::SigningKey;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::net::Ipv4Addr;
use std::time::Duration;
use store::Sql;

const DAY: Duration = Duration::from_hours(24);

store::conformance!(
    a_key_reaches_its_areas_alone,
    what_a_key_is_to_be_is_checked,
    a_key_is_bound_to_addresses_and_a_rate,
    a_key_ends,
    a_key_gets_a_new_secret,
    a_reported_key_is_void,
    a_disabled_account_has_none,
    owners_are_told_once,
    there_are_at_most_twenty,
    a_signed_request_counts_once,
    a_signature_is_of_this_request,
    the_older_form_is_off_unless_it_is_wanted,
);

/// A person, signed in: their access token.
async fn person(house: &House, email: &str) -> String {
    house.member(email).await;
    house.tokens(email).await["access_token"].as_str().unwrap().to_owned()
}

async fn make(house: &House, token: &str, more: &[(&str, Value)]) -> Answer {
    let mut body = json!({ "name": "backup", "scopes": ["identity:read"] });
    for (name, value) in more {
        body[*name] = value.clone();
    }
    house.with_token(Method::POST, "/auth/api-keys", token, Some(body)).await
}

pub(super) async fn made(house: &House, token: &str, more: &[(&str, Value)]) -> Value {
    let answer = make(house, token, more).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.body
}

fn text(body: &Value, name: &str) -> String {
    body[name].as_str().unwrap_or_else(|| panic!("no {name}: {body}")).to_owned()
}

async fn profile(house: &House, key: &str) -> Answer {
    house.send(Method::GET, "/auth/profile", &[("x-api-key", key)], None).await
}

async fn a_key_reaches_its_areas_alone(db: store::Db) {
    let house = House::open(&db).await;
    let token = person(&house, "areas@example.org").await;
    let body = made(&house, &token, &[]).await;
    let key = text(&body, "key");
    assert!(key.starts_with(&format!("{}_", text(&body, "prefix"))) && body.get("signing_secret").is_none());
    for headers in [
        [("x-api-key", key.clone())],
        [("authorization", format!("Bearer {key}"))],
        [("authorization", format!("Token {key}"))],
    ] {
        let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
        let answer = house.send(Method::GET, "/auth/profile", &headers, None).await;
        assert_eq!(answer.body["user"]["email"], "areas@example.org", "{headers:?}");
        let me = house.send(Method::GET, "/api/auth/me", &headers, None).await;
        assert_eq!((me.status, me.body["session"]["id"].clone()), (200, body["id"].clone()));
    }
    let ask = |method: Method, path: &'static str, body: Option<Value>| {
        let key = key.clone();
        let house = &house;
        async move { house.send(method, path, &[("x-api-key", &key)], body).await }
    };
    for (method, path, body) in [
        (Method::GET, "/auth/api-keys", None),
        (Method::POST, "/auth/api-keys", Some(json!({ "name": "x", "scopes": ["identity:read"] }))),
        (Method::POST, "/auth/logout", Some(json!({}))),
        (Method::POST, "/api/auth/logout", None),
        (Method::GET, "/api/auth/connections", None),
    ] {
        let answer = ask(method, path, body).await;
        assert_eq!((answer.status, answer.code()), (403, "not_with_an_api_key"), "{path}");
    }
    let other = text(&made(&house, &token, &[("scopes", json!(["journal:read", "identity:write"]))]).await, "key");
    let refused = profile(&house, &other).await;
    assert_eq!((refused.status, refused.code()), (403, "scope_missing"));
    // Nothing of a secret is stored as it is, and the list shows none.
    let list = house.with_token(Method::GET, "/auth/api-keys", &token, None).await;
    assert_eq!(list.body["items"].as_array().unwrap().len(), 2);
    let secret = key.rsplit('_').nth(1).unwrap();
    assert!(!list.body.to_string().contains(secret));
    store::row! { struct Found { n: i64 } }
    let search = Sql::same("select count(*) as n from api_keys where handle = $1 or name = $1 or scopes = $1");
    let found: Found = db.lookup().await.unwrap().sql(search).bind(secret.to_owned()).one().await.unwrap();
    assert_eq!(found.n, 0);
    // A letter off is nobody.
    let mut wrong = key.clone();
    wrong.replace_range(20..21, if &key[20..21] == "A" { "B" } else { "A" });
    assert_eq!(profile(&house, &wrong).await.code(), "authentication_required");
}

async fn what_a_key_is_to_be_is_checked(db: store::Db) {
    let house = House::open(&db).await;
    let token = person(&house, "checked@example.org").await;
    for (field, value, code) in [
        ("user_id", json!(house.ambient.uuid()), "unknown_field"),
        ("name", json!(" "), "invalid"),
        ("name", json!("a\nb"), "invalid"),
        ("scopes", json!([]), "out_of_range"),
        ("scopes", json!(["identity:all"]), "unknown_scope"),
        ("scopes", json!(["everything:read"]), "unknown_scope"),
        ("expires_in_days", json!(0), "out_of_range"),
        ("expires_in_days", json!(366), "out_of_range"),
        ("addresses", json!(["nowhere"]), "invalid"),
        ("rate_per_minute", json!(0), "out_of_range"),
        ("require_signature", json!(true), "missing"),
        ("signing", json!({ "kind": "ed25519", "public_key": "AA" }), "invalid"),
        ("signing", json!({ "kind": "ed25519", "public_key": BASE64URL_NOPAD.encode(&[0; 32]) }), "invalid"),
    ] {
        let answer = make(&house, &token, &[(field, value.clone())]).await;
        assert_eq!((answer.status, answer.body["errors"][0]["code"].as_str()), (422, Some(code)), "{field}={value}");
    }
    let nobody = house.post("/auth/api-keys", json!({ "name": "x", "scopes": ["identity:read"] })).await;
    assert_eq!(nobody.status, 401);
    // Somebody else's key is not there.
    let other = person(&house, "other@example.org").await;
    let id = text(&made(&house, &token, &[]).await, "id");
    for (method, path) in [
        (Method::DELETE, format!("/auth/api-keys/{id}")),
        (Method::POST, format!("/auth/api-keys/{id}/renew")),
        (Method::POST, format!("/auth/api-keys/{id}/rotate")),
    ] {
        let body = (method == Method::POST).then(|| json!({}));
        assert_eq!(house.with_token(method, &path, &other, body).await.status, 404, "{path}");
    }
}

async fn a_key_is_bound_to_addresses_and_a_rate(db: store::Db) {
    let house = House::open(&db).await;
    let token = person(&house, "bound@example.org").await;
    let bound = made(&house, &token, &[("addresses", json!(["192.0.2.7/24", "198.51.100.9"]))]).await;
    assert_eq!(bound["addresses"], json!(["192.0.2.0/24", "198.51.100.9/32"]));
    let key = text(&bound, "key");
    let from = async |address: [u8; 4]| {
        let headers = [("x-api-key", key.as_str())];
        house.send_from(Ipv4Addr::from(address), Method::GET, "/auth/profile", &headers, None).await
    };
    assert_eq!(from([192, 0, 2, 200]).await.status, 200);
    assert_eq!(from([198, 51, 100, 9]).await.status, 200);
    let refused = from([198, 51, 100, 10]).await;
    assert_eq!((refused.status, refused.code()), (403, "address_not_allowed"));
    let slow = text(&made(&house, &token, &[("rate_per_minute", json!(2))]).await, "key");
    let mut answers = Vec::new();
    for _ in 0..4 {
        answers.push(profile(&house, &slow).await.status);
    }
    assert_eq!((answers[..2].to_vec(), answers[3]), (vec![200, 200], 429));
    let other = text(&made(&house, &token, &[]).await, "key");
    assert_eq!(profile(&house, &other).await.status, 200, "its owner's other keys have theirs");
}

async fn a_key_ends(db: store::Db) {
    let house = House::open(&db).await;
    let token = person(&house, "ends@example.org").await;
    let body = made(&house, &token, &[("expires_in_days", json!(10))]).await;
    let (key, id) = (text(&body, "key"), text(&body, "id"));
    house.clock.advance((10 * DAY).saturating_sub(Duration::from_secs(1)));
    assert_eq!(profile(&house, &key).await.status, 200);
    house.clock.advance(Duration::from_secs(1));
    let over = profile(&house, &key).await;
    assert_eq!((over.status, over.code()), (401, "api_key_expired"));
    let token = house.tokens("ends@example.org").await["access_token"].as_str().unwrap().to_owned();
    let renewed = house.with_token(Method::POST, &format!("/auth/api-keys/{id}/renew"), &token, Some(json!({}))).await;
    assert_eq!(renewed.status, 200, "{}", renewed.body);
    assert_eq!(profile(&house, &key).await.status, 200);
    // Ended here is ended at once; ended elsewhere, within two seconds.
    let other = House::at(&db, house.clock.clone()).await;
    assert_eq!(profile(&other, &key).await.status, 200);
    let gone = house.with_token(Method::DELETE, &format!("/auth/api-keys/{id}"), &token, None).await;
    assert_eq!(gone.status, 204);
    assert_eq!(profile(&house, &key).await.status, 401);
    house.clock.advance(Duration::from_secs(2));
    assert_eq!(profile(&other, &key).await.status, 401);
    assert_eq!(house.with_token(Method::DELETE, &format!("/auth/api-keys/{id}"), &token, None).await.status, 404);
}

async fn a_key_gets_a_new_secret(db: store::Db) {
    let house = House::open(&db).await;
    let token = person(&house, "rotate@example.org").await;
    let body = made(&house, &token, &[]).await;
    let (old, id) = (text(&body, "key"), text(&body, "id"));
    assert_eq!(profile(&house, &old).await.status, 200);
    let path = format!("/auth/api-keys/{id}/rotate");
    let rotated = house.with_token(Method::POST, &path, &token, Some(json!({}))).await;
    let new = text(&rotated.body, "key");
    assert_eq!(
        (rotated.body["id"].as_str(), rotated.body["prefix"].clone()),
        (Some(id.as_str()), body["prefix"].clone())
    );
    assert_eq!((profile(&house, &old).await.status, profile(&house, &new).await.status), (200, 200));
    house.clock.advance(DAY);
    assert_eq!((profile(&house, &old).await.status, profile(&house, &new).await.status), (401, 200));
}

async fn a_reported_key_is_void(db: store::Db) {
    let house = House::open(&db).await;
    let token = person(&house, "found@example.org").await;
    let (one, two) = (text(&made(&house, &token, &[]).await, "key"), text(&made(&house, &token, &[]).await, "key"));
    let real = house.post("/api/keys/report", json!({ "key": one })).await;
    let made_up = house.post("/api/keys/report", json!({ "key": "sk_live_nobody" })).await;
    assert_eq!(real.comparable(), made_up.comparable(), "the answer does not tell");
    assert_eq!((profile(&house, &one).await.status, profile(&house, &two).await.status), (401, 200));
    let seen = house.send(Method::GET, &format!("/auth/profile?api_key={two}"), &[], None).await;
    assert_eq!((seen.status, seen.code()), (400, "credential_in_url"));
    assert_eq!(profile(&house, &two).await.status, 401);
}

async fn a_disabled_account_has_none(db: store::Db) {
    let house = House::open(&db).await;
    let token = person(&house, "disabled@example.org").await;
    let key = text(&made(&house, &token, &[]).await, "key");
    assert_eq!(profile(&house, &key).await.status, 200);
    // At once, though it was looked up a moment ago.
    assert!(house.identity.disable_account("disabled@example.org").await.unwrap());
    assert_eq!(profile(&house, &key).await.status, 401);
    assert!(house.identity.enable_account("disabled@example.org").await.unwrap());
    assert_eq!(profile(&house, &key).await.status, 200);
}

async fn owners_are_told_once(db: store::Db) {
    let house = House::open(&db).await;
    let token = person(&house, "told@example.org").await;
    made(&house, &token, &[]).await;
    made(&house, &token, &[("expires_in_days", json!(5))]).await;
    let other = House::at(&db, house.clock.clone()).await;
    let tell = async |after: Duration| {
        house.clock.advance(after);
        let (here, there) = tokio::join!(house.identity.tell_of_ending_keys(), other.identity.tell_of_ending_keys());
        let again = house.identity.tell_of_ending_keys().await.unwrap();
        assert_eq!(again, 0);
        here.unwrap() + there.unwrap()
    };
    assert_eq!(tell(Duration::ZERO).await, 0);
    assert_eq!(tell(4 * DAY).await, 1, "the short one, a day before its end");
    assert_eq!(tell(330 * DAY).await, 0);
    assert_eq!(tell(DAY).await, 1, "30 days");
    assert_eq!(tell(10 * DAY).await, 0);
    assert_eq!(tell(13 * DAY).await, 1, "7 days");
    assert_eq!(tell(6 * DAY).await, 1, "1 day");
    assert_eq!(tell(DAY).await, 0, "it is over");
    house.clock.advance(90 * DAY);
    assert_eq!(house.identity.sweep_keys().await.unwrap(), 2);
}

async fn there_are_at_most_twenty(db: store::Db) {
    let house = House::open(&db).await;
    let token = person(&house, "many@example.org").await;
    let mut made_in_time = 0;
    // Two at a time, so that two counts meet.
    for _ in 0..11 {
        let (one, two) = tokio::join!(make(&house, &token, &[]), make(&house, &token, &[]));
        for answer in [one, two] {
            match answer.status {
                201 => made_in_time += 1,
                status => assert_eq!((status, answer.code()), (409, "too_many_keys")),
            }
        }
    }
    assert_eq!(made_in_time, 20);
}

/// What a client signs with.
enum Signer {
    Ed25519(SigningKey),
    Hmac(Vec<u8>),
}

impl Signer {
    fn sign(&self, message: &str) -> Vec<u8> {
        match self {
            Self::Ed25519(key) => key.sign(message.as_bytes()).to_vec(),
            Self::Hmac(secret) => hmac(secret, message),
        }
    }
}

fn hmac(secret: &[u8], message: &str) -> Vec<u8> {
    <Hmac<Sha256> as KeyInit>::new_from_slice(secret).unwrap().chain_update(message).finalize().into_bytes().to_vec()
}

/// A signed `GET /auth/profile`, and everything about it that a test may change.
struct Signed<'a> {
    house: &'a House,
    signer: &'a Signer,
    key: &'a str,
    keyid: String,
    nonce: String,
    created: i64,
    expires: i64,
    tag: &'a str,
    components: Vec<&'a str>,
    target: String,
}

impl<'a> Signed<'a> {
    fn new(house: &'a House, signer: &'a Signer, key: &'a str) -> Self {
        let now = house.ambient.now().as_micros() / 1_000_000;
        Self {
            house,
            signer,
            key,
            keyid: key[..16].to_owned(),
            nonce: BASE64URL_NOPAD.encode(&house.ambient.bytes::<18>()),
            created: now,
            expires: now + 300,
            tag: "mindvibe",
            components: vec!["@method", "@target-uri", "x-api-key"],
            target: format!("{ORIGIN}/auth/profile"),
        }
    }

    fn headers(&self) -> [(&'static str, String); 3] {
        let names: Vec<_> = self.components.iter().map(|name| format!("\"{name}\"")).collect();
        let params = format!(
            "({});created={};expires={};nonce=\"{}\";keyid=\"{}\";tag=\"{}\"",
            names.join(" "),
            self.created,
            self.expires,
            self.nonce,
            self.keyid,
            self.tag
        );
        let mut base = String::new();
        for name in &self.components {
            let value = match *name {
                "@method" => "GET",
                "@target-uri" => &self.target,
                "x-api-key" => self.key,
                other => panic!("{other}"),
            };
            base = format!("{base}\"{name}\": {value}\n");
        }
        base = format!("{base}\"@signature-params\": {params}");
        [
            ("x-api-key", self.key.to_owned()),
            ("signature-input", format!("sig={params}")),
            ("signature", format!("sig=:{}:", BASE64.encode(&self.signer.sign(&base)))),
        ]
    }

    async fn send(&self) -> Answer {
        send(self.house, Method::GET, "/auth/profile", &self.headers()).await
    }
}

async fn send(house: &House, method: Method, path: &str, headers: &[(&str, String)]) -> Answer {
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    house.send(method, path, &headers, None).await
}

/// A key of each kind that has to sign.
async fn signers(house: &House, email: &str) -> Vec<(Signer, String)> {
    let token = person(house, email).await;
    let own = SigningKey::from_seed(&Secret::new([5; 32]));
    let public = json!({ "kind": "ed25519", "public_key": BASE64.encode(&own.public()) });
    let one = made(house, &token, &[("signing", public), ("require_signature", json!(true))]).await;
    let two = made(house, &token, &[("signing", json!({ "kind": "hmac" })), ("require_signature", json!(true))]).await;
    let secret = BASE64URL_NOPAD.decode(text(&two, "signing_secret").as_bytes()).unwrap();
    vec![(Signer::Ed25519(own), text(&one, "key")), (Signer::Hmac(secret), text(&two, "key"))]
}

async fn a_signed_request_counts_once(db: store::Db) {
    let house = House::open(&db).await;
    let other = House::at(&db, house.clock.clone()).await;
    for (signer, key) in signers(&house, "signs@example.org").await {
        let unsigned = profile(&house, &key).await;
        assert_eq!((unsigned.status, unsigned.code()), (401, "signature_required"));
        let signed = Signed::new(&house, &signer, &key);
        let first = signed.send().await;
        assert_eq!(first.status, 200, "{}", first.body);
        for process in [&house, &other] {
            let again = send(process, Method::GET, "/auth/profile", &signed.headers()).await;
            assert_eq!((again.status, again.code()), (401, "replayed"));
        }
        // The same nonce under a new signature is the same request all the same.
        house.clock.advance(Duration::from_secs(1));
        let mut renewed = Signed::new(&house, &signer, &key);
        renewed.nonce.clone_from(&signed.nonce);
        assert_eq!(renewed.send().await.code(), "replayed");
        assert_eq!(Signed::new(&house, &signer, &key).send().await.status, 200);
    }
    assert_eq!(house.identity.sweep_nonces().await.unwrap(), 0);
    house.clock.advance(Duration::from_mins(11));
    assert_eq!(house.identity.sweep_nonces().await.unwrap(), 4);
}

async fn a_signature_is_of_this_request(db: store::Db) {
    let house = House::open(&db).await;
    let both = signers(&house, "exact@example.org").await;
    for (signer, key) in &both {
        let with = |change: fn(&mut Signed<'_>)| {
            let mut signed = Signed::new(&house, signer, key);
            change(&mut signed);
            signed
        };
        for (what, code, signed) in [
            (
                "61 s old",
                "signature_expired",
                with(|signed| {
                    signed.created -= 61;
                    signed.expires -= 61;
                }),
            ),
            (
                "61 s ahead",
                "signature_expired",
                with(|signed| {
                    signed.created += 61;
                    signed.expires += 61;
                }),
            ),
            ("good for too long", "signature_invalid", with(|signed| signed.expires += 1)),
            ("over before it began", "signature_invalid", with(|signed| signed.expires = signed.created - 1)),
            ("a short nonce", "signature_invalid", with(|signed| signed.nonce.truncate(21))),
            ("another key's name", "signature_invalid", with(|signed| signed.keyid = "sk_live_AAAAAAAA".to_owned())),
            ("another tag", "signature_invalid", with(|signed| signed.tag = "other")),
            (
                "without the method",
                "signature_invalid",
                with(|signed| signed.components.retain(|name| *name != "@method")),
            ),
            (
                "without the target",
                "signature_invalid",
                with(|signed| signed.components.retain(|name| *name != "@target-uri")),
            ),
            (
                "without the key",
                "signature_invalid",
                with(|signed| signed.components.retain(|name| *name != "x-api-key")),
            ),
            (
                "another host",
                "signature_invalid",
                with(|signed| signed.target = "https://evil.test/auth/profile".to_owned()),
            ),
            ("another query", "signature_invalid", with(|signed| signed.target.push_str("?a=1"))),
        ] {
            let answer = signed.send().await;
            assert_eq!((answer.status, answer.code()), (401, code), "{what}: {}", answer.body);
        }
        let headers = Signed::new(&house, signer, key).headers();
        let other_path = send(&house, Method::GET, "/api/auth/me", &headers).await;
        assert_eq!(other_path.code(), "signature_invalid");
        let mut broken = Signed::new(&house, signer, key).headers();
        broken[1].1.push_str(", sig=();tag=\"mindvibe\"");
        assert_eq!(send(&house, Method::GET, "/auth/profile", &broken).await.code(), "signature_invalid");
    }
    // The other one's key does not sign for this one.
    let crossed = Signed::new(&house, &both[1].0, &both[0].1).send().await;
    assert_eq!(crossed.code(), "signature_invalid");
}

async fn the_older_form_is_off_unless_it_is_wanted(db: store::Db) {
    let house = House::open(&db).await;
    let clock = house.clock.clone();
    let on = House::beside(&db, clock.clone(), |config| config.signature_v1 = true).await;
    let (signer, key) = signers(&house, "older@example.org").await.remove(1);
    let Signer::Hmac(secret) = signer else { panic!("the second one is the shared secret") };
    let headers = |path: &str, created: i64, nonce: &str| {
        let body = HEXLOWER.encode(&Sha256::digest(b""));
        let message = ["GET", path, "", &created.to_string(), nonce, &body].join("\n");
        [
            ("x-api-key", key.clone()),
            ("x-timestamp", created.to_string()),
            ("x-nonce", nonce.to_owned()),
            ("x-signature", HEXLOWER.encode(&hmac(&secret, &message))),
        ]
    };
    let now = house.ambient.now().as_micros() / 1_000_000;
    let nonce = |letter: &str| letter.repeat(22);
    let good = headers("/auth/profile", now, &nonce("a"));
    assert_eq!(send(&house, Method::GET, "/auth/profile", &good).await.code(), "signature_required", "it is off");
    let first = send(&on, Method::GET, "/auth/profile", &good).await;
    assert_eq!(first.status, 200, "{}", first.body);
    assert_eq!(send(&on, Method::GET, "/auth/profile", &good).await.code(), "replayed");
    let other = headers("/api/auth/me", now, &nonce("b"));
    assert_eq!(send(&on, Method::GET, "/auth/profile", &other).await.code(), "signature_invalid");
    let old = headers("/auth/profile", now - 61, &nonce("c"));
    assert_eq!(send(&on, Method::GET, "/auth/profile", &old).await.code(), "signature_expired");
}
