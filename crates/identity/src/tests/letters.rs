//! Letters that really go out: through the queue, over a socket, to a mail server that speaks.

use super::harness::{House, PASSWORD};
use super::sink::Sink;
use crate::errands::BEGUN_WITHIN;
use crate::{Config, Deliver, Errands, Post};
use kernel::{Secret, Timestamp};
use mail::{Settings, Smtp};
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::jobs::{Pace, Runner, Running};

store::conformance!(
    a_sign_up_is_a_letter_and_nothing_is_kept,
    a_server_that_asks_for_patience_gets_it_with_the_same_letter,
    a_server_that_goes_away_is_left_alone_and_loses_no_letter,
    what_is_refused_for_good_is_given_up,
    nothing_goes_out_before_it_is_committed,
    an_errand_begins_at_a_moment_left_to_chance,
);

async fn house(db: &store::Db, sink: &Sink) -> House {
    let url = Secret::new(format!("smtp://127.0.0.1:{}", sink.port));
    let settings = Settings::from_url(&url, "MindVibe <mind@example.org>").unwrap();
    let post = Post::Smtp(Arc::new(Smtp::new(settings, "mind.example").unwrap()));
    House::configured(db, Config { post, ..House::config() }).await
}

async fn run(house: &House) -> Running {
    let ms = Duration::from_millis;
    Runner::new(house.identity.db.clone(), house.ambient.clone())
        .register(Deliver(house.identity.clone()))
        .register(Errands(house.identity.clone()))
        .pace(Pace { poll: ms(20), lease: Duration::from_mins(1), heartbeat: ms(500) })
        .start()
        .await
        .unwrap()
}

