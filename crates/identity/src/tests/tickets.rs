//! Tickets for sockets: once, for half a minute, for one purpose, from one network.

use super::harness::{House, Signed};
use guard::{Ended, Sender};
use http::Method;
use serde_json::json;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

store::conformance!(a_ticket_is_for_who_is_signed_in, a_ticket_opens_one_socket, a_socket_ends_with_its_session);

/// Somebody at an address of the network that [`House::send`] never uses.
fn sender(last: u8) -> Sender {
    Sender::new(IpAddr::V4(Ipv4Addr::new(198, 51, 100, last)), String::new())
}

/// Asks for a ticket from that network.
async fn ticket(house: &House, signed: &Signed, purpose: &str) -> String {
    let cookies = format!("__Host-sid={}; __Host-csrf={}", signed.sid, signed.csrf);
    let headers = [("cookie", cookies.as_str()), ("x-csrf-token", signed.csrf.as_str())];
    let body = json!({ "purpose": purpose });
    let from = Ipv4Addr::new(198, 51, 100, 7);
    let answer = house.send_from(from, Method::POST, "/api/ws/ticket", &headers, Some(body)).await;
    assert_eq!((answer.status, answer.body["expires_in"].as_u64()), (201, Some(30)), "{}", answer.body);
    answer.body["ticket"].as_str().unwrap().to_owned()
}

async fn a_ticket_is_for_who_is_signed_in(db: store::Db) {
    let house = House::open(&db).await;
    house.member("anna@example.org").await;
    let signed = house.sign_in("anna@example.org").await;
    let ask = json!({ "purpose": "rooms" });
    let nobody = house.post("/api/ws/ticket", ask.clone()).await;
    assert_eq!(nobody.status, 401);
    let cookies = format!("__Host-sid={}; __Host-csrf={}", signed.sid, signed.csrf);
    let forged = house.send(Method::POST, "/api/ws/ticket", &[("cookie", &cookies)], Some(ask.clone())).await;
    assert_eq!((forged.status, forged.code()), (403, "csrf_refused"));
    let unknown = house.as_signed(&signed, Method::POST, "/api/ws/ticket", Some(json!({ "purpose": "admin" }))).await;
    assert_eq!((unknown.status, &unknown.body["errors"][0]["code"]), (422, &json!("unknown_purpose")));
    let pair = house.tokens("anna@example.org").await;
    let token = pair["access_token"].as_str().unwrap();
    assert_eq!(house.with_token(Method::POST, "/api/ws/ticket", token, Some(ask.clone())).await.status, 201);
    let key = json!({ "name": "x", "scopes": ["identity:read", "identity:write"] });
    let made = house.as_signed(&signed, Method::POST, "/auth/api-keys", Some(key)).await;
    let key = made.body["key"].as_str().unwrap_or_else(|| panic!("{}", made.body)).to_owned();
    let refused = house.with_token(Method::POST, "/api/ws/ticket", &key, Some(ask)).await;
    assert_eq!((refused.status, refused.code()), (403, "not_with_an_api_key"));
    // A ticket is nothing anywhere else.
    let ticket = ticket(&house, &signed, "rooms").await;
    assert_eq!(house.with_token(Method::GET, "/api/auth/me", &ticket, None).await.status, 401);
    let cookie = format!("__Host-sid={ticket}");
    assert_eq!(house.send(Method::GET, "/api/auth/me", &[("cookie", &cookie)], None).await.status, 401);
}

