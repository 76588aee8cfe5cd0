//! Signed access tokens, and refresh tokens that are used once.

use super::harness::{Answer, House, ORIGIN};
use crate::Rotation;
use data_encoding::BASE64URL_NOPAD;
use guard::Presented;
use http::Method;
use kernel::{Secret, UserId};
use seal::signature::SigningKey;
use serde_json::{Value, json};
use std::time::Duration;
use store::Sql;

const DAY: Duration = Duration::from_hours(24);

store::conformance!(
    a_token_says_what_it_must,
    a_forged_token_is_nobodys,
    an_expired_token_says_so,
    a_refresh_token_is_used_once,
    the_same_client_may_ask_again,
    an_old_refresh_token_ends_the_family,
    three_in_a_second_are_three_generations,
    parallel_refreshes_have_one_successor,
    families_end,
    a_disabled_account_refreshes_nothing,
    an_administrator_ends_everything,
    keys_change_without_a_refusal,
    a_compromised_key_counts_no_more,
    a_leaked_token_is_revoked,
);

fn text(body: &Value, name: &str) -> String {
    body[name].as_str().unwrap_or_else(|| panic!("no {name}: {body}")).to_owned()
}

fn part(token: &str, number: usize) -> Value {
    serde_json::from_slice(&BASE64URL_NOPAD.decode(token.split('.').nth(number).unwrap().as_bytes()).unwrap()).unwrap()
}

async fn me(house: &House, token: &str) -> Answer {
    house.with_token(Method::GET, "/auth/profile", token, None).await
}

async fn refresh(house: &House, token: &str) -> Answer {
    let from = std::net::Ipv4Addr::new(192, 0, 2, 7);
    let agent = [("user-agent", "phone/1")];
    house.send_from(from, Method::POST, "/auth/refresh", &agent, Some(json!({ "refresh_token": token }))).await
}

async fn a_token_says_what_it_must(db: store::Db) {
    let house = House::open(&db).await;
    let user = house.member("claims@example.org").await;
    let body = house.tokens("claims@example.org").await;
    assert_eq!((body["token_type"].as_str(), body["expires_in"].as_u64()), (Some("Bearer"), Some(900)));
    assert_eq!(body["refresh_expires_in"].as_u64(), Some(14 * 24 * 3600));
    let token = text(&body, "access_token");
    let (header, claims) = (part(&token, 0), part(&token, 1));
    assert_eq!((header["alg"].as_str(), header["typ"].as_str()), (Some("EdDSA"), Some("at+jwt")));
    assert_eq!((claims["iss"].as_str(), claims["aud"].as_str()), (Some(ORIGIN), Some(ORIGIN)));
    assert_eq!(claims["sub"], user.id.to_string());
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 900);
    assert_eq!((claims["amr"].clone(), claims["sv"].as_i64()), (json!(["pwd"]), Some(0)));
    for name in ["sid", "jti", "nbf", "auth_time"] {
        assert!(!claims[name].is_null(), "{name}");
    }
    // Anybody can check it by what is published, and nothing more is.
    let set = house.send(Method::GET, "/.well-known/jwks.json", &[], None).await;
    assert_eq!(set.headers["cache-control"], "public, max-age=300");
    let key = set.body["keys"].as_array().unwrap().iter().find(|key| key["kid"] == header["kid"]).unwrap().clone();
    let names: Vec<_> = key.as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, ["alg", "crv", "kid", "kty", "use", "x"]);
    let public = BASE64URL_NOPAD.decode(key["x"].as_str().unwrap().as_bytes()).unwrap().try_into().unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap();
    assert!(seal::signature::VerifyingKey::Ed25519(public).verify(signed.as_bytes(), &signature));
    assert_eq!(me(&house, &token).await.body["user"]["email"], "claims@example.org");
}

/// A token with another header, other claims, or another signature.
fn forge(header: &Value, claims: &Value, key: Option<&SigningKey>) -> String {
    let encode = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let signed = format!("{}.{}", encode(header), encode(claims));
    let signature = key.map(|key| BASE64URL_NOPAD.encode(&key.sign(signed.as_bytes()))).unwrap_or_default();
    format!("{signed}.{signature}")
}

