//! What is counted as it happens, and all figures in the text format of Prometheus.
//!
//! Labels are methods, route templates, statuses and codes: lists that a stranger cannot lengthen.

use crate::figures::Sample;
use crate::ports::Breaker;
use guard::Answered;
use http::{Method, StatusCode};
use kernel::Timestamp;
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Label, Level, Metadata, Recorder as _};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::Duration;
use store::Stats;

/// Every figure that is exported: its name, its kind, and what it says.
pub const METRICS: &[(&str, &str, &str)] = &[
    (RESPONSES, "counter", "Answers by method, route template and class of status."),
    (DURATION, "histogram", "Seconds from the request's head to the answer's, by method and route template."),
    (REFUSALS, "counter", "Answers 401, 403 and 429."),
    (FAILURES, "counter", "Failures of ours, by the code of the answer."),
    (NOT_KEPT, "counter", "Failures that are in the log alone, because too many waited to be kept."),
    ("mindvibe_sessions_live", "gauge", "Sessions of both surfaces that count now."),
    ("mindvibe_users", "gauge", "Accounts that can be used."),
    ("mindvibe_users_active", "gauge", "Accounts that were used within the window."),
    ("mindvibe_jobs", "gauge", "Jobs by state."),
    ("mindvibe_breaker_open", "gauge", "1 while something outside is left alone because it failed too often."),
    ("mindvibe_database_latency_seconds", "gauge", "How long the database took for a question of no consequence."),
    ("mindvibe_database_reads_total", "counter", "Times that somebody began to read."),
    ("mindvibe_database_commits_total", "counter", "SQLite: commits."),
    ("mindvibe_database_writes_total", "counter", "SQLite: transactions that those commits kept."),
    ("mindvibe_database_slow_total", "counter", "Transactions that took too long."),
    ("mindvibe_database_failed_total", "counter", "SQLite: commits that failed."),
    ("mindvibe_cpu_milliseconds_total", "counter", "Processor time of this process."),
    ("mindvibe_cpu_cores", "gauge", "Cores that this process may use."),
    ("mindvibe_load", "gauge", "How many want a core, on average over a minute."),
    ("mindvibe_memory_resident_bytes", "gauge", "Memory of this process."),
    ("mindvibe_memory_bytes", "gauge", "Memory of the machine."),
    ("mindvibe_memory_available_bytes", "gauge", "What of it could be had."),
    ("mindvibe_disk_bytes", "gauge", "The data's disk."),
    ("mindvibe_disk_free_bytes", "gauge", "What of it can be written."),
    ("mindvibe_open_files", "gauge", "Open files and connections of this process."),
    (STARTED, "gauge", "When this process began, in seconds since 1970."),
    (BUILD, "gauge", "1, with the version as a label."),
];

const RESPONSES: &str = "http_responses_total";
const DURATION: &str = "http_request_duration_seconds";
const REFUSALS: &str = "http_refusals_total";
const FAILURES: &str = "mindvibe_failures_total";
const NOT_KEPT: &str = "mindvibe_failures_not_kept_total";
const STARTED: &str = "mindvibe_start_time_seconds";
const BUILD: &str = "mindvibe_build_info";

/// Upper ends of the histogram's buckets, in seconds.
const BUCKETS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];
const REFUSED: [StatusCode; 3] = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN, StatusCode::TOO_MANY_REQUESTS];
const META: Metadata<'static> = Metadata::new("monitor", Level::INFO, None);

/// What was counted since the start, for an answer in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Totals {
    pub(crate) requests: u64,
    /// Writes that succeeded.
    pub(crate) writes: u64,
    pub(crate) failures: u64,
    /// 401, 403, 429.
    pub(crate) refused: [u64; 3],
}

/// The counters of one method of one route.
struct OfRoute {
    answers: [Counter; 5],
    duration: Histogram,
}

/// By route template, and by the place of the method in [`METHODS`].
type Routes = HashMap<String, [Option<Box<OfRoute>>; METHODS.len()]>;

