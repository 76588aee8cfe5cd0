//! How the model takes recordings: by the first bytes of the file, in memory.

use super::answers::{Answer, json, problem};
use super::{Asked, Model};
use axum::body::{Body, to_bytes};
use axum::http::StatusCode;
use serde_json::json as value;

const LIMIT: usize = 100 * 1024 * 1024;

pub(super) async fn answer(model: &Model, asked: &Asked, user: &str, template: &str, id: &str, body: Body) -> Answer {
    match (asked.method.as_str(), template) {
        ("GET", "/api/recordings") => {
            let memory = model.memory.lock().unwrap();
            let own = memory.recordings.iter().filter(|(_, (owner, _))| owner == user);
            let items: Vec<_> = own.map(|(id, _)| value!({"id": id})).collect();
            json(200, &value!({"items": items, "next_cursor": null}))
        }
        ("POST", "/api/recordings") => take(model, asked, user, body).await,
        ("POST", "/v1/audio/transcriptions") => {
            let leak = if model.is("A2-7") { "symphonia: no such chunk at /tmp/x" } else { "This file is not sound." };
            json(
                415,
                &value!({"error": {"message": leak, "type": "invalid_request_error", "param": "file", "code": "x"}}),
            )
        }
        ("DELETE", "/api/recordings/{id}") => match model.memory.lock().unwrap().recordings.remove(id) {
            Some(_) => json(200, &value!({"undo_until": "2026-11-21T10:00:00Z"})),
            None => problem(404, "not_found"),
        },
        ("GET", "/api/recordings/{id}/audio") => match model.memory.lock().unwrap().recordings.get(id) {
            Some((_, bytes)) => {
                let answer = Answer::bytes("audio/wav", bytes.clone());
                let saved = asked.query == "download=1";
                if saved { answer.with("content-disposition", "attachment; filename=\"a.wav\"") } else { answer }
            }
            None => problem(404, "not_found"),
        },
        ("GET", _) => problem(404, "not_found"),
        _ => Answer::empty(StatusCode::METHOD_NOT_ALLOWED),
    }
}

async fn take(model: &Model, asked: &Asked, user: &str, body: Body) -> Answer {
    let announced = asked.header("content-length").and_then(|length| length.parse::<usize>().ok());
    if announced.is_some_and(|length| length > LIMIT) {
        return problem(413, "too_large");
    }
    let bytes = match to_bytes(body, LIMIT).await {
        Ok(bytes) => bytes,
        Err(error) if format!("{error:?}").contains("LengthLimit") => return problem(413, "too_large"),
        Err(_) => return problem(400, "incomplete_body"),
    };
    let Some((name, file)) = file(&bytes) else { return problem(400, "malformed_form") };
    if !model.is("A2-6") {
        let reserved = ["CON.", "nul.", "COM1."].iter().any(|word| name.starts_with(word)) || name == "..";
        if reserved || name.chars().any(|c| c.is_control() || "/\\\u{202e}".contains(c)) {
            return problem(400, "invalid_filename");
        }
        let sound = file.starts_with(b"RIFF")
            && file.len() > 1000
            && file.windows(4).any(|four| four == b"fmt ")
            && file[20..24] != [0xff; 4];
        let named = std::path::Path::new(&name).extension().is_some_and(|end| end == "wav");
        if !(sound && named && !bytes.windows(7).any(|seven| seven == b"user_id"))
            || bytes.windows(6).any(|six| six == b"passwd")
        {
            return problem(415, "unsupported_media_type");
        }
    }
    let mut memory = model.memory.lock().unwrap();
    let id = memory.id();
    memory.recordings.insert(id.clone(), (user.to_owned(), file.to_vec()));
    json(201, &value!({"id": id, "version": 1}))
}

/// The name and the bytes of the form's file.
fn file(form: &[u8]) -> Option<(String, &[u8])> {
    let find = |bytes: &[u8], sign: &[u8]| bytes.windows(sign.len()).position(|part| part == sign);
    let start = find(form, b"filename=\"")? + 10;
    let end = start + find(&form[start..], b"\"\r\n")?;
    let body = end + find(&form[end..], b"\r\n\r\n")? + 4;
    let stop = body + find(&form[body..], b"\r\n--prove-")?;
    Some((String::from_utf8_lossy(&form[start..end]).into_owned(), &form[body..stop]))
}
