//! Jobs: enqueued with the work that needs them, done once, taken up after a death.

use kernel::{Ambient, JobId};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;
use store::jobs::{self, Handler, Job, Lease, NewJob, Outcome, Pace, Runner, Running};
use store::{Db, Engine, Error, Result, Sql, Tx, testing};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

store::conformance!(
    a_job_runs_when_its_transaction_commits,
    every_job_is_done_once,
    a_retry_comes_later_and_ends,
    a_failure_is_told_in_the_same_transaction,
    a_panic_is_a_try,
    a_killed_job_is_taken_up_and_done_once,
    a_job_that_always_kills_the_process_fails,
    a_worker_presumed_dead_cannot_speak,
    shutting_down_gives_back_without_counting,
    unknown_kinds_stay,
    a_job_goes_with_its_owner,
    a_heartbeat_keeps_a_long_job,
);

const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

const PACE: Pace = Pace { poll: ms(30), lease: ms(400), heartbeat: ms(60) };

fn job(kind: &'static str, subject: Uuid) -> NewJob {
    NewJob { kind, subject, owner: None, run_at: Ambient::system().now(), max_attempts: 3 }
}

async fn enqueue(db: &Db, new: NewJob) -> JobId {
    let mut tx = db.begin().await.unwrap();
    let id = jobs::enqueue(&mut tx, &Ambient::system(), new).await.unwrap();
    tx.commit().await.unwrap();
    id
}

async fn run(db: &Db, handler: impl Handler) -> Running {
    Runner::new(db.clone(), Ambient::system()).pace(PACE).register(handler).start().await.unwrap()
}

/// How many jobs are in `state`.
async fn state(db: &Db, state: &str) -> i64 {
    let counts = jobs::counts(&mut db.lookup().await.unwrap()).await.unwrap();
    counts.iter().filter(|count| count.state == state).map(|count| count.n).sum()
}

async fn until(db: &Db, wanted: &str, n: i64) {
    let reached = async {
        while state(db, wanted).await != n {
            sleep(ms(10)).await;
        }
    };
    if timeout(Duration::from_secs(8), reached).await.is_err() {
        let counts = jobs::counts(&mut db.lookup().await.unwrap()).await.unwrap();
        panic!("never {n} jobs {wanted}: {counts:?}");
    }
}

/// What a job leaves behind: a row in `instance_meta`, which is where these tests write.
const MARK: Sql = Sql::same("insert into instance_meta (key, value) values ($1, 'x')");
const MARKS: Sql = Sql::same("select count(*) as n from instance_meta where value = 'x'");
store::row! { struct Count { n: i64 } }

async fn mark(tx: &mut Tx, name: String) -> Result<()> {
    tx.sql(MARK).bind(name).run().await.map(drop)
}

async fn marks(db: &Db) -> i64 {
    db.lookup().await.unwrap().sql(MARKS).one::<Count>().await.unwrap().n
}

/// Does what it is told, as often as it is asked.
struct Does<F>(F);

impl<F, Fut> Handler for Does<F>
where
    F: Fn(Job, Lease) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Outcome> + Send + 'static,
{
    const KIND: &'static str = "test.does";
    const CONCURRENCY: usize = 4;

    async fn run(&self, job: Job, lease: Lease) -> Outcome {
        (self.0)(job, lease).await
    }

    async fn gave_up(&self, tx: &mut Tx, job: &Job, code: &str) -> Result<()> {
        mark(tx, format!("gave up {}: {code}", job.id)).await
    }
}

async fn a_job_runs_when_its_transaction_commits(db: Db) {
    let (ran, subject) = (Arc::new(Notify::new()), Ambient::system().uuid());
    let tell = ran.clone();
    let slow = Pace { poll: Duration::from_hours(1), ..PACE }; // so that only the wake-up can have done it
    let handler = Does(move |job: Job, _| {
        let tell = tell.clone();
        async move {
            assert_eq!((job.subject, job.attempts, job.max_attempts), (subject, 1, 3));
            tell.notify_one();
            Outcome::Done
        }
    });
    let runner = Runner::new(db.clone(), Ambient::system()).pace(slow).register(handler).start().await.unwrap();
    sleep(ms(50)).await;
    let mut tx = db.begin().await.unwrap();
    jobs::enqueue(&mut tx, &Ambient::system(), job("test.does", Uuid::nil())).await.unwrap();
    drop(tx); // and with it the job
    let mut tx = db.begin().await.unwrap();
    jobs::enqueue(&mut tx, &Ambient::system(), job("test.does", subject)).await.unwrap();
    sleep(ms(50)).await;
    assert_eq!(state(&db, "done").await, 0, "it ran before its transaction was kept");
    tx.commit().await.unwrap();
    timeout(Duration::from_secs(3), ran.notified()).await.expect("the commit woke the runner");
    until(&db, "done", 1).await;
    assert_eq!(state(&db, "ready").await, 0);
    runner.shutdown(ms(500)).await;
}

