//! The counters on a real Redis, by several instances, and without one.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod support;

use kernel::{Ambient, Secret};
use relay::{Away, Bucket, Relay, Taken};
use std::num::NonZeroU32;
use std::time::Duration;
use support::Server;

/// Two instances of one installation: the same key, which no other test has.
async fn two(url: &Secret<String>) -> (Relay, Relay) {
    let key = Ambient::system().bytes::<32>();
    let open = async || Relay::open(url, Secret::new(key)).await.unwrap();
    (open().await, open().await)
}

fn bucket(key: &str, most: u32, seconds: u64) -> Bucket<'_> {
    let (most, period) = (NonZeroU32::new(most).unwrap(), Duration::from_secs(seconds));
    Bucket { class: "test", key, most, period, amount: NonZeroU32::MIN }
}

async fn one(relay: &Relay, bucket: Bucket<'_>) -> Result<Taken, Away> {
    Ok(relay.take(&[bucket]).await?[0])
}

#[tokio::test]
async fn the_sixth_of_two_instances_in_turn_waits() {
    let (a, b) = two(&support::url()).await;
    let five = bucket("192.0.2.1", 5, 60);
    for left in (0..5).rev() {
        let relay = if left % 2 == 0 { &a } else { &b };
        assert_eq!(one(relay, five).await, Ok(Taken { remaining: left, wait: None }));
    }
    for relay in [&a, &b] {
        let refused = one(relay, five).await.unwrap();
        let wait = refused.wait.expect("it is empty");
        assert!(refused.remaining == 0 && wait <= Duration::from_secs(12) && wait > Duration::from_secs(9), "{wait:?}");
    }
    assert_eq!(
        one(&a, bucket("192.0.2.2", 5, 60)).await.unwrap().remaining,
        4,
        "a neighbour has a bucket of their own"
    );
}

#[tokio::test]
async fn what_was_taken_comes_back_one_by_one() {
    let (a, b) = two(&support::url()).await;
    // Four a second: one every 250 ms.
    let four = bucket("quick", 4, 1);
    for _ in 0..4 {
        assert_eq!(one(&a, four).await.unwrap().wait, None);
    }
    let wait = one(&b, four).await.unwrap().wait.expect("it is empty");
    tokio::time::sleep(wait).await;
    assert_eq!(one(&b, four).await.unwrap().wait, None, "who waits as long as told is let in");
    assert!(one(&a, four).await.unwrap().wait.is_some(), "and only one has come back");
}

#[tokio::test]
async fn from_several_buckets_all_is_taken_or_nothing() {
    let (a, _) = two(&support::url()).await;
    let (wide, narrow) = (bucket("wide", 100, 60), bucket("narrow", 2, 60));
    for _ in 0..2 {
        assert!(a.take(&[wide, narrow]).await.unwrap().iter().all(|taken| taken.wait.is_none()));
    }
    let refused = a.take(&[wide, narrow]).await.unwrap();
    assert!(refused[0].wait.is_none() && refused[1].wait.is_some(), "{refused:?}");
    assert_eq!(one(&a, wide).await.unwrap().remaining, 97, "a refused call took nothing");
}

#[tokio::test]
async fn as_many_are_taken_as_are_asked_for_or_none() {
    let (a, b) = two(&support::url()).await;
    // One comes back every six minutes: none does while this runs.
    let ten = |amount| Bucket { amount: NonZeroU32::new(amount).unwrap(), ..bucket("seconds", 10, 3600) };
    assert_eq!(one(&a, ten(4)).await, Ok(Taken { remaining: 6, wait: None }));
    let wait = one(&b, ten(8)).await.unwrap().wait.expect("six are less than eight");
    assert!(wait <= Duration::from_mins(12) && wait > Duration::from_mins(11), "two are missing: {wait:?}");
    assert_eq!(one(&a, ten(6)).await, Ok(Taken { remaining: 0, wait: None }), "what was refused took nothing");
    assert!(one(&b, ten(1)).await.unwrap().wait.is_some());
}

#[tokio::test]
async fn parallel_calls_never_get_more_than_there_is() {
    let (a, b) = two(&support::url()).await;
    let (a, b) = (std::sync::Arc::new(a), std::sync::Arc::new(b));
    let calls: Vec<_> = (0..100)
        .map(|number| {
            let relay = if number % 2 == 0 { a.clone() } else { b.clone() };
            tokio::spawn(async move { one(&relay, bucket("parallel", 10, 3600)).await.unwrap().wait.is_none() })
        })
        .collect();
    let mut let_in = 0;
    for call in calls {
        let_in += u32::from(call.await.unwrap());
    }
    assert_eq!(let_in, 10);
}

#[tokio::test]
async fn away_is_said_at_once_and_mends_by_itself() {
    let mut server = Server::start().await;
    let (a, _) = two(&server.url()).await;
    assert!(a.is_present() && one(&a, bucket("x", 5, 60)).await.is_ok());
    server.kill();
    assert_eq!(one(&a, bucket("x", 5, 60)).await, Err(Away));
    let began = std::time::Instant::now();
    for _ in 0..100 {
        assert_eq!(one(&a, bucket("x", 5, 60)).await, Err(Away));
    }
    assert!(began.elapsed() < Duration::from_millis(500), "nobody waits for what is away: {:?}", began.elapsed());
    server.again().await;
    for _ in 0..100 {
        if a.is_present() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(one(&a, bucket("x", 5, 60)).await.unwrap().remaining, 4, "a Redis that comes back is empty");
}

#[tokio::test]
async fn who_begins_without_redis_finds_it_later() {
    let mut server = Server::start().await;
    server.kill();
    let (a, _) = two(&server.url()).await;
    assert!(!a.is_present());
    server.again().await;
    for _ in 0..100 {
        if a.is_present() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(one(&a, bucket("x", 5, 60)).await.is_ok());
}
