//! The real model on real speech with known text. A missing model or recording fails the test with the command that
//! fetches it: a speech engine nobody has heard is not proven.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use speech::{Cancel, Job, Language, PoolSettings, Source, SpeechError, Transcript, WhisperPool};

/// Dickens, *A Tale of Two Cities*, as far as the recording goes.
const TWO_CITIES: &str = "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of \
    foolishness, it was the epoch of belief, it was the epoch of incredulity, it was the season of Light, it was the \
    season of Darkness, it was the spring of hope, it was the winter of despair, we had everything before us, we had \
    nothing before us, we were all going direct to Heaven, we were all going direct the other way, in short, the period \
    was so far like the present period, that some of its noisiest authorities insisted on its being received, for good \
    or for evil, in the superlative degree of comparison only.";

/// Beckett, *Worstward Ho*.
const BECKETT: &str = "Ever tried. Ever failed. No matter. Try again. Fail again. Fail better.";

#[expect(clippy::disallowed_methods, reason = "tests are told by the environment where the fetched files are")]
fn folder(name: &str, otherwise: impl FnOnce() -> PathBuf) -> PathBuf {
    std::env::var_os(name).map_or_else(otherwise, PathBuf::from)
}

#[expect(clippy::disallowed_methods, reason = "the default place is below the home folder")]
fn models() -> PathBuf {
    folder("MODELS_DIR", || PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cache/mindvibe/models"))
}

fn sample(name: &str) -> Source {
    let target = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/samples");
    let path = folder("SAMPLES_DIR", target).join(name);
    let file = std::fs::File::open(&path)
        .unwrap_or_else(|error| panic!("the recording {name} is missing ({error}): run `make samples`"));
    Source::file(file).unwrap()
}

fn pool() -> WhisperPool {
    let pool = WhisperPool::start(PoolSettings::new(models())).unwrap();
    if let Err(missing) = pool.model() {
        panic!("{missing}");
    }
    pool
}

/// Runs a future to its end: it only waits for the pool's own thread.
fn wait<T>(future: impl Future<Output = T>) -> T {
    struct Wake(std::thread::Thread);
    impl std::task::Wake for Wake {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Arc::new(Wake(std::thread::current())).into();
    let mut context = std::task::Context::from_waker(&waker);
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            std::task::Poll::Ready(value) => return value,
            std::task::Poll::Pending => std::thread::park(),
        }
    }
}

/// One model's buffers at a time: the machine has two cores, and a figure taken beside another run says nothing.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> std::sync::MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Lower case, letters and digits only.
fn plain(text: &str) -> Vec<String> {
    let letters =
        |word: &str| word.chars().filter(|letter| letter.is_alphanumeric()).collect::<String>().to_lowercase();
    text.split(|letter: char| letter.is_whitespace() || letter == '-' || letter == '—')
        .map(letters)
        .filter(|word| !word.is_empty())
        .collect()
}

/// Word error rate: the fewest words to change, drop and add, as a share of the words said.
#[expect(clippy::cast_precision_loss, reason = "a count of words")]
fn word_error_rate(said: &str, heard: &str) -> f64 {
    let (said, heard) = (plain(said), plain(heard));
    let mut row: Vec<usize> = (0..=heard.len()).collect();
    for (at, word) in said.iter().enumerate() {
        let mut corner = std::mem::replace(&mut row[0], at + 1);
        for (column, other) in heard.iter().enumerate() {
            let changed = corner + usize::from(word != other);
            corner = row[column + 1];
            row[column + 1] = changed.min(row[column] + 1).min(corner + 1);
        }
    }
    row[heard.len()] as f64 / said.len() as f64
}

fn is_well_formed(transcript: &Transcript) {
    let mut before = 0.0;
    for (segment, id) in transcript.segments.iter().zip(0..) {
        assert_eq!(segment.id, id);
        assert!(segment.start >= before && segment.end <= transcript.duration_s + 0.001, "{segment:?}");
        let mut within = segment.start;
        for word in &segment.words {
            assert!(word.start >= within && word.end >= word.start && word.end <= segment.end, "{word:?}");
            assert!((0.0..=1.0).contains(&word.probability) && !word.text.is_empty());
            within = word.end;
        }
        let spoken: Vec<String> = segment.words.iter().flat_map(|word| plain(&word.text)).collect();
        assert_eq!(spoken, plain(&segment.text));
        before = segment.end;
    }
}

/// In MiB: now, and the most so far.
fn memory() -> (u64, u64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let of = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
    };
    (of("VmRSS"), of("VmHWM"))
}

#[test]
fn word_errors_are_counted() {
    let close = |left: f64, right: f64| (left - right).abs() < 1e-9;
    assert!(close(word_error_rate("It was the best", "it was, the BEST!"), 0.0));
    assert!(close(word_error_rate("it was the best", "it is the very best"), 0.5));
    assert!(close(word_error_rate("it was", ""), 1.0));
}