async fn a_ticket_opens_one_socket(db: store::Db) {
    let house = House::open(&db).await;
    let user = house.member("anna@example.org").await;
    let signed = house.sign_in("anna@example.org").await;
    let redeem = async |ticket: &str, purpose: &str, sender: &Sender| {
        house.identity.redeem_ticket(ticket, purpose, sender).await.unwrap().map(|caller| caller.user_id)
    };
    let good = ticket(&house, &signed, "rooms").await;
    house.clock.advance(Duration::from_secs(29));
    assert_eq!(redeem(&good, "rooms", &sender(9)).await, Some(user.id), "the same network");
    assert_eq!(redeem(&good, "rooms", &sender(9)).await, None, "used");
    let late = ticket(&house, &signed, "rooms").await;
    house.clock.advance(Duration::from_secs(31));
    assert_eq!(redeem(&late, "rooms", &sender(7)).await, None, "too late");
    let other = ticket(&house, &signed, "live").await;
    assert_eq!(redeem(&other, "rooms", &sender(7)).await, None, "for something else");
    assert_eq!(redeem(&other, "live", &sender(7)).await, None, "and void since");
    let elsewhere = Sender::new(IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7)), String::new());
    let stolen = ticket(&house, &signed, "rooms").await;
    assert_eq!(redeem(&stolen, "rooms", &elsewhere).await, None, "another network");
    assert_eq!(redeem("ticket_nonsense", "rooms", &sender(7)).await, None);
    // Twenty at once: one.
    let raced = ticket(&house, &signed, "rooms").await;
    let sender = sender(7);
    let tries = (0..20).map(|_| redeem(&raced, "rooms", &sender));
    let opened = futures_util::future::join_all(tries).await.into_iter().flatten().count();
    assert_eq!(opened, 1);
    let after = ticket(&house, &signed, "rooms").await;
    assert_eq!(house.log_out(&signed).await.status, 204);
    assert_eq!(redeem(&after, "rooms", &sender).await, None, "its session is over");
    house.clock.advance(Duration::from_mins(1));
    house.identity.sweep().await.unwrap();
    store::row! { struct Count { n: i64 } }
    let left = store::Sql::same("select count(*) as n from ws_tickets");
    let left: Count = db.lookup().await.unwrap().sql(left).one().await.unwrap();
    assert_eq!(left.n, 0);
}

async fn a_socket_ends_with_its_session(db: store::Db) {
    let house = House::open(&db).await;
    let user = house.member("anna@example.org").await;
    let port = house.identity.port();
    let one = house.sign_in("anna@example.org").await;
    let two = house.sign_in("anna@example.org").await;
    let opened = async |signed: &Signed| {
        let ticket = ticket(&house, signed, "rooms").await;
        house.identity.redeem_ticket(&ticket, "rooms", &sender(7)).await.unwrap().unwrap()
    };
    let (first, second) = (opened(&one).await, opened(&two).await);
    let mut told = port.ended().unwrap();
    assert!(port.still(&first).await.unwrap() && port.still(&second).await.unwrap());
    house.log_out(&one).await;
    assert_eq!(told.recv().await.unwrap(), Ended::Session(first.session_id));
    assert!(!port.still(&first).await.unwrap() && port.still(&second).await.unwrap());
    let path = format!("/api/auth/sessions/{}", second.session_id);
    let three = house.sign_in("anna@example.org").await;
    assert_eq!(house.as_signed(&three, Method::DELETE, &path, None).await.status, 204);
    assert!(!port.still(&second).await.unwrap());
    let third = opened(&three).await;
    house.as_signed(&three, Method::POST, "/api/auth/sessions/revoke-all", Some(json!({}))).await;
    assert!(!port.still(&third).await.unwrap());
    let mut all = Vec::new();
    while let Ok(one) = told.try_recv() {
        all.push(one);
    }
    assert!(all.contains(&Ended::Session(second.session_id)) && all.contains(&Ended::User(user.id)), "{all:?}");
    // Told by nobody, because another process ended it: the question finds it all the same.
    let four = house.sign_in("anna@example.org").await;
    let fourth = opened(&four).await;
    let other = House::at(&db, house.clock.clone()).await;
    other.log_out(&four).await;
    house.clock.advance(Duration::from_secs(2));
    assert!(!port.still(&fourth).await.unwrap());
}