async fn a_forged_token_is_nobodys(db: store::Db) {
    use hmac::{Hmac, KeyInit, Mac};
    let house = House::open(&db).await;
    house.member("forge@example.org").await;
    let token = text(&house.tokens("forge@example.org").await, "access_token");
    assert_eq!(me(&house, &token).await.status, 200);
    let (header, claims) = (part(&token, 0), part(&token, 1));
    let with = |value: &Value, name: &str, new: Value| {
        let mut value = value.clone();
        value[name] = new;
        value
    };
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let own = SigningKey::from_seed(&Secret::new([7; 32]));
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": BASE64URL_NOPAD.encode(&own.public()) });
    let mut forged = vec![
        format!("{signed}."),
        forge(&with(&header, "alg", json!("none")), &claims, None),
        forge(&with(&header, "alg", json!("None")), &claims, None),
        forge(&header, &claims, Some(&own)),
        forge(&with(&header, "jwk", jwk), &claims, Some(&own)),
        forge(&with(&header, "jku", json!("https://evil.test/jwks.json")), &claims, Some(&own)),
        forge(&with(&header, "kid", json!(house.ambient.uuid())), &claims, Some(&own)),
        forge(&with(&header, "kid", json!("../../etc/passwd")), &claims, Some(&own)),
        format!("{}.{}.{signature}", token.split('.').next().unwrap(), {
            let other = with(&claims, "sub", json!(house.ambient.id::<UserId>()));
            BASE64URL_NOPAD.encode(other.to_string().as_bytes())
        }),
        format!("{token}x"),
        format!("{token}."),
        token.replacen('.', "=.", 1),
    ];
    // HS256 with our public key as its secret.
    let set = house.send(Method::GET, "/.well-known/jwks.json", &[], None).await;
    let public = BASE64URL_NOPAD.decode(set.body["keys"][0]["x"].as_str().unwrap().as_bytes()).unwrap();
    for secret in [public.as_slice(), set.body["keys"][0]["x"].as_str().unwrap().as_bytes()] {
        let body = forge(&with(&header, "alg", json!("HS256")), &claims, None);
        let body = body.trim_end_matches('.');
        let mac = <Hmac<sha2::Sha256> as KeyInit>::new_from_slice(secret).unwrap().chain_update(body);
        forged.push(format!("{body}.{}", BASE64URL_NOPAD.encode(&mac.finalize().into_bytes())));
    }
    // Signed by the real key, and still not ours to take.
    let real = house.identity.signing_key_for_tests().await;
    let resign = |header: &Value, claims: &Value| forge(header, claims, Some(&real.private));
    assert_eq!(me(&house, &resign(&header, &claims)).await.status, 200, "the control: the real key is the real key");
    let now = claims["iat"].as_i64().unwrap();
    for (name, value) in [
        ("iss", json!("https://evil.test")),
        ("aud", json!("https://other.example")),
        ("aud", json!([ORIGIN])),
        ("sub", json!(house.ambient.id::<UserId>())),
        ("sid", json!(house.ambient.uuid())),
        ("nbf", json!("0")),
        ("nbf", json!(now + 31)),
        ("iat", json!(now + 31)),
        ("exp", json!((now + 900).to_string())),
        ("exp", json!(1e300)),
        ("exp", Value::Null),
        ("sid", json!(1)),
        ("amr", json!("pwd")),
    ] {
        forged.push(resign(&header, &with(&claims, name, value)));
    }
    for (name, value) in [
        ("typ", json!("JWT")),
        ("typ", Value::Null),
        ("alg", json!("ES256")),
        ("crit", json!(["exp"])),
        ("kid", Value::Null),
    ] {
        forged.push(resign(&with(&header, name, value), &claims));
    }
    for token in forged {
        let answer = me(&house, &token).await;
        assert_eq!((answer.status, answer.code()), (401, "authentication_required"), "{token}");
    }
    assert_eq!(me(&house, &resign(&header, &with(&claims, "nbf", json!(now + 30)))).await.status, 200, "skew");
}

async fn an_expired_token_says_so(db: store::Db) {
    let house = House::open(&db).await;
    house.member("late@example.org").await;
    let token = text(&house.tokens("late@example.org").await, "access_token");
    house.clock.advance(Duration::from_secs(899));
    assert_eq!(me(&house, &token).await.status, 200);
    house.clock.advance(Duration::from_secs(1));
    let late = me(&house, &token).await;
    assert_eq!(
        (late.status, late.code(), late.body["detail"].as_str()),
        (401, "token_expired", Some("Token has expired"))
    );
    assert_eq!(late.headers["www-authenticate"], "Bearer");
}

