//! The bounded pool on which passwords are hashed: threads of its own, so that no request waits behind a hash.
//!
//! A hash takes a core and its memory for a tenth of a second. There are as many threads as cores and memory allow, at the
//! lowest sensible priority; a caller whose turn has not come after [`Pool::PATIENCE`] is told [`Error::Busy`], and one who
//! went away is skipped. Order is first come, first served.

use crate::password::{Error, Hasher, Params, Verdict};
use kernel::{Rng, Secret};
use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;
use tokio::sync::oneshot;

type Work = Box<dyn FnOnce() + Send>;

/// How much lower the threads' priority is, in steps of `nice`.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// Hashes and verifies passwords away from the runtime. Dropping it ends its threads after the hash at hand.
pub struct Pool {
    hasher: Arc<Hasher>,
    queue: Arc<Queue>,
    places: usize,
    patience: Duration,
}

#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    bell: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Work>,
    closed: bool,
}

impl Pool {
    /// How long a caller waits for a thread.
    pub const PATIENCE: Duration = Duration::from_secs(2);

    /// Starts `slots` threads (at least one); see [`Pool::slots`].
    pub fn start(hasher: Hasher, slots: usize) -> io::Result<Self> {
        Self::with_patience(hasher, slots, Self::PATIENCE)
    }

    fn with_patience(hasher: Hasher, slots: usize, patience: Duration) -> io::Result<Self> {
        let slots = slots.max(1);
        // Made first, so that a thread that cannot be started closes the queue for those that were.
        // No machine does 128 hashes of a slot within the patience: more in the queue only takes memory.
        let pool =
            Self { hasher: Arc::new(hasher), queue: Arc::default(), places: slots.saturating_mul(128), patience };
        for number in 0..slots {
            let queue = pool.queue.clone();
            thread::Builder::new().name(format!("password-{number}")).spawn(move || queue.serve())?;
        }
        Ok(pool)
    }

    /// How many hashes may run at a time: one for each core, as long as their memory stays within `budget_kib`.
    pub fn slots(cores: usize, budget_kib: u64, params: &Params) -> usize {
        let within = usize::try_from(budget_kib / u64::from(params.memory_kib())).unwrap_or(usize::MAX);
        cores.min(within).max(1)
    }

    /// [`Hasher::hash`], in its turn.
    pub async fn hash(&self, password: Secret<String>, rng: Arc<dyn Rng>) -> Result<String, Error> {
        self.submit(move |hasher| hasher.hash(&password, &*rng)).await
    }

    /// [`Hasher::verify`], in its turn. Without a stored text it verifies against [`Hasher::dummy`], which costs the same
    /// and never matches: pass what was found, whether or not there is such a person.
    pub async fn verify(&self, password: Secret<String>, phc: Option<String>) -> Result<Verdict, Error> {
        self.submit(move |hasher| hasher.verify(&password, phc.as_deref().unwrap_or(hasher.dummy()))).await
    }

