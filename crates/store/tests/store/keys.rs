//! The key store: apart from the data, useless without `SECRET_KEY`, and gone when it is told to.

use kernel::{Ambient, Clock, ManualClock, Secret, SystemClock, SystemRng, UserId};
use seal::{Aad, KeyEncryptionRing};
use std::sync::Arc;
use std::time::Duration;
use store::Error;
use store::keys::KeyStore;
use store::testing::{self, Temporary};

fn secret(text: &str) -> Secret<String> {
    Secret::new(format!("{text} is thirty-two bytes or longer"))
}

fn ring(current: &str, previous: &[&str]) -> KeyEncryptionRing {
    let previous: Vec<_> = previous.iter().map(|text| secret(text)).collect();
    KeyEncryptionRing::new(&secret(current), &previous).unwrap()
}

async fn open(temporary: &Temporary, ring: KeyEncryptionRing) -> store::Result<KeyStore> {
    KeyStore::open(temporary.settings(), &temporary.db(), ring, Ambient::system()).await
}

/// Empty on both engines: PostgreSQL's template already holds a key store, under the secret of all tests.
async fn both() -> Vec<Temporary> {
    vec![testing::sqlite().await, testing::postgres_without_keys().await]
}

const fn place(user: UserId) -> Aad {
    Aad { table: "moods", row: uuid::Uuid::nil(), column: "body", user: user.uuid() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_comes_back_and_is_the_same() {
    for temporary in both().await {
        let user: UserId = Ambient::system().id();
        let keys = open(&temporary, ring("first", &[])).await.unwrap();
        assert_eq!(keys.of(user).await.err(), Some(Error::NoKey));
        let sealed = keys.create(user).await.unwrap().seal(&place(user), b"canary", &SystemRng);
        assert_eq!(keys.create(user).await.err(), Some(Error::Unique("data_keys_pkey".into())));
        let server = keys.server_key("csrf").await.unwrap();
        assert_ne!(keys.server_key("pepper").await.unwrap().expose(), server.expose());
        keys.close().await;

        let keys = open(&temporary, ring("first", &[])).await.unwrap();
        let opened = keys.of(user).await.unwrap().open(&place(user), &sealed).unwrap();
        assert_eq!(&**opened, b"canary");
        assert_eq!(keys.server_key("csrf").await.unwrap().expose(), server.expose());
        keys.close().await;
        temporary.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_secret_key_is_refused() {
    for temporary in both().await {
        open(&temporary, ring("first", &[])).await.unwrap().close().await;
        for wrong in [ring("second", &[]), ring("second", &["third"])] {
            assert_eq!(open(&temporary, wrong).await.err(), Some(Error::WrongSecretKey));
        }
        open(&temporary, ring("first", &[])).await.unwrap().close().await;
        temporary.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_secret_key_takes_over_when_the_old_one_is_named() {
    for temporary in both().await {
        let keys = open(&temporary, ring("first", &[])).await.unwrap();
        let users: Vec<UserId> = (0..300).map(|_| Ambient::system().id()).collect(); // more than a page
        let mut sealed = Vec::new();
        for user in &users {
            sealed.push(keys.create(*user).await.unwrap().seal(&place(*user), b"canary", &SystemRng));
        }
        let server = keys.server_key("csrf").await.unwrap();
        keys.close().await;

        open(&temporary, ring("second", &["first"])).await.unwrap().close().await;
        // The old one is not needed any more, and opens nothing any more.
        assert_eq!(open(&temporary, ring("first", &[])).await.err(), Some(Error::WrongSecretKey));
        let keys = open(&temporary, ring("second", &[])).await.unwrap();
        for (user, sealed) in users.iter().zip(&sealed) {
            assert_eq!(&**keys.of(*user).await.unwrap().open(&place(*user), sealed).unwrap(), b"canary");
        }
        assert_eq!(keys.server_key("csrf").await.unwrap().expose(), server.expose());
        keys.close().await;
        temporary.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destroyed_key_is_gone() {
    for temporary in both().await {
        let keys = open(&temporary, ring("first", &[])).await.unwrap();
        let (user, other): (UserId, UserId) = (Ambient::system().id(), Ambient::system().id());
        keys.create(user).await.unwrap();
        keys.create(other).await.unwrap();
        keys.of(user).await.unwrap();
        keys.destroy(user).await.unwrap();
        keys.destroy(user).await.unwrap();
        assert_eq!(keys.of(user).await.err(), Some(Error::NoKey), "the cache still had it");
        keys.of(other).await.unwrap();
        keys.close().await;
        temporary.end().await;
    }
}

/// Not only unlinked: the bytes of the wrapped key are in no file any more, the log included.
#[tokio::test(flavor = "multi_thread")]
async fn a_destroyed_key_is_in_no_file() {
    let temporary = testing::sqlite().await;
    let keys = open(&temporary, ring("first", &[])).await.unwrap();
    let user: UserId = Ambient::system().id();
    keys.create(user).await.unwrap();
    let dir = &temporary.settings().data_dir;
    let found = || {
        let files = std::fs::read_dir(dir).unwrap().map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
        files.filter(|bytes| bytes.windows(16).any(|window| window == user.uuid().as_bytes())).count()
    };
    assert!(found() > 0, "the row is found by its user id, next to which the key lies");
    keys.destroy(user).await.unwrap();
    assert_eq!(found(), 0);
    keys.close().await;
    temporary.end().await;
}

/// Two processes share a PostgreSQL key store: what one destroys, the other forgets within a minute.
#[tokio::test(flavor = "multi_thread")]
async fn another_process_notices_within_a_minute() {
    let temporary = testing::postgres_without_keys().await;
    let clock = Arc::new(ManualClock::new(SystemClock.now()));
    let ambient = Ambient { clock: clock.clone(), rng: Arc::new(SystemRng) };
    let here = open(&temporary, ring("first", &[])).await.unwrap();
    let there = KeyStore::open(temporary.settings(), &temporary.db(), ring("first", &[]), ambient).await.unwrap();
    let user: UserId = Ambient::system().id();
    here.create(user).await.unwrap();
    there.of(user).await.unwrap();
    here.destroy(user).await.unwrap();
    assert!(there.of(user).await.is_ok(), "it is still in memory there");
    clock.advance(Duration::from_mins(1));
    assert_eq!(there.of(user).await.err(), Some(Error::NoKey));
    temporary.end().await;
}

/// Five that start together make one set of server keys.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_key_is_made_once() {
    for temporary in both().await {
        let keys = open(&temporary, ring("first", &[])).await.unwrap();
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let keys = keys.clone();
                tokio::spawn(async move { *keys.server_key("csrf").await.unwrap().expose() })
            })
            .collect();
        let mut all = Vec::new();
        for task in tasks {
            all.push(task.await.unwrap());
        }
        all.dedup();
        assert_eq!(all.len(), 1);
        keys.close().await;
        temporary.end().await;
    }
}