async fn a_refresh_token_is_used_once(db: store::Db) {
    let house = House::open(&db).await;
    house.member("once@example.org").await;
    let first = house.tokens("once@example.org").await;
    house.clock.advance(Duration::from_mins(20));
    let second = refresh(&house, &text(&first, "refresh_token")).await;
    assert_eq!(second.status, 200, "{}", second.body);
    assert_ne!(second.body["refresh_token"], first["refresh_token"]);
    let token = text(&second.body, "access_token");
    assert_eq!(me(&house, &token).await.status, 200);
    assert_eq!(part(&token, 1)["sid"], part(&text(&first, "access_token"), 1)["sid"], "the session goes on");
    assert_eq!(part(&token, 1)["auth_time"], part(&text(&first, "access_token"), 1)["auth_time"]);
    for made_up in ["rt_", "", "x", &text(&first, "access_token"), &format!("rt_{}A", "A".repeat(42))] {
        let answer = refresh(&house, made_up).await;
        assert_eq!((answer.status, answer.code()), (401, "invalid_token"), "{made_up}");
    }
    let page = [("sec-fetch-site", "same-origin")];
    let body = json!({ "refresh_token": second.body["refresh_token"] });
    let page = house.send(Method::POST, "/auth/refresh", &page, Some(body)).await;
    assert_eq!((page.status, page.code()), (403, "browser_surface_required"));
    // Another process, as after a restart, knows all of it.
    let restarted = House::at(&db, house.clock.clone()).await;
    assert_eq!(me(&restarted, &token).await.status, 200);
    assert_eq!(refresh(&restarted, &text(&second.body, "refresh_token")).await.status, 200);
    house.clock.advance(Duration::from_secs(11));
    assert_eq!(refresh(&restarted, &text(&first, "refresh_token")).await.status, 401);
    assert_eq!(me(&restarted, &token).await.status, 401, "the family is dead");
}

async fn the_same_client_may_ask_again(db: store::Db) {
    let house = House::open(&db).await;
    house.member("again@example.org").await;
    let first = text(&house.tokens("again@example.org").await, "refresh_token");
    let one = refresh(&house, &first).await;
    house.clock.advance(Duration::from_millis(9_999));
    let two = refresh(&house, &first).await;
    assert_eq!((one.status, two.status), (200, 200));
    assert_eq!(one.body["refresh_token"], two.body["refresh_token"], "the same successor");
    house.clock.advance(Duration::from_millis(1));
    assert_eq!(refresh(&house, &first).await.status, 401, "ten seconds are over");
    assert_eq!(refresh(&house, &text(&one.body, "refresh_token")).await.status, 401, "and so is the family");
    // Somebody else who asks again is not the same client.
    let first = text(&house.tokens("again@example.org").await, "refresh_token");
    let one = refresh(&house, &first).await;
    let from = std::net::Ipv4Addr::new(198, 51, 100, 7);
    let body = Some(json!({ "refresh_token": first }));
    let thief = house.send_from(from, Method::POST, "/auth/refresh", &[("user-agent", "phone/1")], body).await;
    assert_eq!((thief.status, thief.code()), (401, "invalid_token"));
    assert_eq!(refresh(&house, &text(&one.body, "refresh_token")).await.status, 401);
    // What the successor was is forgotten by the next sweep.
    store::row! { struct Kept { n: i64 } }
    let kept = Sql::same("select count(*) as n from refresh_tokens where successor is not null");
    house.clock.advance(Duration::from_secs(11));
    house.identity.forget_successors().await.unwrap();
    assert_eq!(db.lookup().await.unwrap().sql(kept).one::<Kept>().await.unwrap().n, 0);
}

