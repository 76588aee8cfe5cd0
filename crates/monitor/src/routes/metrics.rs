//! `GET /api/monitoring/metrics`: how much there is, and how much was done.

use crate::Monitoring;
use axum::extract::State;
use guard::{Json, Monitor};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// How many people.
#[derive(Serialize, ToSchema)]
pub(crate) struct PeopleFigures {
    /// Accounts that can be used.
    #[schema(minimum = 0)]
    total: u64,
    /// Of these, who was here within a day.
    #[schema(minimum = 0)]
    active_day: u64,
    /// Of these, who was here within a week.
    #[schema(minimum = 0)]
    active_week: u64,
}

/// What was asked since the process began.
#[derive(Serialize, ToSchema)]
pub(crate) struct RequestFigures {
    /// All of it.
    #[schema(minimum = 0)]
    total: u64,
    /// Writes that succeeded: entries, recordings, messages, changes of settings.
    #[schema(minimum = 0)]
    writes: u64,
    /// Failures of ours.
    #[schema(minimum = 0)]
    failures: u64,
}

/// Jobs by their state.
#[derive(Serialize, ToSchema)]
pub(crate) struct JobFigures {
    /// Those that wait.
    #[schema(minimum = 0)]
    ready: u64,
    /// Those that are being done.
    #[schema(minimum = 0)]
    running: u64,
    /// Those that failed for good, as long as they are remembered.
    #[schema(minimum = 0)]
    failed: u64,
}

/// How much there is, and how much was done.
#[derive(Serialize, ToSchema)]
pub(crate) struct Figures {
    /// How many people.
    users: PeopleFigures,
    /// Sessions of both surfaces that count now.
    #[schema(minimum = 0)]
    live_sessions: u64,
    /// What was asked since the process began.
    requests: RequestFigures,
    /// Jobs by their state.
    jobs: JobFigures,
}

/// How much there is, and how much was done. `/metrics` has it in more detail, for a program.
#[utoipa::path(get, path = "/api/monitoring/metrics", operation_id = "figures", tag = "operations",
    extensions(("x-auth" = json!("monitor"))),
    responses(
        (status = 200, body = Figures),
        (status = 401, body = guard::ProblemBody),
        (status = 403, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn handler(State(monitoring): State<Arc<Monitoring>>, _: Monitor) -> guard::Result<Json<Figures>> {
    let sample = monitoring.sample().await?;
    let (people, jobs, totals) = (sample.people, sample.jobs, monitoring.meters.totals());
    Ok(Json(Figures {
        users: PeopleFigures { total: people.users, active_day: people.active_day, active_week: people.active_week },
        live_sessions: people.live_sessions,
        requests: RequestFigures { total: totals.requests, writes: totals.writes, failures: totals.failures },
        jobs: JobFigures { ready: jobs.ready, running: jobs.running, failed: jobs.failed },
    }))
}
