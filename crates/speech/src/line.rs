//! A bounded waiting line between async callers and threads that work for long.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// First come, first served; full means full.
pub(crate) struct Line<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
    places: usize,
}

struct State<T> {
    waiting: VecDeque<T>,
    closed: bool,
}

/// What a worker finds.
pub(crate) enum Next<T> {
    /// Something to do.
    Item(T),
    /// Nothing came for as long as it was willing to wait.
    Idle,
    /// Nothing will come any more.
    Closed,
}

impl<T> Line<T> {
    pub(crate) fn new(places: usize) -> Self {
        Self {
            state: Mutex::new(State { waiting: VecDeque::new(), closed: false }),
            changed: Condvar::new(),
            places: places.max(1),
        }
    }

    /// Joins the line, unless it is full or closed: then the item comes back.
    pub(crate) fn join(&self, item: T) -> Result<(), T> {
        let mut state = self.lock();
        if state.closed || state.waiting.len() >= self.places {
            return Err(item);
        }
        state.waiting.push_back(item);
        self.changed.notify_one();
        Ok(())
    }

    /// Waits for something to do, at most `patience`.
    pub(crate) fn next(&self, patience: Duration) -> Next<T> {
        let state = self.lock();
        let empty = |state: &mut State<T>| state.waiting.is_empty() && !state.closed;
        let (mut state, _) =
            self.changed.wait_timeout_while(state, patience, empty).unwrap_or_else(PoisonError::into_inner);
        match state.waiting.pop_front() {
            Some(item) if !state.closed => Next::Item(item),
            _ if state.closed => Next::Closed,
            _ => Next::Idle,
        }
    }

    /// Sends everyone home; what waits is dropped, so that its callers hear of it.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.waiting.clear();
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // A panic while the lock is held leaves the queue whole: no operation on it can stop half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
