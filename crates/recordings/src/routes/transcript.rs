//! `GET /api/recordings/{id}/transcript`: what was said, with the time of every word.

use super::{find, read_transcript};
use crate::model::RecordingId;
use crate::state::State;
use axum::extract;
use guard::{Caller, Json, Path};
use serde::Serialize;
use speech::Segment;
use std::sync::Arc;
use utoipa::ToSchema;

/// What was said in a recording.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RecordingTranscript)]
pub(crate) struct Answer {
    recording_id: RecordingId,
    /// The language spoken; empty where nothing was said.
    #[schema(max_length = 8)]
    language: String,
    /// Who listened: `local` is a model on this server.
    #[schema(max_length = 32)]
    provider: String,
    /// The model that listened.
    #[schema(max_length = 64)]
    model: String,
    /// How long the recording lasts, in seconds.
    #[schema(minimum = 0, maximum = 86400)]
    duration_s: f64,
    /// Everything in one text.
    #[schema(max_length = 2_000_000)]
    text: String,
    #[schema(max_items = 20_000)]
    segments: Vec<Segment>,
}

/// Reads a transcript.
#[utoipa::path(get, path = "/api/recordings/{id}/transcript", operation_id = "recording_transcript", tag = "recordings", extensions(("x-auth" = json!("caller"))),
    params(("id" = RecordingId, Path)),
    responses((status = 200, body = Answer), (status = 401, body = guard::ProblemBody),
        (status = 404, body = guard::ProblemBody)))]
pub(crate) async fn handler(
    extract::State(state): extract::State<Arc<State>>,
    caller: Caller,
    Path(id): Path<RecordingId>,
) -> guard::Result<Json<Answer>> {
    let key = state.keys.of(caller.user_id).await?;
    let row = find(&state, caller.user_id, id).await?;
    let transcript = read_transcript(&state, &key, &row).await?;
    Ok(Json(Answer {
        recording_id: id,
        text: transcript.text(),
        language: transcript.language,
        provider: transcript.provider,
        model: transcript.model,
        duration_s: transcript.duration_s,
        segments: transcript.segments,
    }))
}
