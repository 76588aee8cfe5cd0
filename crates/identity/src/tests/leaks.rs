//! A credential in a URL: refused, and if it was good for anything, dead, with one letter to its owner.

use super::harness::House;
use http::Method;
use serde_json::json;

store::conformance!(every_kind_of_credential_dies_in_a_url);

async fn every_kind_of_credential_dies_in_a_url(db: store::Db) {
    let house = House::open(&db).await;
    let email = "leaky@example.org";
    house.member(email).await;
    let signed = house.sign_in(email).await;
    let key = json!({ "name": "Backup", "scopes": ["identity:read"] });
    let key = house.as_signed(&signed, Method::POST, "/auth/api-keys", Some(key)).await.body["key"].clone();
    let key = key.as_str().unwrap().to_owned();
    let (first, second) = (house.tokens(email).await, house.tokens(email).await);
    let text = |pair: &serde_json::Value, name: &str| pair[name].as_str().unwrap().to_owned();
    let me = async |token: &str| house.with_token(Method::GET, "/api/auth/me", token, None).await.status;
    let refreshed = async |token: &str| {
        let answer = house.post("/auth/refresh", json!({ "refresh_token": token })).await;
        answer.status
    };
    assert_eq!(
        (me(&text(&first, "access_token")).await, me(&key).await, house.me(&signed).await.status),
        (200, 200, 200)
    );
    let letters = house.letters_to(email).await.len();

    // Each under a name of its own, one without any, one encoded, one in the path; and each of them twice.
    let seen = [
        format!("/api/auth/me?access_token={}", text(&first, "access_token")),
        format!("/auth/refresh?whatever={}", text(&second, "refresh_token")),
        format!("/api/auth/me?%61pi_key={key}"),
        format!("/api/auth/{}/x", signed.sid.replace('_', "%5F")),
    ];
    for target in &seen {
        for _ in 0..2 {
            let answer = house.send(Method::GET, target, &[], None).await;
            assert_eq!((answer.status, answer.code()), (400, "credential_in_url"), "{target}");
            assert!(!answer.body.to_string().contains("sk_live_"), "the answer does not repeat it");
        }
    }
    assert_eq!(me(&text(&first, "access_token")).await, 401);
    assert_eq!(refreshed(&text(&first, "refresh_token")).await, 401, "the family of the access token");
    assert_eq!(refreshed(&text(&second, "refresh_token")).await, 401);
    assert_eq!(me(&text(&second, "access_token")).await, 401, "the session of the refresh token");
    assert_eq!(me(&key).await, 401);
    assert_eq!(house.me(&signed).await.status, 401);
    let told = house.letters_to(email).await.len() - letters;
    assert_eq!(told, 4, "one letter each, however often it is sent");
    let again = house.sign_in(email).await;
    let events = house.as_signed(&again, Method::GET, "/api/auth/events", None).await;
    let leaked =
        events.body["items"].as_array().unwrap().iter().filter(|one| one["kind"] == "credential_leaked").count();
    assert_eq!(leaked, 4, "{}", events.body);
}