async fn an_old_refresh_token_ends_the_family(db: store::Db) {
    let house = House::open(&db).await;
    house.member("old@example.org").await;
    let other = house.tokens("old@example.org").await;
    let first = house.tokens("old@example.org").await;
    let second = refresh(&house, &text(&first, "refresh_token")).await.body;
    house.clock.advance(Duration::from_secs(11));
    assert_eq!(me(&house, &text(&second, "access_token")).await.status, 200);
    assert_eq!(refresh(&house, &text(&first, "refresh_token")).await.status, 401);
    assert_eq!(me(&house, &text(&second, "access_token")).await.status, 401, "at once");
    assert_eq!(refresh(&house, &text(&second, "refresh_token")).await.code(), "invalid_token");
    assert_eq!(me(&house, &text(&other, "access_token")).await.status, 200, "another device stays");
}

async fn three_in_a_second_are_three_generations(db: store::Db) {
    let house = House::open(&db).await;
    house.member("fast@example.org").await;
    let first = text(&house.tokens("fast@example.org").await, "refresh_token");
    let mut token = first.clone();
    for _ in 0..3 {
        token = text(&refresh(&house, &token).await.body, "refresh_token");
    }
    assert_eq!(refresh(&house, &first).await.status, 401, "within the ten seconds, but not the last one");
    assert_eq!(refresh(&house, &token).await.status, 401);
}

async fn parallel_refreshes_have_one_successor(db: store::Db) {
    let house = House::open(&db).await;
    house.member("parallel@example.org").await;
    let first = text(&house.tokens("parallel@example.org").await, "refresh_token");
    let all = futures_util::future::join_all((0..20).map(|_| refresh(&house, &first))).await;
    let mut successors: Vec<_> = all.iter().map(|answer| text(&answer.body, "refresh_token")).collect();
    successors.dedup();
    assert_eq!(successors.len(), 1);
    assert_eq!(refresh(&house, &successors[0]).await.status, 200);
}

async fn families_end(db: store::Db) {
    let house = House::open(&db).await;
    house.member("ends@example.org").await;
    let idle = text(&house.tokens("ends@example.org").await, "refresh_token");
    let mut used = text(&house.tokens("ends@example.org").await, "refresh_token");
    house.clock.advance(13 * DAY);
    used = text(&refresh(&house, &used).await.body, "refresh_token");
    house.clock.advance(DAY);
    let over = refresh(&house, &idle).await;
    assert_eq!(
        (over.status, over.code(), over.body["detail"].as_str()),
        (401, "token_expired", Some("Token has expired"))
    );
    house.clock.advance(12 * DAY);
    let last = refresh(&house, &used).await;
    assert_eq!(last.body["refresh_expires_in"].as_u64(), Some(4 * 24 * 3600), "30 days in all");
    house.clock.advance(4 * DAY);
    assert_eq!(refresh(&house, &text(&last.body, "refresh_token")).await.code(), "token_expired");
}

async fn a_disabled_account_refreshes_nothing(db: store::Db) {
    let house = House::open(&db).await;
    let user = house.member("disabled@example.org").await;
    let tokens = house.tokens("disabled@example.org").await;
    let mut tx = db.begin().await.unwrap();
    let disable = Sql::same("update users set status = 'disabled' where id = $1");
    tx.sql(disable).bind(user.id).run().await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(refresh(&house, &text(&tokens, "refresh_token")).await.code(), "invalid_token");
    house.clock.advance(Duration::from_secs(2));
    assert_eq!(me(&house, &text(&tokens, "access_token")).await.status, 401);
}

async fn an_administrator_ends_everything(db: store::Db) {
    let house = House::open(&db).await;
    let admin = house.administrator().await;
    let user = house.member("ended@example.org").await;
    let (tokens, browser) = (house.tokens("ended@example.org").await, house.sign_in("ended@example.org").await);
    let path = format!("/auth/revoke-user-tokens/{}", user.id);
    let plain = house.with_token(Method::POST, &path, &text(&tokens, "access_token"), Some(json!({}))).await;
    assert_eq!((plain.status, plain.code()), (403, "administrators_only"));
    assert_eq!(me(&house, &text(&tokens, "access_token")).await.status, 200);
    let done = house.as_signed(&admin, Method::POST, &path, Some(json!({}))).await;
    assert_eq!((done.status, done.body["revoked"].as_u64()), (200, Some(2)), "{}", done.body);
    assert_eq!(me(&house, &text(&tokens, "access_token")).await.status, 401, "at once");
    assert_eq!(house.me(&browser).await.status, 401);
    assert_eq!(refresh(&house, &text(&tokens, "refresh_token")).await.code(), "invalid_token");
    let nobody = format!("/auth/revoke-user-tokens/{}", house.ambient.id::<UserId>());
    assert_eq!(house.as_signed(&admin, Method::POST, &nobody, Some(json!({}))).await.status, 404);
    assert_eq!(house.as_signed(&admin, Method::POST, &path, Some(json!({ "all": true }))).await.status, 422);
}

