//! `POST /api/recordings`: takes a recording in and has it transcribed.

use super::spend;
use crate::config::Config;
use crate::jobs::enqueue_transcribe;
use crate::media::{MediaKey, Place};
use crate::model::{self, Meta, Recording, RecordingId, Status};
use crate::queries::{self, RecordingRow};
use crate::rules::file_name::FileName;
use crate::sealed;
use crate::state::State;
use crate::upload::{self, Received};
use axum::extract;
use axum::extract::Multipart;
use axum::extract::multipart::MultipartRejection;
use guard::{Caller, Class, Entity, IdempotencyKey, Limits};
use kernel::{Fault, Kind, UserId};
use seal::DataKey;
use serde::Serialize;
use speech::Language;
use std::sync::Arc;
use std::time::Duration;
use store::once::Once;
use utoipa::ToSchema;

/// A recording to take in: a form whose fields come in this order.
#[derive(ToSchema)]
#[schema(as = NewRecording)]
#[expect(dead_code, reason = "describes the form; the fields are read one after the other as they arrive")]
pub(crate) struct Form {
    /// What to call it; the file's name without its ending when left out.
    #[schema(max_length = 200)]
    title: Option<String>,
    /// The language spoken, an ISO 639-1 code; `auto` (the default) finds out.
    #[schema(max_length = 8)]
    language: Option<String>,
    /// The sound: wav, mp3, m4a, flac, ogg, opus or webm, with a file name, at most 100 MiB and six hours.
    #[schema(value_type = String, format = Binary, max_length = 104_857_600)]
    file: Vec<u8>,
}

/// What decides whether a repeated upload is the same one.
#[derive(Serialize)]
struct Fingerprint<'a> {
    title: Option<&'a str>,
    language: String,
    file_name: &'a str,
    size: u64,
    digest: [u8; 32],
}

/// The form, read.
struct Filled {
    title: Option<String>,
    language: Language,
    name: FileName,
    file: Received,
}

/// Takes a recording in. It is durable when this answers, and its transcription is queued.
#[utoipa::path(post, path = "/api/recordings", operation_id = "create_recording", tag = "recordings", extensions(("x-auth" = json!("caller"))),
    params(("Idempotency-Key" = Option<String>, Header, max_length = 128)),
    request_body(content = Form, content_type = "multipart/form-data"),
    responses((status = 201, body = Recording), (status = 400, body = guard::ProblemBody),
        (status = 401, body = guard::ProblemBody), (status = 413, body = guard::ProblemBody),
        (status = 415, body = guard::ProblemBody), (status = 422, body = guard::ProblemBody),
        (status = 429, body = guard::ProblemBody), (status = 503, body = guard::ProblemBody),
        (status = 504, body = guard::ProblemBody)))]
pub(crate) async fn handler(
    extract::State(state): extract::State<Arc<State>>,
    caller: Caller,
    limits: Limits,
    IdempotencyKey(idempotency): IdempotencyKey,
    multipart: Result<Multipart, MultipartRejection>,
) -> guard::Result<Entity<Recording>> {
    let user = caller.user_id;
    let key = state.keys.of(user).await?;
    let id: RecordingId = state.ambient.id();
    let mut form = upload::form(multipart)?;
    let filled = match fill(&state, &mut form, &limits, user, id, &key).await {
        Ok(filled) => filled,
        Err(fault) => {
            upload::drain(&mut form, &fault).await;
            return Err(fault.into());
        }
    };
    let recording = keep(&state, &limits, filled, user, id, &key, idempotency.as_deref()).await?;
    Ok(Entity::created(recording.version, recording))
}

/// Reads the form in its order: the small fields decide about the file before it is stored.
async fn fill(
    state: &State,
    form: &mut Multipart,
    limits: &Limits,
    user: UserId,
    id: RecordingId,
    key: &Arc<DataKey>,
) -> Result<Filled, Fault> {
    let config = &state.config;
    let (mut title, mut language) = (None, None);
    while let Some(field) = upload::next(form, config).await? {
        match field.name() {
            Some("title") if title.is_none() && language.is_none() => {
                title = Some(model::title(&upload::text(field, "title", config).await?)?);
            }
            Some("language") if language.is_none() => {
                language = Some(model::language(&upload::text(field, "language", config).await?)?);
            }
            Some("file") => {
                let name = upload::name(&field)?;
                limits.by_key(Class::Transcription, &user.to_string()).await?;
                // Told before the file is sent; whether this very file fits, is known when it is there.
                within_quota(queries::occupied(&mut state.db.lookup().await?, user).await?, config)?;
                // What was sent lies under another name than what will be kept of it.
                let sent = if upload::keeps_all() { id } else { state.ambient.id() };
                let place = Place::of(sent, user, key.clone(), &state.ambient);
                let file = upload::file(state, field, &name, sent, place).await?;
                if let Err(fault) = end(form, state).await {
                    file.whole.discard().await;
                    return Err(fault);
                }
                let file = upload::clean(state, file, id, Place::of(id, user, key.clone(), &state.ambient)).await?;
                let title = title.filter(|title| !title.is_empty());
                return Ok(Filled { title, language: language.unwrap_or_default(), name, file });
            }
            Some("title") => return Err(misplaced("title")),
            Some("language") => return Err(misplaced("language")),
            _ => return Err(unknown()),
        }
    }
    Err(Fault::field("file", "missing", "The form needs a field `file` with the recording."))
}

