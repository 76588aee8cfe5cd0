//! What it costs to recognise who asks: one indexed read, and none for the next two seconds.

use super::harness::House;
use super::keys;
use guard::{Presented, Sender};
use kernel::Secret;
use std::net::Ipv4Addr;
use std::time::Duration;

store::conformance!(a_request_costs_one_read_and_the_next_none);

async fn a_request_costs_one_read_and_the_next_none(db: store::Db) {
    let house = House::open(&db).await;
    house.member("cost@example.org").await;
    let signed = house.sign_in("cost@example.org").await;
    let tokens = house.tokens("cost@example.org").await;
    let access = tokens["access_token"].as_str().unwrap();
    let key = keys::made(&house, access, &[]).await["key"].as_str().unwrap().to_owned();
    // Another process, which has seen none of them.
    let cold = House::at(&db, house.clock.clone()).await;
    let (port, sender) = (cold.identity.port(), Sender::new(Ipv4Addr::LOCALHOST.into(), String::new()));
    let secret = |text: &str| Secret::new(text.to_owned());
    for (kind, presented) in [
        ("session", Presented::Session(secret(&signed.sid))),
        ("access token", Presented::Token(secret(access))),
        ("API key", Presented::ApiKey(secret(&key))),
    ] {
        for (moment, most) in [("cold", 1), ("warm", 0), ("after two seconds", 1), ("warm again", 0)] {
            if moment == "after two seconds" {
                house.clock.advance(Duration::from_secs(2));
            }
            let before = db.stats().reads();
            assert!(port.resolve(&presented, &sender).await.unwrap().is_some(), "{kind}, {moment}");
            let reads = db.stats().reads() - before;
            assert!(reads <= most, "{kind}, {moment}: {reads} reads");
            assert!(most == 0 || reads == 1, "{kind}, {moment}: an end elsewhere would not be noticed");
        }
    }
}