#[test]
fn two_cities_is_heard_with_at_most_three_errors_in_a_hundred_words() {
    let _alone = alone();
    let pool = pool();
    let shares = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&shares);
    let job = Job::new(sample("two_cities.wav")).language(Language::Code("en"));
    let start = Instant::now();
    let transcript = wait(pool.transcribe(job.progress(move |share| heard.lock().unwrap().push(share)))).unwrap();
    let cold = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let again = wait(pool.transcribe(Job::new(sample("two_cities.wav")).language(Language::Code("en")))).unwrap();
    let warm = start.elapsed().as_secs_f64();
    let errors = word_error_rate(TWO_CITIES, &transcript.text());
    println!("{} by {}: WER {:.2} %", transcript.text(), transcript.model, errors * 100.0);
    println!("real-time factor {:.3} cold, {:.3} warm; memory {:?} MiB", cold / 44.4, warm / 44.4, memory());
    for word in transcript.segments.iter().flat_map(|segment| &segment.words).take(24) {
        println!("{:6.2}-{:6.2} {:.2} {}", word.start, word.end, word.probability, word.text);
    }
    assert!(errors <= 0.03, "word error rate {errors}: {}", transcript.text());
    assert_eq!(transcript.language, "en");
    assert!((transcript.duration_s - 44.4).abs() < 0.5, "{}", transcript.duration_s);
    is_well_formed(&transcript);
    assert_eq!(again, transcript);
    let shares = shares.lock().unwrap();
    assert!(shares.is_sorted() && shares.len() > 1 && shares.last() == Some(&1.0), "{shares:?}");
}

#[test]
fn beckett_is_heard_in_a_language_nobody_named() {
    let _alone = alone();
    let transcript = wait(pool().transcribe(Job::new(sample("beckett.wav")))).unwrap();
    println!("{}", transcript.text());
    assert_eq!(transcript.language, "en");
    assert!(word_error_rate(BECKETT, &transcript.text()) <= 0.03, "{}", transcript.text());
    is_well_formed(&transcript);
}

#[test]
fn the_model_comes_when_needed_and_leaves_when_idle() {
    let _alone = alone();
    let pool =
        WhisperPool::start(PoolSettings { idle: Duration::from_millis(300), ..PoolSettings::new(models()) }).unwrap();
    assert!(!pool.is_loaded());
    let before = memory().0;
    wait(pool.transcribe(Job::new(sample("beckett.wav")).language(Language::Code("en")))).unwrap();
    assert!(pool.is_loaded());
    let during = memory().0;
    let deadline = Instant::now() + Duration::from_secs(10);
    while pool.is_loaded() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(!pool.is_loaded());
    std::thread::sleep(Duration::from_millis(300));
    let after = memory().0;
    println!("memory before {before}, during {during}, after {after} MiB");
    assert!(after < before + 80, "memory before {before}, during {during}, after {after} MiB");
}

#[test]
fn work_is_stopped_by_a_flag_and_by_a_caller_who_goes_away() {
    let _alone = alone();
    let pool = pool();
    let cancel = Cancel::new();
    let flag = cancel.clone();
    let job = Job::new(sample("two_cities.wav")).cancel(cancel).progress(move |_| flag.cancel());
    assert!(matches!(wait(pool.transcribe(job)), Err(SpeechError::Cancelled)));
    let start = Instant::now();
    {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let mut gone = std::pin::pin!(pool.transcribe(Job::new(sample("two_cities.wav"))));
        assert!(gone.as_mut().poll(&mut context).is_pending());
        std::thread::sleep(Duration::from_millis(400));
    }
    let transcript = wait(pool.transcribe(Job::new(sample("beckett.wav")).language(Language::Code("en")))).unwrap();
    assert!(!transcript.is_empty());
    println!("a stopped job and a short one took {:.1} s", start.elapsed().as_secs_f64());
}

#[test]
fn a_listener_that_panics_and_a_file_that_is_none_do_not_end_the_worker() {
    let _alone = alone();
    let pool = pool();
    let beckett = || Job::new(sample("beckett.wav")).language(Language::Code("en"));
    let first = wait(pool.transcribe(beckett().progress(|_| panic!("a listener of the test")))).unwrap();
    assert!(!first.is_empty());
    let nothing = wait(pool.transcribe(Job::new(Source::bytes(b"no sound".to_vec()))));
    assert!(matches!(nothing, Err(SpeechError::Audio(_))));
    assert_eq!(wait(pool.transcribe(beckett())).unwrap(), first, "the same sound, the same words");
}

#[test]
fn nobody_speaks_in_silence_and_noise() {
    let _alone = alone();
    let pool = pool();
    // With seeds: the same noise in every run, so that a failure can be repeated.
    for (filter, name) in [
        ("anullsrc=d=20:r=16000", "silence.wav"),
        ("anoisesrc=d=20:a=0.0005:r=16000:seed=7", "hiss.wav"),
        ("anoisesrc=d=20:a=0.05:c=pink:r=16000:seed=7", "rain.wav"),
        ("sine=f=50:d=12:r=16000", "hum.wav"),
        ("anullsrc=d=0.4:r=16000", "blink.wav"),
    ] {
        let bytes = crate::support::make(&["-f", "lavfi", "-i", filter], &["-c:a", "pcm_s16le"], name);
        let transcript = wait(pool.transcribe(Job::new(Source::bytes(bytes)))).unwrap();
        assert!(transcript.is_empty(), "{name}: {:?}", transcript.text());
        assert_eq!(transcript.language, "", "{name}");
    }
}

#[test]
fn every_container_says_the_same() {
    let _alone = alone();
    let pool = pool();
    for name in ["float.wav", "voice.mp3", "voice.m4a", "voice.flac", "vorbis.ogg", "voice.opus", "live.webm"] {
        let job = Job::new(Source::bytes(crate::support::voice(name))).language(Language::Code("en"));
        let transcript = wait(pool.transcribe(job)).unwrap();
        let errors = word_error_rate(crate::support::TEXT, &transcript.text());
        println!("{name}: {:.1} % {}", errors * 100.0, transcript.text());
        assert!(errors <= 0.15, "{name}: {}", transcript.text());
        is_well_formed(&transcript);
    }
}