async fn keys_change_without_a_refusal(db: store::Db) {
    let house = House::open(&db).await;
    let clock = house.clock.clone();
    let other = House::at(&db, clock.clone()).await;
    house.member("rotate@example.org").await;
    let kid = |token: &str| part(token, 0)["kid"].clone();
    let old = text(&house.tokens("rotate@example.org").await, "access_token");
    house.identity.rotate_signing_key(Rotation::Now).await.unwrap();
    let new = text(&house.tokens("rotate@example.org").await, "access_token");
    assert_ne!(kid(&old), kid(&new));
    // The other process has not looked at the keys since: it takes both.
    for process in [&house, &other] {
        for token in [&old, &new] {
            assert_eq!(me(process, token).await.status, 200);
        }
    }
    // An hour and the skew later nothing of the old key can be alive, and it is gone.
    clock.advance(Duration::from_mins(63));
    other.identity.tend_keys().await.unwrap();
    let set = other.send(Method::GET, "/.well-known/jwks.json", &[], None).await.body;
    let kids: Vec<_> = set["keys"].as_array().unwrap().iter().map(|key| key["kid"].clone()).collect();
    assert_eq!(kids, [kid(&new)]);
    assert_eq!(me(&house, &old).await.code(), "authentication_required", "not even an expired one");
    // By the clock: the next key is published a day before it signs.
    clock.advance((29 * DAY).saturating_sub(Duration::from_mins(64)));
    other.identity.tend_keys().await.unwrap();
    let count = |house: &House| house.identity.signing_keys.count();
    assert_eq!(count(&other), 1);
    clock.advance(Duration::from_mins(1));
    for process in [&other, &house] {
        process.identity.tend_keys().await.unwrap();
        assert_eq!(count(process), 2, "two processes make one key");
    }
    let before = text(&house.tokens("rotate@example.org").await, "access_token");
    assert_eq!(kid(&before), kid(&new), "published, and not used");
    clock.advance(DAY);
    let after = text(&house.tokens("rotate@example.org").await, "access_token");
    assert_ne!(kid(&after), kid(&new));
    assert_eq!(me(&other, &after).await.status, 200);
}

async fn a_compromised_key_counts_no_more(db: store::Db) {
    let house = House::open(&db).await;
    house.member("stolen@example.org").await;
    let tokens = house.tokens("stolen@example.org").await;
    house.identity.rotate_signing_key(Rotation::Compromised).await.unwrap();
    assert_eq!(me(&house, &text(&tokens, "access_token")).await.status, 401);
    let next = refresh(&house, &text(&tokens, "refresh_token")).await;
    assert_eq!(me(&house, &text(&next.body, "access_token")).await.status, 200, "its owner goes on");
    house.identity.tend_keys().await.unwrap();
    assert_eq!(house.identity.signing_keys.count(), 1);
}

async fn a_leaked_token_is_revoked(db: store::Db) {
    let house = House::open(&db).await;
    house.member("leak@example.org").await;
    for name in ["access_token", "refresh_token"] {
        let tokens = house.tokens("leak@example.org").await;
        assert_eq!(me(&house, &text(&tokens, "access_token")).await.status, 200);
        let port = house.identity.port();
        port.leaked(&Presented::Session(Secret::new(text(&tokens, name)))).await;
        assert_eq!(me(&house, &text(&tokens, "access_token")).await.status, 200, "presented as something else");
        let path = format!("/auth/profile?{name}={}", text(&tokens, name));
        let seen = house.send(Method::GET, &path, &[], None).await;
        assert_eq!((seen.status, seen.code()), (400, "credential_in_url"));
        assert_eq!(me(&house, &text(&tokens, "access_token")).await.status, 401);
        assert_eq!(refresh(&house, &text(&tokens, "refresh_token")).await.status, 401);
    }
}