pub(crate) struct Meters {
    recorder: PrometheusRecorder,
    routes: RwLock<Routes>,
    refusals: [Counter; 3],
    failures: Mutex<HashMap<&'static str, Counter>>,
    not_kept: Counter,
    requests: AtomicU64,
    writes: AtomicU64,
    failed: AtomicU64,
    refused: [AtomicU64; 3],
}

/// Those that read, what is no usual one, and those that write.
const METHODS: [&str; 8] = ["GET", "HEAD", "OPTIONS", "other", "POST", "PUT", "PATCH", "DELETE"];
const GET: usize = 0;
const OTHER: usize = 3;

/// Methods beyond the usual ones are one: a stranger may make up any number of them.
fn place(method: &Method) -> usize {
    match *method {
        Method::GET => GET,
        Method::HEAD => 1,
        Method::OPTIONS => 2,
        Method::POST => 4,
        Method::PUT => 5,
        Method::PATCH => 6,
        Method::DELETE => 7,
        _ => OTHER,
    }
}

/// `None` for what is no class of status.
fn class(status: StatusCode) -> Option<usize> {
    usize::from(status.as_u16() / 100).checked_sub(1).filter(|class| *class < CLASSES.len())
}

fn key(name: &'static str, labels: Vec<(&'static str, String)>) -> Key {
    Key::from_parts(name, labels.into_iter().map(|(name, value)| Label::new(name, value)).collect::<Vec<_>>())
}

