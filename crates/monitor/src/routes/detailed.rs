//! `GET /api/monitoring/health/detailed`: how the process and its machine are.

use crate::Monitoring;
use axum::extract::State;
use guard::{Json, Monitor};
use serde::Serialize;
use std::sync::Arc;
use store::Engine;
use utoipa::ToSchema;

/// The database, asked a moment ago.
#[derive(Serialize, ToSchema)]
pub(crate) struct DatabaseHealth {
    /// `sqlite` or `postgres`.
    #[schema(max_length = 16)]
    engine: &'static str,
    /// How long it took for a question of no consequence.
    #[schema(minimum = 0)]
    latency_ms: f64,
    /// Transactions since the start that took too long.
    #[schema(minimum = 0)]
    slow: u64,
    /// Commits since the start that failed.
    #[schema(minimum = 0)]
    failed: u64,
}

/// Processor.
#[derive(Serialize, ToSchema)]
pub(crate) struct CpuHealth {
    /// Cores that this process may use.
    #[schema(minimum = 0)]
    cores: u64,
    /// How many want a core, on average over a minute.
    #[schema(minimum = 0)]
    load: f64,
    /// Processor time that this process has used.
    #[schema(minimum = 0)]
    seconds: f64,
}

/// Memory.
#[derive(Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "names on the wire carry their unit")]
pub(crate) struct MemoryHealth {
    /// What this process holds.
    #[schema(minimum = 0)]
    resident_bytes: u64,
    /// What the machine has.
    #[schema(minimum = 0)]
    total_bytes: u64,
    /// What of it could be had.
    #[schema(minimum = 0)]
    available_bytes: u64,
}

/// The data's disk.
#[derive(Serialize, ToSchema)]
pub(crate) struct DiskHealth {
    /// All of it.
    #[schema(minimum = 0)]
    total_bytes: u64,
    /// What can be written.
    #[schema(minimum = 0)]
    free_bytes: u64,
}

/// How it is.
#[derive(Serialize, ToSchema)]
pub(crate) struct DetailedHealth {
    /// `ok`, or `degraded` when the disk is nearly full or there are very many sessions.
    #[schema(max_length = 16)]
    status: &'static str,
    /// Of the program.
    #[schema(max_length = 32)]
    version: &'static str,
    /// Since it began.
    #[schema(minimum = 0)]
    uptime_seconds: u64,
    /// Sessions of both surfaces that count now.
    #[schema(minimum = 0)]
    live_sessions: u64,
    /// The database.
    database: DatabaseHealth,
    /// Processor.
    cpu: CpuHealth,
    /// Memory.
    memory: MemoryHealth,
    /// The data's disk.
    disk: DiskHealth,
}

/// How the process and its machine are.
#[utoipa::path(get, path = "/api/monitoring/health/detailed", operation_id = "detailed_health", tag = "operations",
    extensions(("x-auth" = json!("monitor"))),
    responses(
        (status = 200, body = DetailedHealth),
        (status = 401, body = guard::ProblemBody),
        (status = 403, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn handler(
    State(monitoring): State<Arc<Monitoring>>,
    _: Monitor,
) -> guard::Result<Json<DetailedHealth>> {
    let sample = monitoring.sample().await?;
    let (machine, stats) = (&sample.machine, monitoring.db.stats());
    // Less than a twentieth of the disk left; a disk that cannot be asked about has nothing of either.
    let full = machine.disk_free < machine.disk / 20;
    let degraded = full || sample.people.live_sessions > crate::MANY_SESSIONS;
    Ok(Json(DetailedHealth {
        status: if degraded { "degraded" } else { "ok" },
        version: env!("CARGO_PKG_VERSION"),
        uptime_seconds: monitoring.ambient.now().since(monitoring.started_at).as_secs(),
        live_sessions: sample.people.live_sessions,
        database: DatabaseHealth {
            engine: match monitoring.db.engine() {
                Engine::Sqlite => "sqlite",
                Engine::Postgres => "postgres",
            },
            latency_ms: sample.latency.as_secs_f64() * 1000.0,
            slow: stats.slow(),
            failed: stats.failed(),
        },
        cpu: CpuHealth { cores: machine.cores, load: machine.load, seconds: machine.cpu.as_secs_f64() },
        memory: MemoryHealth {
            resident_bytes: machine.resident,
            total_bytes: machine.memory,
            available_bytes: machine.memory_free,
        },
        disk: DiskHealth { total_bytes: machine.disk, free_bytes: machine.disk_free },
    }))
}
