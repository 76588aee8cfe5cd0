//! Limits that two instances of one installation share through a real Redis, and what becomes of them without it (A1-S1).

use crate::app::TestApp;
use crate::client::Client;
use crate::recordings::tone;
use crate::redis::{self, Server};
use kernel::Secret;
use serde_json::json;
use std::time::Duration;

/// Nothing comes back while a busy machine hashes; half of it is two.
const FIVE: (&str, &str) = ("RATE_LIMIT_SIGN_IN_BY_ADDRESS", "5/3600");

/// All tries are for one account, whose own limit is not what is looked at.
const MANY: (&str, &str) = ("RATE_LIMIT_SIGN_IN_BY_ACCOUNT", "1000/60");

/// Where people reach them: a balancer, which is not there. What is signed for it is good at each.
pub(crate) const ORIGIN: &str = "http://localhost:8080";

/// Two instances on one PostgreSQL and one Redis.
pub(crate) async fn two(redis: &Secret<String>, more: &[(&str, &str)]) -> (TestApp, TestApp) {
    let database = store::testing::postgres_empty().await.url.expect("a database of PostgreSQL has an address");
    // Made up, and of this database alone, so that tests on one Redis do not count together.
    let secret = format!("made up for two instances of one installation {}", database.expose());
    let ours = [("SECRET_KEY", secret.as_str()), ("REDIS_URL", redis.expose().as_str()), ("PUBLIC_URL", ORIGIN)];
    let settings = [&ours[..], more].concat();
    (TestApp::instance(database.expose(), &settings).await, TestApp::instance(database.expose(), &settings).await)
}

/// A wrong password: the status of the answer.
async fn guess(client: &Client) -> u16 {
    let body = json!({"email": "nobody@mind.example", "password": "not the right one at all"});
    let answer = client.post("/api/auth/login", &body).await;
    let status = answer.status;
    answer.problem(status, if status == 401 { "invalid_credentials" } else { "too_many_requests" });
    status
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sixth_login_of_two_instances_in_turn_is_refused() {
    let (one, two) = two(&redis::url(), &[FIVE, MANY]).await;
    let here = Client::anonymous(&one.base);
    let there = here.at(&two.base);
    for number in 0..5 {
        assert_eq!(guess(if number % 2 == 0 { &here } else { &there }).await, 401, "{number}");
    }
    assert_eq!((guess(&here).await, guess(&there).await), (429, 429));
    assert_eq!(guess(&Client::anonymous(&two.base)).await, 401, "a neighbour is not refused");
    one.end().await;
    two.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sound_is_one_budget_for_two_instances() {
    let (one, two) = two(&redis::url(), &[("RATE_LIMIT_AUDIO", "3/3600")]).await;
    let here = one.member().await;
    let there = here.at(&two.base);
    let send = async |client: &Client| client.upload("/api/recordings", &[], "tone.wav", tone()).await;
    for client in [&here, &there, &here] {
        send(client).await.expect(201);
    }
    for client in [&there, &here] {
        let refused = send(client).await;
        assert_eq!(refused.header("ratelimit-policy"), "\"audio\";q=3;w=3600");
        refused.problem(429, "too_many_requests");
    }
    one.end().await;
    two.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_every_instance_lets_half_through_until_it_is_back() {
    let mut server = Server::start().await;
    let (one, two) = two(&server.url(), &[FIVE, MANY]).await;
    let spent = Client::anonymous(&one.base);
    for _ in 0..5 {
        assert_eq!(guess(&spent).await, 401);
    }
    server.kill();
    assert_eq!(guess(&spent).await, 429, "what was spent before stays spent");
    for app in [&one, &two] {
        let fresh = Client::anonymous(&app.base);
        let mut looked_at = 0;
        for _ in 0..5 {
            looked_at += usize::from(guess(&fresh).await == 401);
        }
        assert_eq!(looked_at, 2, "half of five");
    }
    server.again().await;
    // It is found again within a moment: then there is room for more than half.
    let mut healed = None;
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let fresh = Client::anonymous(&one.base);
        let looked_at = [guess(&fresh).await, guess(&fresh).await, guess(&fresh).await];
        if looked_at == [401; 3] {
            healed = Some(fresh);
            break;
        }
    }
    let here = healed.expect("Redis is found again");
    let there = here.at(&two.base);
    // The other instance finds it by itself as well.
    for _ in 0..20 {
        let fresh = Client::anonymous(&two.base);
        if [guess(&fresh).await, guess(&fresh).await, guess(&fresh).await] == [401; 3] {
            break;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    assert_eq!((guess(&there).await, guess(&here).await, guess(&there).await), (401, 401, 429));
    one.end().await;
    two.end().await;
}
