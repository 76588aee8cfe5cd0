//! `POST /v1/audio/transcriptions`: the same engine behind the door that clients of OpenAI know. Nothing is kept: the sound
//! lies sealed on disk while it is listened to, and is gone when this answers.

use super::spend;
use crate::media::{Place, Sound};
use crate::model::{self, RecordingId};
use crate::openai::{self, Answer, Data, Granularity, Options};
use crate::rules::problem::MODEL_MISSING;
use crate::state::State;
use crate::upload::{self, Received};
use axum::extract;
use axum::extract::Multipart;
use axum::extract::multipart::MultipartRejection;
use axum::response::{IntoResponse, Response};
use guard::{Caller, Class, Json, Limits};
use http::{HeaderValue, header};
use kernel::{Fault, UserId};
use speech::{Job, Language, Source, SpeechError, Transcript};
use std::sync::Arc;
use std::time::Duration;
use utoipa::ToSchema;

/// What to transcribe and how to answer. The fields may come in any order.
#[derive(ToSchema)]
#[schema(as = NewTranscription)]
#[expect(dead_code, reason = "describes the form; the fields are read one after the other as they arrive")]
pub(crate) struct Form {
    /// The sound: wav, mp3, m4a, flac, ogg, opus or webm, with a file name, at most 100 MiB.
    #[schema(value_type = String, format = Binary, max_length = 104_857_600)]
    file: Vec<u8>,
    /// Any name, such as `whisper-1`; the model that is installed is used.
    #[schema(min_length = 1, max_length = 64)]
    model: String,
    /// An ISO 639-1 code; found out when left out.
    #[schema(max_length = 8)]
    language: Option<String>,
    /// Words that help with names and terms.
    #[schema(max_length = 1000)]
    prompt: Option<String>,
    /// `json` (the default), `text`, `srt`, `verbose_json` or `vtt`.
    #[schema(max_length = 16)]
    response_format: Option<String>,
    /// 0 to 1.
    #[schema(minimum = 0, maximum = 1)]
    temperature: Option<f32>,
    /// `word`, `segment` or both; with `verbose_json` only.
    #[schema(max_items = 2)]
    #[schema(rename = "timestamp_granularities[]")]
    timestamp_granularities: Option<Vec<Granularity>>,
}

/// The form, read.
struct Filled {
    options: Options,
    language: Language,
    file: Received,
}

/// Transcribes a file at once.
#[utoipa::path(post, path = "/v1/audio/transcriptions", operation_id = "create_transcription", tag = "recordings", extensions(("x-auth" = json!("caller"))),
    request_body(content = Form, content_type = "multipart/form-data"),
    responses((status = 200, description = "The text, in the form that was asked for.", content((Data = "application/json"),
            (String = "text/plain"), (String = "application/x-subrip"), (String = "text/vtt"))),
        (status = 400, body = guard::ProblemBody), (status = 401, body = guard::ProblemBody),
        (status = 413, body = guard::ProblemBody), (status = 415, body = guard::ProblemBody),
        (status = 422, body = guard::ProblemBody), (status = 429, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody), (status = 504, body = guard::ProblemBody)))]
pub(crate) async fn handler(
    extract::State(state): extract::State<Arc<State>>,
    caller: Caller,
    limits: Limits,
    multipart: Result<Multipart, MultipartRejection>,
) -> guard::Result<Response> {
    let user = caller.user_id;
    let mut form = upload::form(multipart)?;
    let turn = async {
        limits.by_key(Class::Transcription, &user.to_string()).await?;
        let turn = state.turns.take(user, state.config.at_once)?;
        // Before the file is sent in vain.
        state.engine.model().map_err(|missing| model_missing().because(missing))?;
        let filled = fill(&state, &mut form, user).await?;
        Ok::<_, Fault>((turn, filled))
    };
    let (turn, Filled { options, language, file }) = match turn.await {
        Ok(filled) => filled,
        Err(fault) => {
            upload::drain(&mut form, &fault).await;
            return Err(fault.into());
        }
    };
    let heard = async {
        spend(&limits, user, file.probe.duration.unwrap_or_default()).await?;
        hear(&state, &options, language, &file).await
    };
    let heard = heard.await;
    file.whole.discard().await;
    drop(turn);
    Ok(match openai::answer(&heard?, &options) {
        Answer::Data(data) => Json(data).into_response(),
        Answer::Text(text, media) => ([(header::CONTENT_TYPE, HeaderValue::from_static(media))], text).into_response(),
    })
}

async fn fill(state: &State, form: &mut Multipart, user: UserId) -> Result<Filled, Fault> {
    let mut file: Option<Received> = None;
    let read = read(state, form, user, &mut file).await;
    match (read, file) {
        (Ok((options, language)), Some(file)) => Ok(Filled { options, language, file }),
        (Ok(_), None) => Err(Fault::field("file", "missing", "The form needs a field `file` with the recording.")),
        (Err(fault), file) => {
            if let Some(file) = file {
                file.whole.discard().await;
            }
            Err(fault)
        }
    }
}

async fn read(
    state: &State,
    form: &mut Multipart,
    user: UserId,
    file: &mut Option<Received>,
) -> Result<(Options, Language), Fault> {
    let (mut options, mut language) = (Options::default(), Language::Auto);
    while let Some(field) = upload::next(form, &state.config).await? {
        match field.name() {
            Some("file") if file.is_some() => {
                return Err(Fault::field("file", "duplicate", "One file a request."));
            }
            Some("file") => {
                let name = upload::name(&field)?;
                let (key, id) = (state.keys.of(user).await?, state.ambient.id::<RecordingId>());
                let place = Place::of(id, user, key, &state.ambient);
                *file = Some(upload::file(state, field, &name, id, place).await?);
            }
            Some("language") => {
                let text = upload::text(field, "language", &state.config).await?;
                if !text.is_empty() {
                    language = model::language(&text)?;
                }
            }
            name => {
                let name = name.unwrap_or_default().to_owned();
                let text = upload::text(field, "form", &state.config).await?;
                if !options.set(&name, &text)? {
                    let detail = "There is no such field here. Allowed: file, model, language, prompt, response_format, \
                        temperature, timestamp_granularities[], stream.";
                    return Err(Fault::field("form", "unknown_field", detail));
                }
            }
        }
    }
    options.check()?;
    Ok((options, language))
}

async fn hear(state: &State, options: &Options, language: Language, file: &Received) -> Result<Transcript, Fault> {
    let Sound { reader, length } = file.whole.read().await.map_err(Fault::internal)?;
    let job = Job::new(Source::new(reader, length))
        .language(language)
        .prompt(&options.prompt)
        .temperature(options.temperature);
    state.engine.transcribe(job).await.map_err(judge)
}

fn judge(error: SpeechError) -> Fault {
    match error {
        SpeechError::Audio(fault) => upload::judge(fault),
        SpeechError::Missing(_) => model_missing().because(error),
        SpeechError::Language { .. } => Fault::field("language", error.code(), error.to_string()),
        SpeechError::Busy => Fault::unavailable(error.code(), error.to_string(), Duration::from_secs(10)),
        SpeechError::Stopped => {
            Fault::unavailable("stopping", "The server is stopping. Try again in a moment.", Duration::from_secs(5))
        }
        SpeechError::Cancelled | SpeechError::Engine(_) => Fault::internal(error),
    }
}

fn model_missing() -> Fault {
    Fault::unavailable("model_missing", MODEL_MISSING, Duration::from_mins(1))
}
