//! Asked in.

use super::harness::{House, PASSWORD};
use crate::{Config, Post, Registration};
use http::Method;
use serde_json::{Value, json};
use std::time::Duration;

store::conformance!(
    without_one_nobody_comes_in,
    it_works_once_and_for_its_address,
    without_mail_it_vouches_for_the_address,
    a_taken_address_gives_it_back,
    it_is_listed_and_withdrawn,
    only_who_runs_it_invites,
);

async fn invite(house: &House, signed: &super::harness::Signed, body: Value) -> (String, Value) {
    let answer = house.as_signed(signed, Method::POST, "/api/auth/invitations", Some(body)).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let link = answer.body["link"].as_str().unwrap();
    (link.strip_prefix("https://mind.example/join#").unwrap().to_owned(), answer.body)
}

async fn join(house: &House, email: &str, invite: &str) -> super::harness::Answer {
    house.post("/api/auth/signup", json!({ "email": email, "password": PASSWORD, "invite": invite })).await
}

async fn without_one_nobody_comes_in(db: store::Db) {
    for config in [
        Config { registration: Registration::Invite, ..House::config() },
        Config { post: Post::None, ..House::config() },
    ] {
        let house = House::configured(&db, config).await;
        let none = house.sign_up("stranger@example.org", PASSWORD).await;
        assert_eq!((none.status, none.code()), (403, "invite_required"));
        let made_up = join(&house, "stranger@example.org", &format!("invite_{}A", "A".repeat(42))).await;
        assert_eq!((made_up.status, made_up.code()), (410, "link_void"));
    }
}

async fn it_works_once_and_for_its_address(db: store::Db) {
    let house = House::with(&db, Registration::Invite).await;
    let owner = house.administrator().await;
    let (token, body) = invite(&house, &owner, json!({ "email": "Ann@example.org", "role": "admin" })).await;
    assert_eq!((body["email"].as_str(), body["role"].as_str()), (Some("Ann@example.org"), Some("admin")));
    assert!(
        house.letters_to("Ann@example.org").await[0].1.contains(&token),
        "where there is mail, a letter goes there"
    );
    let other = join(&house, "bob@example.org", &token).await;
    assert_eq!((other.status, other.code()), (403, "invite_required"));
    assert_eq!(join(&house, "ann@example.org", &token).await.status, 202);
    assert_eq!(join(&house, "ann@example.org", &token).await.code(), "link_void");
    house.settle().await;
    let verify = house.link_to("ann@example.org", "verify").await;
    assert_eq!(house.post("/api/auth/verify-email", json!({ "token": verify })).await.body["status"], "active");
    let ann = house.sign_in("ann@example.org").await;
    assert_eq!(house.me(&ann).await.body["user"]["role"], "admin");
    let (token, _) = invite(&house, &owner, json!({})).await;
    house.clock.advance(Duration::from_hours(7 * 24));
    assert_eq!(join(&house, "late@example.org", &token).await.code(), "link_void");
}

async fn without_mail_it_vouches_for_the_address(db: store::Db) {
    let house = House::configured(&db, Config { post: Post::None, ..House::config() }).await;
    let owner = house.administrator().await;
    let (token, _) = invite(&house, &owner, json!({})).await;
    assert_eq!(join(&house, "friend@example.org", &token).await.status, 202);
    house.settle().await;
    assert_eq!(house.log_in("friend@example.org", PASSWORD).await.status, 200);
    assert!(house.letters_to("friend@example.org").await.is_empty());
}

async fn a_taken_address_gives_it_back(db: store::Db) {
    let without = House::configured(&db, Config { post: Post::None, ..House::config() }).await;
    let owner = without.administrator().await;
    without.member("taken@example.org").await;
    for house in [without, House::open(&db).await] {
        let (token, _) = invite(&house, &owner, json!({})).await;
        assert_eq!(join(&house, "taken@example.org", &token).await.status, 202);
        house.settle().await;
        let email = format!("free{}@example.org", house.ambient.uuid());
        assert_eq!(join(&house, &email, &token).await.status, 202, "whoever held it can still use it");
    }
}

async fn it_is_listed_and_withdrawn(db: store::Db) {
    let house = House::open(&db).await;
    let owner = house.administrator().await;
    let (first, body) = invite(&house, &owner, json!({})).await;
    house.clock.advance(Duration::from_secs(1));
    invite(&house, &owner, json!({ "email": "b@example.org" })).await;
    let list = house.as_signed(&owner, Method::GET, "/api/auth/invitations", None).await;
    let items = list.body["items"].as_array().unwrap();
    assert_eq!((items.len(), items[0]["email"].as_str()), (2, Some("b@example.org")));
    assert!(!list.body.to_string().contains("invite_"), "the link is told once");
    let path = format!("/api/auth/invitations/{}", body["id"].as_str().unwrap());
    assert_eq!(house.as_signed(&owner, Method::DELETE, &path, None).await.status, 204);
    assert_eq!(house.as_signed(&owner, Method::DELETE, &path, None).await.status, 404);
    assert_eq!(join(&house, "c@example.org", &first).await.code(), "link_void");
}

async fn only_who_runs_it_invites(db: store::Db) {
    let house = House::open(&db).await;
    let owner = house.administrator().await;
    house.member("member@example.org").await;
    let member = house.sign_in("member@example.org").await;
    for (method, path) in [(Method::POST, "/api/auth/invitations"), (Method::GET, "/api/auth/approvals")] {
        let body = (method == Method::POST).then(|| json!({}));
        assert_eq!(house.send(method.clone(), path, &[], body.clone()).await.status, 401);
        let refused = house.as_signed(&member, method, path, body).await;
        assert_eq!((refused.status, refused.code()), (403, "administrators_only"));
    }
    for body in [json!({ "role": "owner" }), json!({ "email": "nobody" }), json!({ "role": "king" })] {
        let refused = house.as_signed(&owner, Method::POST, "/api/auth/invitations", Some(body)).await;
        assert_eq!(refused.status, 422);
    }
}
