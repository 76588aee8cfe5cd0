//! Cancels a transaction after ever more time, so that each await point is hit, among members that must not notice.

use crate::demo::*;
use crate::support::polls;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;
use store::Db;
use tokio::time::timeout;

store::conformance!(cancelled_anywhere);

async fn cancelled_anywhere(db: Db) {
    create_tables(&db).await;
    let stop = Arc::new(AtomicBool::new(false));
    let good: Vec<_> = (0..8)
        .map(|task| {
            let (db, stop) = (db.clone(), stop.clone());
            tokio::spawn(async move {
                let mut n = 0;
                while !stop.load(Relaxed) {
                    add(&db, &format!("good {task} {n}")).await.unwrap();
                    n += 1;
                }
                n
            })
        })
        .collect();
    let (mut kept, mut cut) = (0, 0);
    for i in 0..300u16 {
        let mut tried = false;
        let work = async {
            let mut tx = db.begin().await?;
            insert(&mut tx, &someone(format!("cut {i} a"))).await?;
            insert(&mut tx, &someone(format!("cut {i} b"))).await?;
            tried = true;
            tx.commit().await
        };
        // Half by time, half by number of polls: the second cuts at every single await point.
        let done = if i % 2 == 0 {
            timeout(Duration::from_micros(u64::from(i) * 14), work).await.ok()
        } else {
            polls(work, usize::from(i) / 2 % 24).await
        };
        match &done {
            Some(done) => {
                assert_eq!(done, &Ok(()));
                kept += 1;
            }
            None => cut += 1,
        }
        // All or nothing, whatever was cut; a commit that was cut may be kept.
        let rows = named(&db, &format!("cut {i} %")).await;
        let sound = if done.is_some() { rows == 2 } else { rows == 0 || tried && rows == 2 };
        assert!(sound, "{rows} rows");
    }
    stop.store(true, Relaxed);
    let mut n = 0;
    for task in good {
        n += task.await.unwrap();
    }
    assert!(kept > 10 && cut > 10, "{kept} kept, {cut} cut: the test no longer cuts where it should");
    assert_eq!(named(&db, "good %").await, n, "a member was harmed by another's cancellation");
    assert_eq!(db.stats().failed(), 0);
}
