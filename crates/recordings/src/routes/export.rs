//! `GET /api/recordings/{id}/export`: a transcript as a file to take along.

use super::{find, read_transcript};
use crate::model::RecordingId;
use crate::rules::disposition::{attachment, download_name};
use crate::sealed;
use crate::state::State;
use axum::extract;
use axum::response::{IntoResponse, Response};
use guard::{Caller, Path, Query};
use http::{HeaderValue, header};
use serde::Deserialize;
use speech::export::Format;
use std::sync::Arc;

/// In which form.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    format: Format,
}

/// Writes a transcript as text, subtitles or data.
#[utoipa::path(get, path = "/api/recordings/{id}/export", operation_id = "export_transcript", tag = "recordings", extensions(("x-auth" = json!("caller"))),
    params(("id" = RecordingId, Path), ("format" = inline(Format), Query)),
    responses((status = 200, description = "The file, as an attachment.", content((String = "text/plain"),
            (String = "application/x-subrip"), (String = "text/vtt"), (speech::Transcript = "application/json"))),
        (status = 401, body = guard::ProblemBody), (status = 404, body = guard::ProblemBody),
        (status = 422, body = guard::ProblemBody)))]
pub(crate) async fn handler(
    extract::State(state): extract::State<Arc<State>>,
    caller: Caller,
    Path(id): Path<RecordingId>,
    Query(Request { format }): Query<Request>,
) -> guard::Result<Response> {
    let key = state.keys.of(caller.user_id).await?;
    let row = find(&state, caller.user_id, id).await?;
    let transcript = read_transcript(&state, &key, &row).await?;
    let title = sealed::open_meta(&key, &row)?.title;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(format.content_type())),
        (header::CONTENT_DISPOSITION, attachment(&download_name(&title, format.extension()))),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    Ok((headers, format.write(&transcript)).into_response())
}
