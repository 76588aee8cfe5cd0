//! `GET /metrics`: every figure in the text format of Prometheus.

use crate::Monitoring;
use axum::extract::State;
use axum::response::IntoResponse;
use guard::Monitor;
use http::header;
use std::sync::Arc;

/// Version 0.0.4 of the text format, which every scraper reads.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Every figure, for a scraper with an API key of the scope `monitoring:read`.
#[utoipa::path(get, path = "/metrics", operation_id = "prometheus", tag = "operations",
    extensions(("x-auth" = json!("monitor"))),
    responses(
        (status = 200, description = "Prometheus text, 0.0.4", content_type = "text/plain"),
        (status = 401, body = guard::ProblemBody),
        (status = 403, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn handler(State(monitoring): State<Arc<Monitoring>>, _: Monitor) -> guard::Result<impl IntoResponse> {
    let sample = monitoring.sample().await?;
    let text = monitoring.meters.render(&sample, monitoring.db.stats(), &monitoring.posture.breakers());
    Ok(([(header::CONTENT_TYPE, TEXT)], text))
}
