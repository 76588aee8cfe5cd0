//! `GET /api/recordings/{id}/audio`: the sound, whole or the part a player asks for. Only the sealed chunks that hold it are
//! opened, one after the other as the client takes them.
//!
//! It is always an attachment: a player does not mind, and a browser that is sent there saves it instead of showing it.

use super::find;
use crate::media::{Place, Sound, pieces};
use crate::model::RecordingId;
use crate::rules::disposition::{attachment, download_name};
use crate::rules::range::{self, Wanted};
use crate::sealed;
use crate::state::State;
use axum::body::Body;
use axum::extract;
use axum::response::{IntoResponse, Response};
use guard::{Caller, Path, Query};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use kernel::Fault;
use serde::Deserialize;
use std::sync::Arc;

/// How to send it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    /// `1`: as a file to keep, with a name.
    download: Option<u8>,
}

/// Sends the sound of a recording; a player may ask for a part of it with `Range`.
#[utoipa::path(get, path = "/api/recordings/{id}/audio", operation_id = "recording_audio", tag = "recordings", extensions(("x-auth" = json!("caller"))),
    params(("id" = RecordingId, Path), ("download" = Option<u8>, Query, minimum = 0, maximum = 1),
        ("Range" = Option<String>, Header, max_length = 256)),
    responses((status = 200, description = "All of it.", body = String, content_type = "audio/*"),
        (status = 206, description = "The part that was asked for.", body = String, content_type = "audio/*"),
        (status = 401, body = guard::ProblemBody), (status = 404, body = guard::ProblemBody),
        (status = 416, body = guard::ProblemBody)))]
pub(crate) async fn handler(
    extract::State(state): extract::State<Arc<State>>,
    caller: Caller,
    Path(id): Path<RecordingId>,
    Query(request): Query<Request>,
    headers: HeaderMap,
) -> guard::Result<Response> {
    let download = match request.download {
        None | Some(0) => false,
        Some(1) => true,
        Some(_) => return Err(Fault::field("download", "out_of_range", "0 or 1.").into()),
    };
    let user = caller.user_id;
    let key = state.keys.of(user).await?;
    let row = find(&state, user, id).await?;
    let container = sealed::container(&row)?;
    let place = Place::of(id, user, key.clone(), &state.ambient);
    // A row without its file is our fault; it says so in the log and nothing more to the caller.
    let Sound { reader, length } = state.media.read(id, place).await.map_err(Fault::internal)?;

    // The sound of a recording never changes, so its id is its version.
    let tag = format!("\"{id}\"");
    let asked = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    let still = headers.get(header::IF_RANGE).is_none_or(|known| known.as_bytes() == tag.as_bytes());
    let wanted = range::parse(asked.filter(|_| still), length);
    let (status, first, size) = match wanted {
        Wanted::Whole => (StatusCode::OK, 0, length),
        Wanted::Part(first, last) => (StatusCode::PARTIAL_CONTENT, first, last - first + 1),
        Wanted::Outside => return Ok(outside(length)),
    };
    let mut response =
        (status, Body::from_stream(pieces(state.media.disk().clone(), reader, first, size))).into_response();
    let answer = response.headers_mut();
    answer.insert(header::CONTENT_TYPE, HeaderValue::from_static(container.content_type()));
    answer.insert(header::CONTENT_LENGTH, HeaderValue::from(size));
    answer.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    answer.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(tag) = HeaderValue::try_from(tag) {
        answer.insert(header::ETAG, tag);
    }
    if status == StatusCode::PARTIAL_CONTENT
        && let Ok(range) = HeaderValue::try_from(format!("bytes {first}-{}/{length}", first + size - 1))
    {
        answer.insert(header::CONTENT_RANGE, range);
    }
    let disposition = if download {
        let title = sealed::open_meta(&key, &row)?.title;
        attachment(&download_name(&title, container.extension()))
    } else {
        HeaderValue::from_static("attachment")
    };
    answer.insert(header::CONTENT_DISPOSITION, disposition);
    Ok(response)
}

/// 416, with the length by which a client can ask again; `guard` writes the body.
fn outside(length: u64) -> Response {
    let mut response = StatusCode::RANGE_NOT_SATISFIABLE.into_response();
    if let Ok(range) = HeaderValue::try_from(format!("bytes */{length}")) {
        response.headers_mut().insert(header::CONTENT_RANGE, range);
    }
    response
}
