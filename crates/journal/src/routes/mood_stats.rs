//! `GET /api/moods/stats`: the trend of the last days.

use crate::model::MoodBody;
use crate::rules::{self, Stats};
use crate::{Journal, queries, sealed};
use axum::extract::State;
use chrono_tz::Tz;
use guard::{Caller, Json, Query};
use kernel::{Cursor, Fault};
use serde::Deserialize;
use std::sync::Arc;
use uuid::Uuid;

/// The longest trend, in days.
const DAYS: u16 = 366;
/// More moods than anybody notes in a year; one more than that is told rather than left out in silence.
const MOODS: i64 = 20_000;

/// Which days.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    #[serde(default = "fortnight")]
    days: u16,
    time_zone: Option<String>,
}

const fn fortnight() -> u16 {
    14
}

/// The moods of the last days, day by day in the reader's zone; a day without a mood is there, empty.
#[utoipa::path(get, path = "/api/moods/stats", operation_id = "mood_stats", tag = "journal", extensions(("x-auth" = json!("caller"))),
    params(("days" = Option<u16>, Query, minimum = 1, maximum = 366),
        ("time_zone" = Option<String>, Query, max_length = 64, description = "an IANA name; UTC when left out")),
    responses((status = 200, body = Stats), (status = 401, body = guard::ProblemBody),
        (status = 422, body = guard::ProblemBody)))]
pub(crate) async fn handler(
    State(journal): State<Arc<Journal>>,
    caller: Caller,
    Query(request): Query<Request>,
) -> guard::Result<Json<Stats>> {
    if !(1..=DAYS).contains(&request.days) {
        return Err(Fault::field("days", "out_of_range", "days is 1 to 366").into());
    }
    let zone = request.time_zone.as_deref().unwrap_or("UTC");
    let zone: Tz = zone.parse().map_err(|_| {
        Fault::field("time_zone", "unknown_time_zone", "time_zone is an IANA name such as Europe/Berlin")
    })?;
    let user = caller.user_id;
    let key = journal.keys.of(user).await?;
    let (from, to) = rules::span(journal.ambient.now(), request.days, zone);
    let (begin, end) = rules::bounds(from, to);
    let before = Cursor { at: end, id: Uuid::nil() };
    let mut tx = journal.db.read().await?;
    let rows = queries::moods(&mut tx, user, begin, before, MOODS + 1).await?;
    drop(tx);
    if rows.len() > usize::try_from(MOODS).unwrap_or(usize::MAX) {
        return Err(
            Fault::field("days", "too_many_moods", "There are more than 20,000 moods; ask for fewer days.").into()
        );
    }
    let moods = rows
        .into_iter()
        .map(|row| Ok((row.noted_at, sealed::open::<MoodBody>(&key, "moods", row.id.uuid(), user, &row.body)?)))
        .collect::<Result<Vec<_>, Fault>>()?;
    Ok(Json(rules::stats(from, to, zone, &moods)))
}
