//! `GET /api/monitoring/security/status`: how the protections stand.

use crate::ports::{Breaker, Ceiling, Limited};
use crate::{MANY_SESSIONS, Monitoring};
use axum::extract::State;
use guard::{Json, Monitor};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// What was refused since the process began.
#[derive(Serialize, ToSchema)]
pub(crate) struct Refusals {
    /// 401: nobody was signed in, or a credential was wrong.
    #[schema(minimum = 0)]
    unauthenticated: u64,
    /// 403: not allowed, or forged.
    #[schema(minimum = 0)]
    forbidden: u64,
    /// 429: too often.
    #[schema(minimum = 0)]
    limited: u64,
}

/// How the protections stand.
#[derive(Serialize, ToSchema)]
pub(crate) struct SecurityStatus {
    /// `production` or `development`; the protections are the same in both.
    #[schema(max_length = 16)]
    environment: &'static str,
    /// How often what may be asked.
    #[schema(max_items = 100)]
    limits: Vec<Limited>,
    /// Of what there is never more.
    #[schema(max_items = 100)]
    ceilings: Vec<Ceiling>,
    /// What is asked outside, and whether it is left alone at the moment.
    #[schema(max_items = 100)]
    breakers: Vec<Breaker>,
    /// What was refused since the process began.
    refusals: Refusals,
    /// Sessions that count now.
    #[schema(minimum = 0)]
    live_sessions: u64,
    /// From how many on there is an alert.
    #[schema(minimum = 0)]
    many_sessions: u64,
}

/// How the protections stand: limits, ceilings, what is left alone because it failed too often. Nothing here says whether a
/// secret is set (A1-H1).
#[utoipa::path(get, path = "/api/monitoring/security/status", operation_id = "security_status", tag = "operations",
    extensions(("x-auth" = json!("monitor"))),
    responses(
        (status = 200, body = SecurityStatus),
        (status = 401, body = guard::ProblemBody),
        (status = 403, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn handler(
    State(monitoring): State<Arc<Monitoring>>,
    _: Monitor,
) -> guard::Result<Json<SecurityStatus>> {
    let sample = monitoring.sample().await?;
    let [unauthenticated, forbidden, limited] = monitoring.meters.totals().refused;
    Ok(Json(SecurityStatus {
        environment: monitoring.config.environment,
        limits: monitoring.posture.limits(),
        ceilings: monitoring.posture.ceilings(),
        breakers: monitoring.posture.breakers(),
        refusals: Refusals { unauthenticated, forbidden, limited },
        live_sessions: sample.people.live_sessions,
        many_sessions: MANY_SESSIONS,
    }))
}
