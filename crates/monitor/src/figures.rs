//! What is counted when somebody looks, and remembered for a moment: a scraper and a person share one count.

use crate::Monitoring;
use crate::machine::{self, Machine};
use crate::ports::Headcount;
use crate::queries;
use kernel::{Fault, Timestamp};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// More live sessions than this are worth a word (A2-12).
pub const MANY_SESSIONS: u64 = 10_000;
/// How long a count is good.
const FRESH_FOR: Duration = Duration::from_secs(5);
/// How often it looks by itself.
const LOOKED_EVERY: Duration = Duration::from_mins(5);
/// How often samples of durations are added up, so that memory does not grow where nobody scrapes.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// Everything that is counted by looking.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(crate) people: Headcount,
    /// How many jobs are in each state.
    pub(crate) jobs: Jobs,
    /// How long the database took for a question of no consequence.
    pub(crate) latency: Duration,
    pub(crate) machine: Machine,
}

/// Jobs by their state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Jobs {
    pub(crate) ready: u64,
    pub(crate) running: u64,
    pub(crate) failed: u64,
}

/// The last look.
#[derive(Default)]
pub(crate) struct Figures(Mutex<Option<(Timestamp, Sample)>>);

impl Monitoring {
    /// The figures of this moment, or of one that is hardly past.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(crate) async fn sample(&self) -> Result<Sample, Fault> {
        let now = self.ambient.now();
        // Held while counting: whoever comes meanwhile waits for this count instead of making another.
        let mut last = self.figures.0.lock().await;
        if let Some((at, sample)) = &*last
            && *at <= now
            && now.since(*at) < FRESH_FOR
        {
            return Ok(sample.clone());
        }
        let sample = Sample {
            latency: self.ping().await?,
            people: self.people.count().await?,
            jobs: self.jobs().await?,
            machine: machine::look(&self.config.data_dir).await,
        };
        *last = Some((now, sample.clone()));
        Ok(sample)
    }

    /// How long the database takes to answer.
    pub(crate) async fn ping(&self) -> Result<Duration, Fault> {
        let begun = self.ambient.now();
        queries::ping(&mut self.db.lookup().await?).await?;
        Ok(self.ambient.now().since(begun))
    }

    async fn jobs(&self) -> Result<Jobs, Fault> {
        let mut jobs = Jobs::default();
        for count in store::jobs::counts(&mut self.db.lookup().await?).await? {
            let n = u64::try_from(count.n).unwrap_or(0);
            match count.state.as_str() {
                "ready" => jobs.ready += n,
                "running" => jobs.running += n,
                "failed" => jobs.failed += n,
                _ => {}
            }
        }
        Ok(jobs)
    }
}

/// Looks every few minutes and says so when there are very many sessions; never returns. To stop it, drop it.
pub async fn keep_watch(monitoring: Arc<Monitoring>) {
    // At the start there is nothing to say yet, and whoever asks soon after would be told of that moment.
    let mut look = tokio::time::interval_at(tokio::time::Instant::now() + LOOKED_EVERY, LOOKED_EVERY);
    let mut upkeep = tokio::time::interval(UPKEEP_EVERY);
    loop {
        tokio::select! {
            _ = upkeep.tick() => monitoring.meters.tidy(),
            _ = look.tick() => match monitoring.sample().await {
                Ok(sample) if sample.people.live_sessions > MANY_SESSIONS => {
                    tracing::warn!(event = "many_sessions", live = sample.people.live_sessions, most = MANY_SESSIONS);
                }
                Ok(_) => {}
                Err(error) => tracing::warn!(event = "not_counted", %error, "tried again later"),
            },
        }
    }
}