async fn wait(what: &str, mut done: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !done().await {
        assert!(begun.elapsed() < Duration::from_secs(20), "{what} does not happen");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn mails(house: &House) -> i64 {
    store::row! { struct Count { n: i64 } }
    let count = store::Sql::same("select count(*) as n from mails");
    house.identity.db.lookup().await.unwrap().sql(count).one::<Count>().await.unwrap().n
}

async fn jobs(house: &House, state: &str) -> i64 {
    store::row! { struct Count { n: i64 } }
    let count = store::Sql::same("select count(*) as n from jobs where kind = 'identity.mail' and state = $1");
    house.identity.db.lookup().await.unwrap().sql(count).bind(state.to_owned()).one::<Count>().await.unwrap().n
}

async fn a_sign_up_is_a_letter_and_nothing_is_kept(db: store::Db) {
    let sink = Sink::start(None).await;
    let house = house(&db, &sink).await;
    let running = run(&house).await;
    assert_eq!(house.sign_up("zoe@example.org", PASSWORD).await.status, 202);
    house.clock.advance(BEGUN_WITHIN);
    wait("a letter", async || !sink.taken().is_empty()).await;
    let letter = sink.taken()[0].clone();
    assert_eq!(letter.to, ["<zoe@example.org>"]);
    let text = letter.data.replace("=\r\n", "").replace("=3D", "=");
    let token = text.split("/verify#").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    let verified = house.post("/api/auth/verify-email", json!({ "token": token })).await;
    assert_eq!(verified.status, 200, "{token} {}", verified.body);
    wait("an empty queue", async || mails(&house).await == 0).await;
    assert_eq!(house.log_in("zoe@example.org", PASSWORD).await.status, 200);
    running.shutdown(Duration::from_secs(5)).await;
}

async fn a_server_that_asks_for_patience_gets_it_with_the_same_letter(db: store::Db) {
    let sink = Sink::start(None).await;
    let house = house(&db, &sink).await;
    house.member("later@example.org").await;
    sink.state.lock().unwrap().refusals.extend(["451 later", "450 later"]);
    let running = run(&house).await;
    house.post("/api/auth/password-reset", json!({ "email": "later@example.org" })).await;
    house.clock.advance(BEGUN_WITHIN);
    wait("a first try", async || sink.state.lock().unwrap().refusals.len() == 1).await;
    wait("a pause", async || jobs(&house, "ready").await == 1).await;
    assert_eq!(mails(&house).await, 1, "it waits");
    house.clock.advance(Duration::from_secs(20));
    wait("a second try", async || sink.state.lock().unwrap().refusals.is_empty()).await;
    wait("a pause", async || jobs(&house, "ready").await == 1).await;
    assert_eq!(sink.taken(), []);
    house.clock.advance(Duration::from_secs(40));
    wait("a letter", async || sink.taken().len() == 1).await;
    wait("an empty queue", async || mails(&house).await == 0).await;
    running.shutdown(Duration::from_secs(5)).await;
}

async fn a_server_that_goes_away_is_left_alone_and_loses_no_letter(db: store::Db) {
    let sink = Sink::start(None).await;
    let house = house(&db, &sink).await;
    house.member("patient@example.org").await;
    sink.state.lock().unwrap().refusals.extend(["421 closing", "421 closing", "421 closing"]);
    let running = run(&house).await;
    house.post("/api/auth/password-reset", json!({ "email": "patient@example.org" })).await;
    house.clock.advance(BEGUN_WITHIN);
    let way = house.identity.breakers()[0].clone();
    for (failed, pause) in [(1, 20), (2, 40), (3, 80)] {
        wait("a try", async || way.snapshot().failed == failed).await;
        wait("a pause", async || jobs(&house, "ready").await == 1).await;
        assert_eq!(mails(&house).await, 1, "it waits");
        assert_eq!(way.snapshot().state.name(), if failed == 3 { "open" } else { "closed" });
        house.clock.advance(Duration::from_secs(pause));
    }
    wait("a letter", async || sink.taken().len() == 1).await;
    wait("an empty queue", async || mails(&house).await == 0).await;
    assert_eq!((way.snapshot().target.as_str(), way.snapshot().state.name()), ("smtp", "closed"));
    running.shutdown(Duration::from_secs(5)).await;
}

async fn what_is_refused_for_good_is_given_up(db: store::Db) {
    let sink = Sink::start(None).await;
    let house = house(&db, &sink).await;
    house.member("gone@example.org").await;
    sink.state.lock().unwrap().refusals.extend(["550 nobody here"]);
    let running = run(&house).await;
    house.post("/api/auth/password-reset", json!({ "email": "gone@example.org" })).await;
    house.clock.advance(BEGUN_WITHIN);
    wait("a failure", async || jobs(&house, "failed").await == 1).await;
    assert_eq!(mails(&house).await, 0, "what will not be sent is not kept");
    house.clock.advance(Duration::from_hours(1));
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!((sink.taken().len(), sink.state.lock().unwrap().connections), (0, 1), "nobody asks again");
    running.shutdown(Duration::from_secs(5)).await;
}

async fn nothing_goes_out_before_it_is_committed(db: store::Db) {
    let sink = Sink::start(None).await;
    let house = house(&db, &sink).await;
    let user = house.member("commit@example.org").await;
    let running = run(&house).await;
    let mut tx = db.begin().await.unwrap();
    house.identity.notify(&mut tx, user.id, crate::notices::Notice::PasswordChanged).await.unwrap();
    drop(tx);
    let mut tx = db.begin().await.unwrap();
    house.identity.notify(&mut tx, user.id, crate::notices::Notice::RefreshReused).await.unwrap();
    tx.commit().await.unwrap();
    wait("a letter", async || !sink.taken().is_empty()).await;
    assert!(sink.taken().len() == 1 && sink.taken()[0].data.contains("A device was signed out"));
    running.shutdown(Duration::from_secs(5)).await;
}

async fn an_errand_begins_at_a_moment_left_to_chance(db: store::Db) {
    store::row! { struct Begins { run_at: Timestamp } }
    let sink = Sink::start(None).await;
    let house = house(&db, &sink).await;
    for number in 0..8 {
        house.post("/api/auth/password-reset", json!({ "email": format!("nobody-{number}@example.org") })).await;
    }
    let all = store::Sql::same("select run_at from jobs where kind = 'identity.errand' order by run_at");
    let begins: Vec<Begins> = db.lookup().await.unwrap().sql(all).all().await.unwrap();
    // The clock of the house stands still.
    let now = house.ambient.now();
    assert_eq!(begins.len(), 8);
    assert!(begins.iter().all(|one| one.run_at >= now && one.run_at <= now.plus(BEGUN_WITHIN)));
    let spread = begins[7].run_at.since(begins[0].run_at);
    assert!(spread > BEGUN_WITHIN / 20, "eight of them within {spread:?}");
}