async fn every_job_is_done_once(db: Db) {
    for _ in 0..40 {
        enqueue(&db, job("test.does", Ambient::system().uuid())).await;
    }
    let handler = |db: &Db| {
        let db = db.clone();
        Does(move |job: Job, lease: Lease| {
            let db = db.clone();
            async move {
                let mut tx = db.begin().await.unwrap();
                mark(&mut tx, job.id.to_string()).await.unwrap(); // a second time would violate its key
                lease.complete(&mut tx).await.unwrap();
                tx.commit().await.unwrap();
                Outcome::Done
            }
        })
    };
    let first = run(&db, handler(&db)).await;
    // Only PostgreSQL has several; on SQLite a second one on the same directory must not even start.
    let second = Runner::new(db.clone(), Ambient::system()).pace(PACE).register(handler(&db)).start().await;
    assert_eq!(second.is_ok(), db.engine() == Engine::Postgres);
    until(&db, "done", 40).await;
    assert_eq!(marks(&db).await, 40);
    first.shutdown(ms(500)).await;
}

async fn a_retry_comes_later_and_ends(db: Db) {
    let tries = Arc::new(AtomicUsize::new(0));
    let count = tries.clone();
    let handler = Does(move |job: Job, _| {
        assert_eq!(job.attempts, i64::try_from(count.fetch_add(1, SeqCst) + 1).unwrap());
        async { Outcome::Retry { after: ms(150), reason: "not_today" } }
    });
    let began = tokio::time::Instant::now();
    let id = enqueue(&db, job("test.does", Uuid::nil())).await;
    let runner = run(&db, handler).await;
    until(&db, "failed", 1).await;
    assert_eq!(tries.load(SeqCst), 3);
    assert!(began.elapsed() >= ms(300), "it was tried again too early");
    assert_eq!(problem(&db, id).await.as_deref(), Some("not_today"));
    assert_eq!(marks(&db).await, 1, "the handler heard of the failure");
    runner.shutdown(ms(500)).await;
}

async fn problem(db: &Db, id: JobId) -> Option<String> {
    store::row! { struct Problem { problem: Option<String> } }
    const PROBLEM: Sql = Sql::same("select problem from jobs where id = $1");
    db.lookup().await.unwrap().sql(PROBLEM).bind(id).one::<Problem>().await.unwrap().problem
}

async fn a_failure_is_told_in_the_same_transaction(db: Db) {
    let id = enqueue(&db, job("test.does", Uuid::nil())).await;
    let runner = run(&db, Does(|_, _| async { Outcome::Fail { code: "undecodable" } })).await;
    until(&db, "failed", 1).await;
    assert_eq!(marks(&db).await, 1);
    assert_eq!(problem(&db, id).await.as_deref(), Some("undecodable"));
    runner.shutdown(ms(500)).await;
}

async fn a_panic_is_a_try(db: Db) {
    let new = NewJob { max_attempts: 1, ..job("test.does", Uuid::nil()) };
    let id = enqueue(&db, new).await;
    let panics = Does(|job: Job, _| async move {
        assert_ne!(job.attempts, 1, "this panic is part of the test");
        Outcome::Done
    });
    let runner = run(&db, panics).await;
    until(&db, "failed", 1).await;
    assert_eq!(problem(&db, id).await.as_deref(), Some("panicked"));
    runner.shutdown(ms(500)).await;
}

/// Writes what it did together with the end of the job; on its first try it is killed before that.
async fn a_killed_job_is_taken_up_and_done_once(db: Db) {
    let reached = Arc::new(Notify::new());
    let handler = |db: &Db, reached: &Arc<Notify>| {
        let (db, reached) = (db.clone(), reached.clone());
        Does(move |job: Job, lease: Lease| {
            let (db, reached) = (db.clone(), reached.clone());
            async move {
                if job.attempts == 1 {
                    reached.notify_one();
                    std::future::pending::<()>().await;
                }
                let mut tx = db.begin().await.unwrap();
                mark(&mut tx, job.id.to_string()).await.unwrap();
                lease.complete(&mut tx).await.unwrap();
                tx.commit().await.unwrap();
                Outcome::Done
            }
        })
    };
    enqueue(&db, job("test.does", Uuid::nil())).await;
    let killed = run(&db, handler(&db, &reached)).await;
    timeout(Duration::from_secs(3), reached.notified()).await.unwrap();
    drop(killed); // no goodbye
    sleep(ms(50)).await;
    assert_eq!(state(&db, "running").await, 1, "a killed process cannot give its jobs back");
    let again = tokio::time::Instant::now();
    let runner = run(&db, handler(&db, &reached)).await;
    until(&db, "done", 1).await;
    if db.engine() == Engine::Sqlite {
        assert!(again.elapsed() < PACE.lease, "it is taken up at once, not when the lease has run out");
    }
    sleep(ms(500)).await;
    assert_eq!((marks(&db).await, state(&db, "done").await), (1, 1));
    runner.shutdown(ms(500)).await;
}

