//! The pool without a model: it starts, says what is missing, and is bounded.

use std::task::Poll;
use std::time::Duration;

use speech::{Job, PoolSettings, Source, SpeechError, WhisperPool};

#[test]
fn without_a_model_the_pool_starts_and_says_what_to_run() {
    let folder = tempfile::tempdir().unwrap();
    let pool = WhisperPool::start(PoolSettings::new(folder.path())).unwrap();
    assert!(!pool.is_loaded());
    let missing = pool.model().unwrap_err();
    assert!(missing.to_string().contains("make models"));
    assert!(!missing.to_string().contains('/'), "a path is nobody's business");
}

#[test]
fn a_full_queue_refuses_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let settings = PoolSettings { queue: 2, idle: Duration::from_secs(1), ..PoolSettings::new(folder.path()) };
    let pool = WhisperPool::start(settings).unwrap();
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    // More at once than one worker can take up between two calls.
    let mut waiting: Vec<_> =
        (0..5000).map(|_| Box::pin(pool.transcribe(Job::new(Source::bytes(vec![0; 16]))))).collect();
    let mut refused = 0;
    for job in &mut waiting {
        if let Poll::Ready(Err(SpeechError::Busy)) = job.as_mut().poll(&mut context) {
            refused += 1;
        }
    }
    assert!(refused > 0);
    let error = SpeechError::Busy;
    assert!(error.is_retryable() && error.code() == "speech_busy");
}
