//! A body that comes too slowly is refused (A1-M8): thirty seconds without a byte, or less than 1 KiB a second on the
//! whole.
//!
//! Counted is only the time that is spent waiting for the client: a handler that is busy with what it has costs nobody
//! their upload.

use axum::body::{Body, Bytes};
use axum::extract::Request;
use http_body::{Body as HttpBody, Frame, SizeHint};
use kernel::{Fault, Kind};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep};

/// How slow a body may be.
#[derive(Clone, Copy)]
struct Pace {
    /// Between two pieces of it, and until its first.
    silence: Duration,
    /// How much longer each KiB may be waited for.
    each_kib: Duration,
}

const PACE: Pace = Pace { silence: Duration::from_secs(30), each_kib: Duration::from_secs(1) };

/// Whether a body came too slowly.
pub(crate) struct Watch(Option<Arc<AtomicBool>>);

impl Watch {
    /// 408, once it was found to.
    pub(crate) fn refusal(&self) -> Option<Fault> {
        self.0.as_ref().filter(|slow| slow.load(Ordering::Acquire)).map(|_| {
            let detail = "The body came too slowly: at least 1 KiB a second, and no half minute without a byte.";
            Fault::new(Kind::TooSlow, "body_too_slow", detail)
        })
    }
}

/// Puts the watch around the body of a request that has one.
pub(crate) fn watch(request: Request) -> (Request, Watch) {
    watch_at(PACE, request)
}

fn watch_at(pace: Pace, request: Request) -> (Request, Watch) {
    if request.body().is_end_stream() || kernel::weaken::is("A1-M8.slow") {
        return (request, Watch(None));
    }
    let slow = Arc::new(AtomicBool::new(false));
    let watch = Watch(Some(slow.clone()));
    (request.map(|inner| Body::new(Paced::new(inner, pace, slow))), watch)
}

struct Paced {
    inner: Body,
    pace: Pace,
    slow: Arc<AtomicBool>,
    received: u64,
    /// How long the client has been waited for, up to the last piece.
    waited: Duration,
    /// Since when it is waited for, if it is.
    since: Option<Instant>,
    /// Made when it is first waited for: what comes at once needs no clock.
    alarm: Option<Pin<Box<Sleep>>>,
}

#[derive(Debug, thiserror::Error)]
#[error("the body came too slowly")]
struct TooSlow;

impl Paced {
    fn new(inner: Body, pace: Pace, slow: Arc<AtomicBool>) -> Self {
        Self { inner, pace, slow, received: 0, waited: Duration::ZERO, since: None, alarm: None }
    }

    /// How much longer may be waited from now on.
    fn patience(&self) -> Duration {
        let Pace { silence, each_kib } = self.pace;
        let earned = each_kib.saturating_mul(u32::try_from(self.received / 1024).unwrap_or(u32::MAX));
        silence.saturating_add(earned).saturating_sub(self.waited).min(silence)
    }

    fn refuse(&self) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.slow.store(true, Ordering::Release);
        Poll::Ready(Some(Err(axum::Error::new(TooSlow))))
    }
}

impl HttpBody for Paced {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        if this.slow.load(Ordering::Acquire) {
            return Poll::Ready(None);
        }
        if let Poll::Ready(frame) = Pin::new(&mut this.inner).poll_frame(cx) {
            if let Some(since) = this.since.take() {
                this.waited += since.elapsed();
            }
            if let Some(Ok(frame)) = &frame {
                this.received += frame.data_ref().map_or(0, |data| data.len() as u64);
            }
            return Poll::Ready(frame);
        }
        let patience = this.patience();
        let since = *this.since.get_or_insert_with(Instant::now);
        let deadline = since + patience;
        let alarm = this.alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        if alarm.deadline() != deadline {
            alarm.as_mut().reset(deadline);
        }
        match alarm.as_mut().poll(cx) {
            Poll::Ready(()) => this.refuse(),
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::stream;
    use http_body_util::BodyExt;

    /// A hundred times as fast as the real one.
    const QUICK: Pace = Pace { silence: Duration::from_millis(300), each_kib: Duration::from_millis(10) };

    /// A body of so many pieces, each so many bytes long and so many milliseconds after the one before: how many of them
    /// were read, whether it came whole, and how many milliseconds it took.
    async fn read(count: usize, length: usize, milliseconds: u64) -> (usize, bool, u128) {
        let body = stream::unfold(0, move |done| async move {
            if done == count {
                return None;
            }
            tokio::time::sleep(Duration::from_millis(milliseconds)).await;
            Some((Ok::<_, axum::Error>(vec![b'x'; length]), done + 1))
        });
        let (request, watch) = watch_at(QUICK, Request::new(Body::from_stream(body)));
        let (began, mut body, mut pieces, mut whole) = (Instant::now(), request.into_body(), 0, true);
        while let Some(frame) = body.frame().await {
            match frame {
                Ok(_) => pieces += 1,
                Err(_) => whole = false,
            }
        }
        assert_eq!(whole, watch.refusal().is_none());
        assert!(!whole || pieces == count);
        (pieces, whole, began.elapsed().as_millis())
    }

    #[tokio::test]
    async fn a_silence_is_not_waited_out() {
        let (pieces, whole, took) = read(1, 10, 1000).await;
        assert!(pieces == 0 && !whole && (290..900).contains(&took), "{pieces} {took}");
        // What came before buys no silence.
        let (pieces, whole, _) = read(2, 1024 * 1024, 1000).await;
        assert!(pieces == 0 && !whole);
        assert!(read(3, 10, 80).await.1, "a moment is no silence");
    }

    #[tokio::test]
    async fn a_trickle_is_cut_off_and_a_slow_line_is_not() {
        let (pieces, whole, took) = read(50, 1, 130).await;
        assert!((1..=2).contains(&pieces) && !whole && took < 600, "{pieces} {took}");
        // A quarter of what is asked for: the first silence is used up, and what was earned.
        let (_, whole, took) = read(1000, 256, 10).await;
        assert!(!whole && took < 3000, "{took}");
        // Four times what is asked for.
        assert!(read(100, 4096, 10).await.1);
    }

    #[tokio::test]
    async fn a_handler_may_take_its_time() {
        let chunks: Vec<Result<_, axum::Error>> = vec![Ok("a"), Ok("b"), Ok("c")];
        let pace = Pace { silence: Duration::from_millis(10), each_kib: Duration::from_millis(1) };
        let (request, watch) = watch_at(pace, Request::new(Body::from_stream(stream::iter(chunks))));
        let mut body = request.into_body();
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_millis(40)).await;
            assert!(body.frame().await.unwrap().is_ok());
        }
        assert!(body.frame().await.is_none() && watch.refusal().is_none());
    }

    #[test]
    fn the_pace_is_the_audits() {
        assert_eq!((PACE.silence, PACE.each_kib), (Duration::from_secs(30), Duration::from_secs(1)));
    }
}
