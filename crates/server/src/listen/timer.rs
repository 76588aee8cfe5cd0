//! The clock of one connection: how long the head of its next request may take.
//!
//! hyper asks for another alarm before each request and drops it when the head is there. The runtime keeps alarms in one
//! place for all threads, where each is entered and taken out under a lock. Here a connection has one for all its requests:
//! it stays where it is, and when it goes off too early for the request under way, it is set to what is left.

use hyper::rt::{Sleep, Timer};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::Instant;

/// The alarm of the runtime, once it was needed.
type Shared = Arc<Mutex<Option<Pin<Box<tokio::time::Sleep>>>>>;

/// The clock of one connection.
#[derive(Clone, Default)]
pub(super) struct OneAlarm(Shared);

/// Until when is waited.
struct Until {
    deadline: Instant,
    alarm: Shared,
}

impl Timer for OneAlarm {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until((Instant::now() + duration).into())
    }

    fn sleep_until(&self, deadline: std::time::Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(Until { deadline: deadline.into(), alarm: self.0.clone() })
    }

    fn now(&self) -> std::time::Instant {
        Instant::now().into()
    }
}

impl Sleep for Until {}

impl Future for Until {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let deadline = self.deadline;
        // Nothing panics while it is held.
        let mut alarm = self.alarm.lock().unwrap_or_else(PoisonError::into_inner);
        let alarm = alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        loop {
            if alarm.deadline() > deadline {
                alarm.as_mut().reset(deadline);
            }
            ready!(alarm.as_mut().poll(cx));
            if alarm.deadline() >= deadline {
                return Poll::Ready(());
            }
            alarm.as_mut().reset(deadline);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::Waker;
    use std::time::Instant as System;

    fn after(timer: &OneAlarm, millis: u64) -> Pin<Box<dyn Sleep>> {
        timer.sleep_until(System::now() + Duration::from_millis(millis))
    }

    #[tokio::test]
    async fn each_wait_ends_in_its_own_time() {
        let timer = OneAlarm::default();
        for (first, second) in [(200, 20), (20, 60), (60, 60)] {
            // Set for one request, whose head came in time; then for the next.
            let mut kept = after(&timer, first);
            assert!(kept.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            drop(kept);
            let began = System::now();
            after(&timer, second).await;
            let took = began.elapsed();
            assert!(took >= Duration::from_millis(second - 2), "{took:?} for {second}");
            assert!(took < Duration::from_secs(5), "{took:?} for {second}");
        }
    }

    #[tokio::test]
    async fn who_is_waited_for_longer_is_woken_again() {
        let timer = OneAlarm::default();
        let mut first = after(&timer, 10);
        assert!(first.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        drop(first);
        let longer = after(&timer, 80);
        let began = System::now();
        tokio::time::timeout(Duration::from_secs(5), longer).await.unwrap();
        assert!(began.elapsed() >= Duration::from_millis(75));
    }
}