async fn a_job_that_always_kills_the_process_fails(db: Db) {
    let id = enqueue(&db, job("test.does", Uuid::nil())).await;
    for death in 0..3 {
        let reached = Arc::new(Notify::new());
        let tell = reached.clone();
        let runner = run(
            &db,
            Does(move |_, _| {
                tell.notify_one();
                std::future::pending()
            }),
        )
        .await;
        timeout(Duration::from_secs(3), reached.notified()).await.unwrap_or_else(|_| panic!("death {death}"));
        drop(runner);
        sleep(ms(30)).await;
    }
    let runner = run(&db, Does(|_, _| async { panic!("a fourth try") })).await;
    until(&db, "failed", 1).await;
    assert_eq!(problem(&db, id).await.as_deref(), Some("crashed"));
    assert_eq!(marks(&db).await, 1);
    runner.shutdown(ms(500)).await;
}

/// The first worker hangs without a heartbeat until another one has the job; whatever it then says does not count.
async fn a_worker_presumed_dead_cannot_speak(db: Db) {
    let leases = Arc::new(tokio::sync::Mutex::new(Vec::new()));
    let keep = leases.clone();
    enqueue(&db, job("test.does", Uuid::nil())).await;
    let first = run(
        &db,
        Does(move |_, lease| {
            let keep = keep.clone();
            async move {
                keep.lock().await.push(lease);
                std::future::pending().await
            }
        }),
    )
    .await;
    until(&db, "running", 1).await;
    sleep(ms(50)).await;
    drop(first); // its heartbeat stops; its lease is still in somebody's hands
    let second = run(
        &db,
        Does(|_, _| async {
            sleep(ms(300)).await;
            Outcome::Done
        }),
    )
    .await;
    let lease = leases.lock().await.remove(0);
    let lost = async {
        loop {
            let mut tx = db.begin().await.unwrap();
            if lease.hold(&mut tx).await == Err(Error::LeaseLost) {
                break;
            }
            drop(tx);
            sleep(ms(20)).await;
        }
    };
    timeout(Duration::from_secs(5), lost).await.expect("the second worker took the job");
    assert!(lease.stopping());
    let mut tx = db.begin().await.unwrap();
    assert_eq!(lease.complete(&mut tx).await, Err(Error::LeaseLost));
    drop(tx);
    until(&db, "done", 1).await;
    second.shutdown(ms(500)).await;
}

async fn shutting_down_gives_back_without_counting(db: Db) {
    enqueue(&db, job("test.does", Uuid::nil())).await;
    for _ in 0..4 {
        // More often than it has tries.
        let runner = run(&db, Does(|_, _| std::future::pending())).await;
        until(&db, "running", 1).await;
        runner.shutdown(ms(50)).await;
        assert_eq!(state(&db, "ready").await, 1);
    }
    let polite = Does(|_, lease: Lease| async move {
        lease.stopped().await;
        Outcome::Retry { after: Duration::ZERO, reason: "stopped" }
    });
    let runner = run(&db, polite).await;
    until(&db, "running", 1).await;
    timeout(Duration::from_secs(2), runner.shutdown(Duration::from_secs(30)))
        .await
        .expect("it waits for no one who is done");
    let runner = run(
        &db,
        Does(|job: Job, _| async move {
            assert_eq!(job.attempts, 1);
            Outcome::Done
        }),
    )
    .await;
    until(&db, "done", 1).await;
    runner.shutdown(ms(500)).await;
}

async fn unknown_kinds_stay(db: Db) {
    enqueue(&db, job("retired.kind", Uuid::nil())).await;
    enqueue(&db, job("test.does", Uuid::nil())).await;
    let runner = run(&db, Does(|_, _| async { Outcome::Done })).await;
    until(&db, "done", 1).await;
    sleep(ms(100)).await;
    let counts = jobs::counts(&mut db.lookup().await.unwrap()).await.unwrap();
    let retired = counts.iter().find(|count| count.kind == "retired.kind").unwrap();
    assert_eq!((retired.state.as_str(), retired.n), ("ready", 1));
    runner.shutdown(ms(500)).await;
}

async fn a_job_goes_with_its_owner(db: Db) {
    const DELETE: Sql = Sql::same("delete from users where id = $1");
    let user = testing::user(&db).await;
    enqueue(&db, NewJob { owner: Some(user), ..job("test.does", Uuid::nil()) }).await;
    let mut tx = db.begin().await.unwrap();
    tx.sql(DELETE).bind(user).run().await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(state(&db, "ready").await, 0);
}

/// Three leases long, and nobody takes it away.
async fn a_heartbeat_keeps_a_long_job(db: Db) {
    let tries = Arc::new(AtomicUsize::new(0));
    let count = tries.clone();
    enqueue(&db, job("test.does", Uuid::nil())).await;
    let runner = run(
        &db,
        Does(move |_, _| {
            count.fetch_add(1, SeqCst);
            async {
                sleep(PACE.lease * 3).await;
                Outcome::Done
            }
        }),
    )
    .await;
    until(&db, "done", 1).await;
    assert_eq!(tries.load(SeqCst), 1);
    runner.shutdown(ms(500)).await;
}
