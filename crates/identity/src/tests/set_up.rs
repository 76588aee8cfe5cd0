//! Becoming the owner.

use super::harness::{House, PASSWORD};
use crate::Registration;
use crate::accounts::{Draft, NewUser, Stored};
use guard::Role;
use http::Method;
use kernel::Secret;
use serde_json::json;
use std::time::Duration;

store::conformance!(
    the_code_makes_one_owner,
    two_at_once_make_one_owner,
    the_database_holds_one_owner,
    a_code_is_refused_when_it_must_be,
    the_command_line_makes_accounts,
);

async fn the_code_makes_one_owner(db: store::Db) {
    let house = House::open(&db).await;
    let status = async || house.send(Method::GET, "/api/setup", &[], None).await.body;
    assert_eq!(status().await, json!({ "needed": true, "code_required": true }));
    assert_eq!(house.set_up("0000-0000-0000").await.code(), "setup_code_refused", "none was issued");
    let code = house.identity.issue_setup_code().await.unwrap().unwrap();
    // A password that is refused does not use the code up.
    let weak =
        json!({ "code": code.expose(), "email": "o@example.org", "password": "Qwerty123!", "display_name": "O" });
    let refused = house.post("/api/setup", weak).await;
    assert_eq!((refused.status, refused.body["errors"][0]["code"].as_str()), (422, Some("too_guessable")));
    let answer = house.set_up(code.expose()).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.body["user"]["role"], "owner");
    assert_eq!(answer.body["user"]["display_name"], "Olga");
    assert!(answer.cookie("__Host-sid").unwrap().starts_with("sid_"));
    let again = house.set_up(code.expose()).await;
    assert_eq!((again.status, again.code()), (409, "setup_done"));
    assert_eq!(status().await, json!({ "needed": false, "code_required": true }));
    assert!(house.identity.issue_setup_code().await.unwrap().is_none());
    assert_eq!(house.log_in("owner@example.org", PASSWORD).await.status, 200);
}

async fn two_at_once_make_one_owner(db: store::Db) {
    let house = House::open(&db).await;
    let code = house.identity.issue_setup_code().await.unwrap().unwrap();
    let other = |number: u8| {
        let email = format!("owner{number}@example.org");
        let body = json!({ "code": code.expose(), "email": email, "password": PASSWORD, "display_name": "O" });
        house.post("/api/setup", body)
    };
    let (first, second) = tokio::join!(other(1), other(2));
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
}

async fn the_database_holds_one_owner(db: store::Db) {
    // Two processes, each with a code of its own.
    let (here, there) = (House::open(&db).await, House::open(&db).await);
    let draft =
        |email| Draft::new(crate::PasswordMode::TwoRoad, email, None, Secret::new(PASSWORD.to_owned())).unwrap();
    let first = here.identity.store_account(draft("a@example.org"), Role::Owner).await.unwrap();
    let second = there.identity.store_account(draft("b@example.org"), Role::Owner).await.unwrap();
    assert!(matches!((first, second), (Stored::Made(_), Stored::Owned)));
}

async fn a_code_is_refused_when_it_must_be(db: store::Db) {
    let house = House::open(&db).await;
    let code = house.identity.issue_setup_code().await.unwrap().unwrap();
    house.clock.advance(Duration::from_mins(30));
    let late = house.set_up(code.expose()).await;
    assert_eq!((late.status, late.code()), (403, "setup_code_refused"));
    let code = house.identity.issue_setup_code().await.unwrap().unwrap();
    for _ in 0..10 {
        assert_eq!(house.set_up("ZZZZ-ZZZZ-ZZZZ").await.code(), "setup_code_refused");
    }
    assert_eq!(house.set_up(code.expose()).await.code(), "setup_code_refused", "ten wrong ones killed it");
    assert!(!house.identity.has_owner().await.unwrap());
}

async fn the_command_line_makes_accounts(db: store::Db) {
    let house = House::with(&db, Registration::Closed).await;
    let new = |email: &str, password: &str, role| NewUser {
        email: email.to_owned(),
        password: Secret::new(password.to_owned()),
        display_name: None,
        role,
    };
    let admin = house.identity.create_user(new("Anna@example.org", PASSWORD, Role::Admin)).await.unwrap();
    assert_eq!((admin.role, admin.display_name.as_str()), (Role::Admin, "Anna"));
    house.identity.keys.of(admin.id).await.unwrap();
    assert_eq!(house.log_in("anna@example.org", PASSWORD).await.status, 200, "active at once, before an owner exists");
    for (email, password, role, field, code) in [
        ("ANNA@example.org", PASSWORD, Role::Member, "email", "taken"),
        ("nobody", PASSWORD, Role::Member, "email", "invalid"),
        ("b@example.org", "short", Role::Member, "password", "too_short"),
        ("b@example.org", PASSWORD, Role::Owner, "role", "invalid"),
    ] {
        let fault = house.identity.create_user(new(email, password, role)).await.unwrap_err();
        assert_eq!((fault.fields()[0].field.as_ref(), fault.fields()[0].code), (field, code));
    }
    let closed = house.sign_up("stranger@example.org", PASSWORD).await;
    assert_eq!((closed.status, closed.code()), (403, "registration_closed"));
}
