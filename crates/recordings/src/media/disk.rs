//! A few threads for what blocks: files are written, sealed, opened and removed here, never on the runtime's threads.
//!
//! Each piece of work is short (one chunk, one file system call), so a slow client holds no thread.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use tokio::sync::{Semaphore, oneshot};

/// How many pieces of work at once; a disk gains nothing from more.
const THREADS: usize = 4;
/// How many may wait; who comes later waits before handing its work in.
const PLACES: usize = 64;

type Task = Box<dyn FnOnce() + Send>;

/// The threads. Clones share them; they end when the last clone is gone and everything handed in is done.
#[derive(Clone)]
pub(crate) struct Disk {
    tasks: mpsc::Sender<Task>,
    places: Arc<Semaphore>,
}

impl Disk {
    /// # Errors
    /// The system gives no more threads.
    pub(crate) fn start() -> io::Result<Self> {
        let (tasks, line) = mpsc::channel::<Task>();
        let line = Arc::new(Mutex::new(line));
        for number in 0..THREADS {
            let line = Arc::clone(&line);
            thread::Builder::new().name(format!("media-{number}")).spawn(move || work(&line))?;
        }
        Ok(Self { tasks, places: Arc::new(Semaphore::new(PLACES)) })
    }

    /// Does it on one of the threads. When the caller goes away meanwhile, it is still finished, and its result is dropped
    /// there: what has to be tidied up belongs into the result's `Drop`.
    pub(crate) async fn run<T, F>(&self, work: F) -> io::Result<T>
    where
        T: Send + 'static,
        F: FnOnce() -> io::Result<T> + Send + 'static,
    {
        let place = self.places.clone().acquire_owned().await.map_err(io::Error::other)?;
        let (tell, told) = oneshot::channel();
        let task: Task = Box::new(move || {
            let result = work();
            drop(place);
            // Nobody waits any more: the result goes as said above.
            drop(tell.send(result));
        });
        self.tasks.send(task).map_err(|_| gone())?;
        told.await.map_err(|_| gone())?
    }

    /// Has something dropped on one of the threads, from where nobody can wait.
    pub(crate) fn discard(&self, what: impl Send + 'static) {
        // Without threads the process is ending, and what is left behind is found by the sweep.
        drop(self.tasks.send(Box::new(move || drop(what))));
    }
}

fn gone() -> io::Error {
    io::Error::other("the work on a file was not finished")
}

fn work(line: &Mutex<mpsc::Receiver<Task>>) {
    loop {
        // Held while waiting: the others wait for the lock instead, which is the same to them.
        let next = line.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(task) = next else { return };
        if catch_unwind(AssertUnwindSafe(task)).is_err() {
            tracing::error!("a piece of work on a file panicked");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_error_and_the_threads_go_on() {
        let disk = Disk::start().unwrap();
        for _ in 0..2 * THREADS {
            let panicked: io::Result<()> = disk.run(|| panic!("on purpose")).await;
            assert!(panicked.is_err());
        }
        assert_eq!(disk.run(|| Ok(7)).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn many_wait_and_all_are_served() {
        let disk = Disk::start().unwrap();
        let all = (0..500).map(|n| {
            let disk = disk.clone();
            async move { disk.run(move || Ok(n)).await.unwrap() }
        });
        let sum: i32 = futures_util::future::join_all(all).await.into_iter().sum();
        assert_eq!(sum, 499 * 500 / 2);
    }
}
