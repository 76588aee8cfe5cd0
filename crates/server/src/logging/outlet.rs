//! Where lines wait for a moment, so that one call of the system writes many of them.
//!
//! A line that only tells what happened waits at most [`WAIT`]; a warning or an error is written before the event returns,
//! and with it whatever waited before it. Nothing is dropped and the order stays: who finds more waiting than [`MOST`]
//! writes it out, so a reader that does not keep up slows those down who write, as it did without the wait. What a process
//! loses that is killed outright is what its last moment had to tell.

use std::io::Write;
use std::mem::{replace, take};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a line waits for others.
const WAIT: Duration = Duration::from_millis(5);
/// How many bytes may wait, beside the line that is too much.
const MOST: usize = 64 * 1024;

/// Lines on their way out.
pub(super) struct Outlet {
    waiting: Mutex<Vec<u8>>,
    begun: Condvar,
    /// Locked before `waiting` is taken and until it is written, which is what keeps the order.
    sink: Mutex<Sink>,
    /// Whether there is nobody who would write later.
    alone: bool,
}

struct Sink {
    out: Box<dyn Write + Send>,
    /// The buffer of the time before, to be filled again.
    spare: Vec<u8>,
}

impl Outlet {
    /// An outlet to `out`, and a thread that writes what waits.
    pub(super) fn new(out: Box<dyn Write + Send>) -> Arc<Self> {
        let outlet = |out, alone| {
            let sink = Mutex::new(Sink { out, spare: Vec::new() });
            Arc::new(Self { waiting: Mutex::default(), begun: Condvar::new(), sink, alone })
        };
        let shared = outlet(out, false);
        let writer = shared.clone();
        match std::thread::Builder::new().name("log".to_owned()).spawn(move || writer.tend()) {
            Ok(_) => shared,
            // Then nothing waits.
            Err(_) => match Arc::try_unwrap(shared) {
                Ok(Self { sink, .. }) => outlet(sink.into_inner().unwrap_or_else(PoisonError::into_inner).out, true),
                Err(shared) => shared,
            },
        }
    }

    /// Writes a line, at once or within a moment.
    pub(super) fn put(&self, line: &[u8], at_once: bool) {
        let mut waiting = lock(&self.waiting);
        let is_first = waiting.is_empty();
        waiting.extend_from_slice(line);
        let is_much = waiting.len() > MOST;
        drop(waiting);
        if at_once || is_much || self.alone {
            self.flush();
        } else if is_first {
            self.begun.notify_one();
        }
    }

    /// Writes what waits.
    pub(super) fn flush(&self) {
        let mut sink = lock(&self.sink);
        let spare = take(&mut sink.spare);
        let mut lines = replace(&mut *lock(&self.waiting), spare);
        // There is nobody left to tell that the log cannot be written.
        let _ = sink.out.write_all(&lines);
        lines.clear();
        sink.spare = lines;
    }

    fn tend(&self) {
        loop {
            let waiting = lock(&self.waiting);
            drop(self.begun.wait_while(waiting, |waiting| waiting.is_empty()).unwrap_or_else(PoisonError::into_inner));
            std::thread::sleep(WAIT);
            self.flush();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Whole lines are added and taken; nothing panics half way.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    /// What was written, and in how many calls.
    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<(Vec<u8>, usize)>>);

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let mut paper = self.0.lock().unwrap();
            paper.0.extend_from_slice(bytes);
            paper.1 += 1;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl Paper {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().0.clone()).unwrap()
        }

        fn calls(&self) -> usize {
            self.0.lock().unwrap().1
        }
    }

    #[test]
    fn a_line_is_written_within_a_moment_by_itself() {
        let paper = Paper::default();
        let outlet = Outlet::new(Box::new(paper.clone()));
        for line in ["a\n", "b\n"] {
            outlet.put(line.as_bytes(), false);
            let began = Instant::now();
            while !paper.text().ends_with(line) {
                assert!(began.elapsed() < Duration::from_secs(10), "it was not written");
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        assert_eq!(paper.text(), "a\nb\n");
    }

    #[test]
    fn what_is_urgent_is_there_at_once_and_after_what_came_before() {
        let paper = Paper::default();
        let outlet = Outlet::new(Box::new(paper.clone()));
        for _ in 0..100 {
            outlet.put(b"told\n", false);
            outlet.put(b"wrong\n", true);
            assert!(paper.text().ends_with("told\nwrong\n"));
        }
        outlet.put(b"last\n", false);
        outlet.flush();
        assert_eq!(paper.text(), format!("{}last\n", "told\nwrong\n".repeat(100)));
    }

    #[test]
    fn nothing_is_lost_and_everybodys_lines_keep_their_order() {
        let paper = Paper::default();
        let outlet = Outlet::new(Box::new(paper.clone()));
        let (writers, lines) = (8, 5000);
        std::thread::scope(|scope| {
            for writer in 0..writers {
                let outlet = &outlet;
                scope.spawn(move || {
                    for line in 0..lines {
                        outlet.put(format!("{writer} {line} {}\n", "x".repeat(100)).as_bytes(), line % 977 == 0);
                    }
                });
            }
        });
        outlet.flush();
        let mut next = vec![0; writers];
        for line in paper.text().lines() {
            let mut parts = line.split(' ').map(str::parse::<usize>);
            let (writer, number) = (parts.next().unwrap().unwrap(), parts.next().unwrap().unwrap());
            assert_eq!(number, next[writer], "a line of {writer} is out of its place");
            next[writer] += 1;
        }
        assert_eq!(next, vec![lines; writers]);
        assert!(paper.calls() < writers * lines / 10, "{} calls", paper.calls());
        assert!(lock(&outlet.waiting).is_empty());
    }
}