/// The recorder with our buckets; without them, if they were refused, which a test rules out.
fn recorder() -> PrometheusRecorder {
    PrometheusBuilder::new().set_buckets(BUCKETS).unwrap_or_else(|_| PrometheusBuilder::new()).build_recorder()
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people; nobody misses a byte of nine petabytes")]
fn float(n: u64) -> f64 {
    n as f64
}

impl Meters {
    pub(crate) fn new(started_at: Timestamp) -> Self {
        let recorder = recorder();
        for (name, kind, help) in METRICS {
            let (name, help) = (KeyName::from_const_str(name), (*help).into());
            match *kind {
                "counter" => recorder.describe_counter(name, None, help),
                "histogram" => recorder.describe_histogram(name, None, help),
                _ => recorder.describe_gauge(name, None, help),
            }
        }
        let refusals = REFUSED.map(|status| {
            recorder.register_counter(&key(REFUSALS, vec![("status", status.as_str().to_owned())]), &META)
        });
        let not_kept = recorder.register_counter(&key(NOT_KEPT, Vec::new()), &META);
        let meters = Self {
            recorder,
            routes: RwLock::default(),
            refusals,
            failures: Mutex::default(),
            not_kept,
            requests: AtomicU64::new(0),
            writes: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            refused: <[AtomicU64; 3]>::default(),
        };
        // A figure that is not there yet cannot be told from one that is gone: these begin at zero.
        meters.with_route(GET, "/health", |_| ());
        meters.of_code("internal").increment(0);
        meters.gauge(BUILD, vec![("version", env!("CARGO_PKG_VERSION").to_owned())]).set(1.0);
        let seconds = u64::try_from(started_at.as_micros() / 1_000_000).unwrap_or(0);
        meters.gauge(STARTED, Vec::new()).set(float(seconds));
        meters
    }

    pub(crate) fn answered(&self, answer: &Answered<'_>) {
        self.requests.fetch_add(1, Relaxed);
        let method = place(answer.method);
        if method > OTHER && answer.status.is_success() {
            self.writes.fetch_add(1, Relaxed);
        }
        if let Some(at) = REFUSED.iter().position(|status| *status == answer.status) {
            self.refused[at].fetch_add(1, Relaxed);
            self.refusals[at].increment(1);
        }
        self.with_route(method, answer.route.unwrap_or("none"), |of_route| {
            if let Some(class) = class(answer.status) {
                of_route.answers[class].increment(1);
            }
            of_route.duration.record(answer.took);
        });
    }

    fn with_route(&self, method: usize, route: &str, count: impl FnOnce(&OfRoute)) {
        // Whole entries are added, nothing else; a panic in between leaves the map as it was.
        let routes = self.routes.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(Some(known)) = routes.get(route).map(|methods| &methods[method]) {
            return count(known);
        }
        drop(routes);
        let labels = |more: Option<&str>| {
            let mut labels = vec![("method", METHODS[method].to_owned()), ("route", route.to_owned())];
            labels.extend(more.map(|status| ("status", status.to_owned())));
            labels
        };
        let made = Box::new(OfRoute {
            answers: CLASSES.map(|class| self.recorder.register_counter(&key(RESPONSES, labels(Some(class))), &META)),
            duration: self.recorder.register_histogram(&key(DURATION, labels(None)), &META),
        });
        let mut routes = self.routes.write().unwrap_or_else(PoisonError::into_inner);
        count(routes.entry(route.to_owned()).or_default()[method].get_or_insert(made));
    }

    /// `code` is a constant of the program, as every code is.
    pub(crate) fn failed(&self, code: &'static str) {
        self.failed.fetch_add(1, Relaxed);
        self.of_code(code).increment(1);
    }

    fn of_code(&self, code: &'static str) -> Counter {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || self.recorder.register_counter(&key(FAILURES, vec![("code", code.to_owned())]), &META);
        failures.entry(code).or_insert_with(make).clone()
    }

    pub(crate) fn not_kept(&self) {
        self.not_kept.increment(1);
    }

    pub(crate) fn totals(&self) -> Totals {
        Totals {
            requests: self.requests.load(Relaxed),
            writes: self.writes.load(Relaxed),
            failures: self.failed.load(Relaxed),
            refused: std::array::from_fn(|at| self.refused[at].load(Relaxed)),
        }
    }

    /// Adds samples up that nobody has asked for.
    pub(crate) fn tidy(&self) {
        self.recorder.handle().run_upkeep();
    }

    fn gauge(&self, name: &'static str, labels: Vec<(&'static str, String)>) -> Gauge {
        self.recorder.register_gauge(&key(name, labels), &META)
    }

    fn set(&self, name: &'static str, value: f64) {
        self.gauge(name, Vec::new()).set(value);
    }

    fn total(&self, name: &'static str, value: u64) {
        self.recorder.register_counter(&key(name, Vec::new()), &META).absolute(value);
    }

    /// Every figure, as text.
    pub(crate) fn render(&self, sample: &Sample, database: &Stats, breakers: &[Breaker]) -> String {
        let Sample { people, jobs, latency, machine } = sample;
        self.set("mindvibe_sessions_live", float(people.live_sessions));
        self.set("mindvibe_users", float(people.users));
        for (window, count) in [("day", people.active_day), ("week", people.active_week)] {
            self.gauge("mindvibe_users_active", vec![("window", window.to_owned())]).set(float(count));
        }
        for (state, count) in [("ready", jobs.ready), ("running", jobs.running), ("failed", jobs.failed)] {
            self.gauge("mindvibe_jobs", vec![("state", state.to_owned())]).set(float(count));
        }
        for breaker in breakers {
            let open = if breaker.state == "open" { 1.0 } else { 0.0 };
            self.gauge("mindvibe_breaker_open", vec![("name", breaker.name.clone())]).set(open);
        }
        self.set("mindvibe_database_latency_seconds", latency.as_secs_f64());
        self.total("mindvibe_database_reads_total", database.reads());
        self.total("mindvibe_database_commits_total", database.batches());
        self.total("mindvibe_database_writes_total", database.members());
        self.total("mindvibe_database_slow_total", database.slow());
        self.total("mindvibe_database_failed_total", database.failed());
        self.total("mindvibe_cpu_milliseconds_total", milliseconds(machine.cpu));
        self.set("mindvibe_cpu_cores", float(machine.cores));
        self.set("mindvibe_load", machine.load);
        self.set("mindvibe_memory_resident_bytes", float(machine.resident));
        self.set("mindvibe_memory_bytes", float(machine.memory));
        self.set("mindvibe_memory_available_bytes", float(machine.memory_free));
        self.set("mindvibe_disk_bytes", float(machine.disk));
        self.set("mindvibe_disk_free_bytes", float(machine.disk_free));
        self.set("mindvibe_open_files", float(machine.files));
        self.recorder.handle().render()
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