/// One person must not fill the disk of all (A2-6).
fn within_quota(bytes: u64, config: &Config) -> Result<(), Fault> {
    if bytes <= config.quota_bytes {
        return Ok(());
    }
    let gib = config.quota_bytes / (1024 * 1024 * 1024);
    let detail =
        format!("Your recordings may take {gib} GiB together. Delete some; their place is free after 30 days.");
    Err(Fault::new(Kind::TooLarge, "quota_exceeded", detail))
}

/// Nothing comes after the file.
async fn end(form: &mut Multipart, state: &State) -> Result<(), Fault> {
    let Some(field) = upload::next(form, &state.config).await? else { return Ok(()) };
    Err(match field.name() {
        Some("file") => Fault::field("file", "duplicate", "One file a recording; send the others on their own."),
        Some("title") => misplaced("title"),
        Some("language") => misplaced("language"),
        _ => unknown(),
    })
}

fn misplaced(field: &'static str) -> Fault {
    Fault::field(field, "misplaced", "Each field stands once, in this order: title, language, file.")
}

/// The name is the caller's words, so it is not repeated.
fn unknown() -> Fault {
    Fault::field("form", "unknown_field", "There is no such field here. Allowed: title, language, file.")
}

/// Gives the file its lasting name, then stores its row and its job in one transaction.
async fn keep(
    state: &State,
    limits: &Limits,
    filled: Filled,
    user: UserId,
    id: RecordingId,
    key: &Arc<DataKey>,
    idempotency: Option<&str>,
) -> Result<Recording, Fault> {
    let Filled { title, language, name, file } = filled;
    let Received { whole, probe, sent_size, sent_digest } = file;
    let ambient = &state.ambient;
    let fingerprint = Fingerprint {
        title: title.as_deref(),
        language: language.to_string(),
        file_name: name.as_str(),
        size: sent_size,
        digest: sent_digest,
    };
    let mut once = Once::new(idempotency, "POST /api/recordings", user, key.clone(), &fingerprint, ambient)?;
    let now = ambient.now();
    let title = title.unwrap_or_else(|| model::title_of(&name));
    let meta = Meta { title, file_name: name.as_str().to_owned() };
    let row = RecordingRow {
        id,
        user_id: user,
        meta: sealed::seal_meta(key, id, user, &meta, ambient)?,
        container: probe.container.to_string(),
        codec: probe.codec.to_owned(),
        size_bytes: i64::try_from(whole.size).map_err(Fault::internal)?,
        duration_ms: probe.duration.map_or(0, millis),
        language: match language {
            Language::Auto => None,
            Language::Code(code) => Some(code.to_owned()),
        },
        status: Status::Queued,
        progress_permille: 0,
        problem_code: None,
        created_at: now,
        updated_at: now,
        deleted_at: None,
        version: 1,
    };
    let duration = probe.duration.unwrap_or_default();
    let kept = whole.keep().await.map_err(Fault::internal)?;
    let stored = async {
        let mut tx = state.db.begin().await?;
        if let Some(first) = once.replay::<Recording>(&mut tx).await? {
            return Ok::<_, Fault>(Err(first));
        }
        let occupied = queries::occupied(&mut tx, user).await?;
        within_quota(occupied.saturating_add(row.size_bytes.unsigned_abs()), &state.config)?;
        // Here, so that neither a repetition nor what is refused for another reason takes anything.
        spend(limits, user, duration).await?;
        queries::insert(&mut tx, &row, MediaKey::of(id).to_string()).await?;
        enqueue_transcribe(&mut tx, ambient, id, user).await?;
        let recording = sealed::open_recording(key, row)?;
        once.keep(&mut tx, &recording).await?;
        Ok(Ok((tx, recording)))
    };
    match stored.await {
        Ok(Ok((tx, recording))) => {
            kept.settle();
            tx.commit().await?;
            Ok(recording)
        }
        // The same upload again: its file is the first one's.
        Ok(Err(first)) => {
            kept.discard().await;
            Ok(first)
        }
        Err(fault) => {
            kept.discard().await;
            Err(fault)
        }
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