    async fn submit<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Hasher) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let ((begun, begins), (answer, answers)) = (oneshot::channel(), oneshot::channel());
        let hasher = self.hasher.clone();
        let job: Work = Box::new(move || {
            // Whoever lost patience or went away has dropped the other end, and nothing is computed.
            if begun.send(()).is_ok() {
                // The same may happen while it is computed; then nobody is left to be told.
                let _unheard = answer.send(work(&hasher));
            }
        });
        self.queue.push(job, self.places)?;
        match tokio::time::timeout(self.patience, begins).await {
            Err(_elapsed) => Err(Error::Busy),
            Ok(Err(_dropped)) => Err(Error::Failed),
            Ok(Ok(())) => answers.await.unwrap_or(Err(Error::Failed)),
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let mut state = self.queue.lock();
        state.closed = true;
        state.waiting.clear();
        drop(state);
        self.queue.bell.notify_all();
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        // The lock is never held while anything can panic, and the state is whole between any two statements.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, job: Work, places: usize) -> Result<(), Error> {
        let mut state = self.lock();
        if state.waiting.len() >= places {
            return Err(Error::Busy);
        }
        state.waiting.push_back(job);
        drop(state);
        self.bell.notify_one();
        Ok(())
    }

    fn serve(&self) {
        // On Linux priority belongs to the thread; elsewhere it is the whole process's, which must not be slowed.
        // A system that refuses is one where hashing competes as an equal: slower answers, nothing wrong.
        #[cfg(target_os = "linux")]
        let _refused = rustix::process::nice(NICE);
        while let Some(job) = self.next() {
            // A panic would cost a thread for good; this way it costs its caller an answer (`Error::Failed`).
            let _panicked = catch_unwind(AssertUnwindSafe(job));
        }
    }

    fn next(&self) -> Option<Work> {
        let mut state = self.lock();
        while state.waiting.is_empty() && !state.closed {
            state = self.bell.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.waiting.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::SystemRng;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;
    use std::time::Instant;

    fn pool(slots: usize, patience: Duration) -> Pool {
        let hasher = Hasher::new(Params::new(19_456, 2, 1).expect("the floor"), None);
        Pool::with_patience(hasher, slots, patience).expect("threads")
    }

    fn secret(text: &str) -> Secret<String> {
        Secret::new(text.to_owned())
    }

    #[test]
    fn slots_follow_the_smaller_of_cores_and_memory() {
        let params = Params::default();
        assert_eq!(Pool::slots(8, 1024 * 1024, &params), 8);
        assert_eq!(Pool::slots(8, 200 * 1024, &params), 3);
        assert_eq!(Pool::slots(8, 1, &params), 1);
        assert_eq!(Pool::slots(0, u64::MAX, &params), 1);
    }

    #[tokio::test]
    async fn a_password_is_hashed_and_verified_and_nobody_is_refused() {
        let pool = pool(2, Pool::PATIENCE);
        let text = pool.hash(secret("a password"), Arc::new(SystemRng)).await.expect("hashed");
        let verify = |password: &str, phc: Option<&str>| pool.verify(secret(password), phc.map(str::to_owned));
        assert!(verify("a password", Some(&text)).await.expect("verified").matches);
        assert!(!verify("b password", Some(&text)).await.expect("verified").matches);
        assert!(!verify("a password", None).await.expect("verified").matches);
        assert_eq!(verify("a password", Some("plain")).await, Err(Error::Malformed));
    }

    /// Takes the pool's one thread until the sender is dropped.
    async fn occupied(pool: &Arc<Pool>) -> mpsc::Sender<()> {
        let (release, hold) = mpsc::channel::<()>();
        let (started, begun) = oneshot::channel();
        let busy = pool.clone();
        tokio::spawn(async move {
            busy.submit(move |_| {
                let _ = started.send(());
                let _ = hold.recv();
                Ok(())
            })
            .await
        });
        begun.await.expect("the thread took it");
        release
    }

    #[tokio::test]
    async fn whoever_waits_too_long_is_told_and_nothing_is_computed() {
        let pool = Arc::new(pool(1, Duration::from_millis(80)));
        let release = occupied(&pool).await;
        let computed = Arc::new(AtomicUsize::new(0));
        let counter = computed.clone();
        let start = Instant::now();
        let refused = pool.submit(move |_| Ok(counter.fetch_add(1, Ordering::SeqCst))).await;
        assert_eq!(refused, Err(Error::Busy));
        assert!(start.elapsed() >= Duration::from_millis(80));
        drop(release);
        // The thread is free again, takes the next in order, and has skipped the one that left.
        assert_eq!(pool.submit(|_| Ok(7)).await, Ok(7));
        assert_eq!(computed.load(Ordering::SeqCst), 0);
    }

    #[tokio::test]
    async fn a_queue_that_is_full_refuses_at_once() {
        let pool = Arc::new(pool(1, Duration::from_secs(30)));
        let release = occupied(&pool).await;
        let waiting: Vec<_> = (0..pool.places)
            .map(|_| {
                let pool = pool.clone();
                tokio::spawn(async move { pool.submit(|_| Ok(())).await })
            })
            .collect();
        while pool.queue.lock().waiting.len() < pool.places {
            tokio::task::yield_now().await;
        }
        assert_eq!(pool.submit(|_| Ok(())).await, Err(Error::Busy));
        drop(release);
        for task in waiting {
            assert_eq!(task.await.expect("no panic"), Ok(()));
        }
    }

    #[tokio::test]
    async fn the_runtime_goes_on_while_hashes_are_computed() {
        // One thread drives this test: were hashing on it, no tick could fall between the start and the end.
        let pool = Arc::new(pool(1, Pool::PATIENCE));
        let hashing = {
            let pool = pool.clone();
            tokio::spawn(async move { pool.hash(secret("a password"), Arc::new(SystemRng)).await })
        };
        let mut ticks = 0;
        while !hashing.is_finished() {
            tokio::time::sleep(Duration::from_millis(1)).await;
            ticks += 1;
        }
        assert!(hashing.await.expect("no panic").is_ok());
        assert!(ticks >= 3, "{ticks} ticks");
    }

    #[tokio::test]
    async fn a_panic_costs_one_answer_and_no_thread() {
        let pool = pool(1, Pool::PATIENCE);
        let failed: Result<(), Error> = pool.submit(|_| panic!("a hash that goes wrong, on purpose")).await;
        assert_eq!(failed, Err(Error::Failed));
        assert_eq!(pool.submit(|_| Ok(7)).await, Ok(7));
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn its_threads_yield_to_the_others() {
        let before = rustix::process::getpriority_process(None).expect("readable");
        let inside =
            pool(1, Pool::PATIENCE).submit(|_| Ok(rustix::process::getpriority_process(None).expect("readable"))).await;
        assert_eq!(inside, Ok((before + NICE).min(19)));
        assert_eq!(rustix::process::getpriority_process(None).expect("readable"), before);
    }

    #[tokio::test]
    async fn dropping_it_ends_its_threads() {
        let pool = pool(2, Pool::PATIENCE);
        let queue = Arc::downgrade(&pool.queue);
        drop(pool);
        let start = Instant::now();
        while queue.strong_count() > 0 {
            assert!(start.elapsed() < Duration::from_secs(10), "a thread still serves");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}
