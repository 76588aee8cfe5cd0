//! `kill -9` in the middle of mixed writes: what was acknowledged is there, whole, after the next start.

use crate::program::{Program, create_user};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

const WRITES: usize = 200;
const WRITERS: usize = 16;
const EMAIL: &str = "writer@mind.example";
const NO_LIMIT: &[(&str, &str)] = &[
    ("RATE_LIMIT_SIGNED_IN", "1000000/60"),
    ("RATE_LIMIT_SIGN_IN_BY_ADDRESS", "1000/60"),
    ("RATE_LIMIT_SIGN_IN_BY_ACCOUNT", "1000/60"),
];

/// How often it is killed: ten times in `make test`, more in `make verify`.
fn kills() -> usize {
    #[expect(clippy::disallowed_methods, reason = "a knob of this test, not a setting of the program")]
    std::env::var("MINDVIBE_KILLS").ok().map_or(10, |text| text.parse().expect("MINDVIBE_KILLS is a number"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_on_sqlite() {
    torture(&[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_on_postgres() {
    let settings = store::testing::postgres_empty().await;
    let url = settings.url.as_ref().expect("an address").expose().clone();
    torture(&[("DATABASE_URL", &url)]).await;
    store::testing::drop_database(&settings).await;
}

async fn torture(database: &[(&str, &str)]) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let settings: Vec<_> = NO_LIMIT.iter().chain(database).copied().collect();
    create_user(&data, &settings, EMAIL);
    let mut kept: BTreeSet<String> = BTreeSet::new();
    let mut cut = 0;
    for round in 0..kills() {
        let program = Program::start(&data, &settings);
        let client = program.script(EMAIL).await;
        let acknowledged = Arc::new(Mutex::new(Vec::new()));
        let sent = Arc::new(AtomicUsize::new(0));
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (client, acknowledged, sent) = (client.clone(), acknowledged.clone(), sent.clone());
                let (moods, entries) = (program.url("/api/moods"), program.url("/api/journal/entries"));
                tokio::spawn(async move {
                    loop {
                        let n = sent.fetch_add(1, Ordering::Relaxed);
                        if n >= WRITES {
                            break;
                        }
                        let text = format!("round {round} writer {writer} write {n}");
                        let request = if n.is_multiple_of(2) {
                            client.post(&moods).json(&json!({"score": 1, "note": text}))
                        } else {
                            client.post(&entries).json(&json!({"title": text, "content": "body ".repeat(50)}))
                        };
                        let Ok(answer) = request.header("idempotency-key", format!("{round}-{n}")).send().await else {
                            break;
                        };
                        if answer.status() == 201 {
                            acknowledged.lock().await.push(text);
                        }
                    }
                })
            })
            .collect();
        // Somewhere in the middle, at another place each round.
        let when = WRITES / 5 + (round * 37) % (WRITES / 2);
        let began = Instant::now();
        while sent.load(Ordering::Relaxed) < when && began.elapsed() < Duration::from_secs(20) {
            tokio::time::sleep(Duration::from_micros(300)).await;
        }
        program.kill();
        for writer in writers {
            writer.await.unwrap();
        }
        let acknowledged = acknowledged.lock().await;
        cut += usize::from(acknowledged.len() < WRITES);
        kept.extend(acknowledged.iter().cloned());
    }
    assert!(cut * 2 >= kills(), "only {cut} kills came in the middle of the writing");
    assert!(kept.len() > kills() * 10, "only {} writes were acknowledged", kept.len());

    let began = Instant::now();
    let program = Program::start(&data, &settings);
    assert!(began.elapsed() < Duration::from_secs(2), "the start after a kill took {:?}", began.elapsed());
    let client = program.script(EMAIL).await;
    let mut found = BTreeSet::new();
    for (path, field) in [("/api/moods", "note"), ("/api/journal/entries", "title")] {
        let mut cursor = String::new();
        loop {
            let page: Value = client
                .get(program.url(&format!("{path}?limit=100{cursor}")))
                .send()
                .await
                .unwrap()
                .json()
                .await
                .unwrap();
            for item in page["items"].as_array().unwrap() {
                assert!(found.insert(item[field].as_str().unwrap().to_owned()), "written twice: {item}");
            }
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
    }
    let lost: Vec<_> = kept.difference(&found).collect();
    assert!(lost.is_empty(), "{} of {} acknowledged writes are lost: {lost:?}", lost.len(), kept.len());
}
