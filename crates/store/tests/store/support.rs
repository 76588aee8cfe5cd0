//! Crowds and scissors.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;
use store::{Db, Tx};

/// Runs `each` in `n` tasks with a transaction of their own; answers which of them ended without a panic.
pub(crate) async fn crowd_results<F, Fut>(db: &Db, n: usize, each: F) -> Vec<bool>
where
    F: Fn(usize, Tx) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let tasks: Vec<_> = (0..n)
        .map(|i| {
            let (db, each) = (db.clone(), each.clone());
            tokio::spawn(async move { each(i, db.begin().await.unwrap()).await })
        })
        .collect();
    let mut ok = Vec::new();
    for task in tasks {
        ok.push(task.await.is_ok());
    }
    ok
}

pub(crate) async fn crowd<F, Fut>(db: &Db, n: usize, each: F)
where
    F: Fn(usize, Tx) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    assert!(crowd_results(db, n, each).await.into_iter().all(|ok| ok));
}

/// Polls a future at most `n + 1` times and then drops it: a cancellation at exactly its n-th await.
pub(crate) async fn polls<T>(future: impl Future<Output = T>, n: usize) -> Option<T> {
    let mut future = pin!(future);
    let mut left = n;
    std::future::poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}
