//! Idempotency keys, on both engines.

use kernel::{Ambient, Clock, Kind, ManualClock, SystemClock, SystemRng, UserId};
use seal::DataKey;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use store::once::{KEPT_FOR, Once};
use store::{Db, Sql, testing};

store::conformance!(
    a_repetition_gets_the_same_answer,
    another_request_under_the_same_key_is_refused,
    keys_belong_to_one_person_and_one_route,
    an_abandoned_request_gives_the_key_back,
    two_at_once_do_it_once,
    a_key_is_forgotten_after_thirty_days,
    what_is_kept_is_sealed,
);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Answer {
    text: String,
}

#[derive(Clone)]
struct Caller {
    db: Db,
    user: UserId,
    key: Arc<DataKey>,
    ambient: Ambient,
}

impl Caller {
    async fn new(db: &Db) -> Self {
        let key = Arc::new(DataKey::generate(1, &SystemRng));
        Self { db: db.clone(), user: testing::user(db).await, key, ambient: Ambient::system() }
    }

    fn once(&self, key: &str, route: &'static str, request: &str) -> Once {
        Once::new(Some(key), route, self.user, self.key.clone(), &request, &self.ambient).unwrap()
    }

    /// As a handler does it; the answer tells whether the work was done now.
    async fn ask(&self, key: &str, route: &'static str, request: &str) -> Result<(bool, String), kernel::Fault> {
        let mut once = self.once(key, route, request);
        let mut tx = self.db.begin().await?;
        if let Some(Answer { text }) = once.replay(&mut tx).await? {
            return Ok((false, text));
        }
        let text = format!("answer to {request}");
        once.keep(&mut tx, &Answer { text: text.clone() }).await?;
        tx.commit().await?;
        Ok((true, text))
    }
}

async fn a_repetition_gets_the_same_answer(db: Db) {
    let caller = Caller::new(&db).await;
    assert_eq!(caller.ask("k", "POST /a", "canary").await.unwrap(), (true, "answer to canary".into()));
    for _ in 0..3 {
        assert_eq!(caller.ask("k", "POST /a", "canary").await.unwrap(), (false, "answer to canary".into()));
    }
    // Without a key every request is a new one.
    let mut none = Once::new(None, "POST /a", caller.user, caller.key.clone(), &"canary", &caller.ambient).unwrap();
    let mut tx = db.begin().await.unwrap();
    assert_eq!(none.replay::<Answer>(&mut tx).await.unwrap(), None);
}

async fn another_request_under_the_same_key_is_refused(db: Db) {
    let caller = Caller::new(&db).await;
    caller.ask("k", "POST /a", "first").await.unwrap();
    let refused = caller.ask("k", "POST /a", "second").await.unwrap_err();
    assert_eq!((refused.kind(), refused.code()), (Kind::Invalid, "idempotency_key_reused"));
    assert_eq!(caller.ask("k", "POST /a", "first").await.unwrap().1, "answer to first");
}

async fn keys_belong_to_one_person_and_one_route(db: Db) {
    let (caller, other) = (Caller::new(&db).await, Caller::new(&db).await);
    assert!(caller.ask("k", "POST /a", "first").await.unwrap().0);
    assert_eq!(other.ask("k", "POST /a", "theirs").await.unwrap(), (true, "answer to theirs".into()));
    assert_eq!(caller.ask("k", "POST /b", "elsewhere").await.unwrap(), (true, "answer to elsewhere".into()));
    assert!(!caller.ask("k", "POST /a", "first").await.unwrap().0);
}

async fn an_abandoned_request_gives_the_key_back(db: Db) {
    let caller = Caller::new(&db).await;
    let mut tx = db.begin().await.unwrap();
    assert!(caller.once("k", "POST /a", "failed").replay::<Answer>(&mut tx).await.unwrap().is_none());
    drop(tx);
    assert!(caller.ask("k", "POST /a", "another try").await.unwrap().0);
}

async fn two_at_once_do_it_once(db: Db) {
    let caller = Caller::new(&db).await;
    let tasks: Vec<_> = (0..10)
        .map(|_| {
            let caller = caller.clone();
            tokio::spawn(async move { caller.ask("k", "POST /a", "canary").await.unwrap() })
        })
        .collect();
    let mut done = 0;
    for task in tasks {
        let (now, text) = task.await.unwrap();
        assert_eq!(text, "answer to canary");
        done += usize::from(now);
    }
    assert_eq!(done, 1);
}

async fn a_key_is_forgotten_after_thirty_days(db: Db) {
    let clock = Arc::new(ManualClock::new(SystemClock.now()));
    let ambient = Ambient { clock: clock.clone(), rng: Arc::new(SystemRng) };
    let caller = Caller { ambient, ..Caller::new(&db).await };
    caller.ask("k", "POST /a", "first").await.unwrap();
    clock.advance(KEPT_FOR.saturating_sub(Duration::from_secs(1)));
    assert!(!caller.ask("k", "POST /a", "first").await.unwrap().0);
    clock.advance(Duration::from_secs(1));
    assert!(
        caller.ask("k", "POST /a", "second").await.unwrap().0,
        "its time is over, nothing had to be purged for that"
    );
    assert!(!caller.ask("k", "POST /a", "second").await.unwrap().0);
}

async fn what_is_kept_is_sealed(db: Db) {
    store::row! { struct Kept { body: Option<Vec<u8>>, key_digest: Vec<u8> } }
    const KEPT: Sql = Sql::same("select body, key_digest from idempotency_keys");
    let caller = Caller::new(&db).await;
    caller.ask("k", "POST /a", "canary").await.unwrap();
    let kept: Kept = db.lookup().await.unwrap().sql(KEPT).one().await.unwrap();
    let body = kept.body.unwrap();
    assert!(!body.windows(6).any(|bytes| bytes == b"canary"));
    // Under another key (the person's data was erased and made anew) it is an error, not somebody's answer.
    let stranger = Caller { key: Arc::new(DataKey::generate(1, &SystemRng)), ..caller };
    assert_eq!(stranger.ask("k", "POST /a", "canary").await.unwrap_err().kind(), Kind::Internal);
    assert_eq!(kept.key_digest.len(), 32);
}
