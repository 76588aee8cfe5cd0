//! Receives a file: streamed, sealed from its first byte, bounded, and looked into before anybody believes what it says it is.
//!
//! Nothing of a refused upload stays, and nothing of one whose client left.

use crate::config::Config;
use crate::media::{Place, Sound, Whole, pieces};
use crate::model::RecordingId;
use crate::rules::file_name::{FileName, NameFault};
use crate::state::State;
use axum::extract::Multipart;
use axum::extract::multipart::{Field, MultipartError, MultipartRejection};
use bytes::Bytes;
use kernel::{Fault, Kind, weaken};
use percent_encoding::percent_decode_str;
use speech::{AudioFault, Container, Probe, ProbeError, Source};
use std::error::Error;
use std::time::Duration;
use tokio::time::timeout;

/// How much is gathered before it is sealed and written, in bytes.
const GATHER: usize = 256 * 1024;
/// The longest small field, in bytes: well above what any of them may hold in characters.
const FIELD_BYTES: usize = 8 * 1024;
/// How long a refused upload is still read, so that the client gets to read why.
const DRAIN: Duration = Duration::from_secs(5);
/// The code of an upload that fell silent.
const STALLED: &str = "upload_stalled";

/// Where this line is, for the answers of a server that shows its inside. Only behind `weaken`.
macro_rules! here {
    () => {
        concat!(file!(), ":", line!())
    };
}

/// A file that was received, and what is in it.
pub(crate) struct Received {
    pub(crate) whole: Whole,
    pub(crate) probe: Probe,
    /// The length of what was sent, in bytes.
    pub(crate) sent_size: u64,
    /// SHA-256 of what was sent.
    pub(crate) sent_digest: [u8; 32],
}

/// The body of an upload.
///
/// # Errors
/// 400 when it is no multipart form.
pub(crate) fn form(multipart: Result<Multipart, MultipartRejection>) -> Result<Multipart, Fault> {
    multipart.map_err(|_| malformed())
}

/// The next field.
pub(crate) async fn next<'a>(form: &'a mut Multipart, config: &Config) -> Result<Option<Field<'a>>, Fault> {
    let field = timeout(config.silence, form.next_field()).await.map_err(|_| stalled(config))?;
    field.map_err(|error| unread(&error, config))
}

/// Reads on for a moment after a refusal: a client that is still sending would otherwise see its connection die instead
/// of the answer.
pub(crate) async fn drain(form: &mut Multipart, refusal: &Fault) {
    if refusal.code() == STALLED {
        return;
    }
    let rest = async { while let Ok(Some(_)) = form.next_field().await {} };
    // Whoever sends for longer than that is not waited for.
    let _ = timeout(DRAIN, rest).await;
}

/// A small field, as text.
pub(crate) async fn text(mut field: Field<'_>, name: &'static str, config: &Config) -> Result<String, Fault> {
    let mut bytes = Vec::new();
    while let Some(piece) = piece(&mut field, config).await? {
        if bytes.len() + piece.len() > FIELD_BYTES {
            return Err(Fault::field(
                name,
                "too_long",
                format!("At most {FIELD_BYTES} bytes are taken in this field."),
            ));
        }
        bytes.extend_from_slice(&piece);
    }
    String::from_utf8(bytes).map_err(|_| Fault::field(name, "not_text", "This field is text in UTF-8."))
}

/// The name of the file in a field, and the container that its extension promises; both judged before a byte is stored.
pub(crate) fn name(field: &Field<'_>) -> Result<FileName, Fault> {
    let given = field.file_name().map(str::to_owned).or_else(|| extended_name(field));
    let given = given.unwrap_or_default();
    if weaken::is("A2-6") {
        return Ok(FileName::unchecked(&given));
    }
    let name = FileName::parse(&given)?;
    if Container::from_extension(name.extension()).is_none() {
        return Err(wrong_type("The name of this file ends in none of the types that are taken."));
    }
    Ok(name)
}

/// `filename*=UTF-8''…` (RFC 8187), which some programs send for names that are not ASCII.
fn extended_name(field: &Field<'_>) -> Option<String> {
    let header = field.headers().get(http::header::CONTENT_DISPOSITION)?.to_str().ok()?;
    let (_, rest) = header.split_once("filename*=")?;
    let value = rest.split(';').next()?.trim().trim_matches('"');
    let (charset, rest) = value.split_once('\'')?;
    let (_, encoded) = rest.split_once('\'')?;
    let utf8 = charset.eq_ignore_ascii_case("utf-8");
    utf8.then(|| percent_decode_str(encoded).decode_utf8().ok().map(std::borrow::Cow::into_owned))?
}

/// Receives the file and looks into it.
pub(crate) async fn file(
    state: &State,
    mut field: Field<'_>,
    name: &FileName,
    id: RecordingId,
    place: Place,
) -> Result<Received, Fault> {
    let whole = receive(state, &mut field, id, place).await?;
    // Its end was reached; what comes after it is the caller's to judge.
    drop(field);
    let looked = async {
        let probe = look(state, &whole, name).await?;
        scan(state, &whole).await?;
        Ok(probe)
    };
    match looked.await {
        Ok(probe) => Ok(Received { sent_size: whole.size, sent_digest: whole.digest, whole, probe }),
        Err(fault) => {
            whole.discard().await;
            Err(fault)
        }
    }
}

/// Whether files are kept with all that they tell. Only behind `weaken`.
pub(crate) fn keeps_all() -> bool {
    weaken::is("A2-6") || weaken::is("A2-6.metadata")
}

/// Writes the sound of a file into another one without what the file tells besides, and removes the first (A2-6).
pub(crate) async fn clean(state: &State, received: Received, id: RecordingId, place: Place) -> Result<Received, Fault> {
    if keeps_all() {
        return Ok(received);
    }
    let Received { whole, probe, sent_size, sent_digest } = received;
    let cleaned = write_clean(state, &whole, &probe, id, place).await;
    whole.discard().await;
    let whole = cleaned?;
    // What is kept has to play as what was sent does: looked at in the same way.
    let again = match whole.read().await {
        Ok(sound) => probed(state, sound).await,
        Err(error) => Err(ours(error)),
    };
    match again {
        Ok(again) if again.container == probe.container => Ok(Received { whole, probe: again, sent_size, sent_digest }),
        refused => {
            whole.discard().await;
            Err(refused.err().unwrap_or_else(|| judge(AudioFault::Corrupt)))
        }
    }
}

async fn write_clean(
    state: &State,
    whole: &Whole,
    probe: &Probe,
    id: RecordingId,
    place: Place,
) -> Result<Whole, Fault> {
    let sound = whole.read().await.map_err(ours)?;
    let mut part = state.media.begin(id, place).await.map_err(ours)?;
    let sink = part.lend().map_err(ours)?;
    let written = state.prober.strip(Source::new(sound.reader, sound.length), probe.container, sink).await;
    part.take_back(written.map_err(unprobed)?);
    state.media.finish(part).await.map_err(ours)
}

/// Has a virus scanner look at the file, where there is one. Without its word nothing is taken.
async fn scan(state: &State, whole: &Whole) -> Result<(), Fault> {
    let Some(scanner) = &state.scanner else { return Ok(()) };
    let sound = whole.read().await.map_err(ours)?;
    let pieces = pieces(state.media.disk().clone(), sound.reader, 0, sound.length);
    scanner.scan(pieces).await
}

async fn receive(state: &State, field: &mut Field<'_>, id: RecordingId, place: Place) -> Result<Whole, Fault> {
    let mut part = state.media.begin(id, place).await.map_err(ours)?;
    let mut total = 0u64;
    loop {
        let (pieces, more) = match gather(field, &mut total, &state.config).await {
            Ok(gathered) => gathered,
            Err(fault) => {
                part.discard().await;
                return Err(fault);
            }
        };
        // A write that fails has removed the file with it.
        part.write(pieces).await.map_err(ours)?;
        if !more {
            break;
        }
    }
    if total == 0 {
        part.discard().await;
        return Err(Fault::field("file", "empty", "This file is empty."));
    }
    state.media.finish(part).await.map_err(ours)
}

/// Some bytes, and whether there may be more.
async fn gather(field: &mut Field<'_>, total: &mut u64, config: &Config) -> Result<(Vec<Bytes>, bool), Fault> {
    let (mut pieces, mut size) = (Vec::new(), 0);
    while size < GATHER {
        let Some(piece) = piece(field, config).await? else { return Ok((pieces, false)) };
        *total += piece.len() as u64;
        if *total > config.max_bytes {
            return Err(too_large(config));
        }
        size += piece.len();
        pieces.push(piece);
    }
    Ok((pieces, true))
}

async fn piece(field: &mut Field<'_>, config: &Config) -> Result<Option<Bytes>, Fault> {
    let piece = timeout(config.silence, field.chunk()).await.map_err(|_| stalled(config))?;
    piece.map_err(|error| unread(&error, config))
}

/// Decodes the first sounds, and compares what is there with what the name promised.
async fn look(state: &State, whole: &Whole, name: &FileName) -> Result<Probe, Fault> {
    let sound = whole.read().await.map_err(ours)?;
    let probe = match probed(state, sound).await {
        Ok(probe) => probe,
        Err(fault) if weaken::is("A2-6") && fault.kind() != Kind::Unavailable => return Ok(believed()),
        Err(fault) => return Err(fault),
    };
    if !probe.container.agrees_with_extension(name.extension()) && !weaken::is("A2-6") {
        let detail = format!("The content of this file is {}, its name says otherwise.", probe.container);
        return Err(wrong_type(&detail));
    }
    Ok(probe)
}

async fn probed(state: &State, sound: Sound) -> Result<Probe, Fault> {
    state.prober.probe(Source::new(sound.reader, sound.length)).await.map_err(unprobed)
}

fn unprobed(error: ProbeError) -> Fault {
    match error {
        ProbeError::Audio(fault) => judge(fault),
        ProbeError::Busy => {
            let detail = "Too many uploads at this moment. Try again.";
            Fault::unavailable("upload_busy", detail, Duration::from_secs(2))
        }
    }
}

/// What a server that believes every name would note. Only behind `weaken`.
const fn believed() -> Probe {
    Probe { container: Container::Wav, codec: "unknown", sample_rate: 16_000, channels: 1, duration: None }
}

/// What a refusal of the decoder is for the one who sent the file.
pub(crate) fn judge(fault: AudioFault) -> Fault {
    if weaken::is("A2-7") {
        return Fault::new(Kind::UnsupportedMedia, "unsupported_media_type", format!("{fault:?} at {}", here!()));
    }
    match fault {
        fault if fault.is_ours() => Fault::internal(fault),
        fault if fault.is_format() => wrong_type(&fault.to_string()),
        fault => Fault::field("file", fault.code(), fault.to_string()),
    }
}

fn wrong_type(detail: &str) -> Fault {
    let allowed = Container::ALL.map(Container::extension).join(", ");
    Fault::new(Kind::UnsupportedMedia, "unsupported_media_type", format!("{detail} Allowed: {allowed}."))
}

/// 413, with the limit in words.
fn too_large(config: &Config) -> Fault {
    let mib = config.max_bytes / (1024 * 1024);
    Fault::new(Kind::TooLarge, "too_large", format!("A recording has at most {mib} MiB."))
}

fn malformed() -> Fault {
    let detail = "The body is not a whole form of the type multipart/form-data.";
    Fault::new(Kind::BadRequest, "malformed_multipart", detail)
}

fn stalled(config: &Config) -> Fault {
    let detail = format!("Nothing arrived for {} s. Send the file again.", config.silence.as_secs());
    Fault::new(Kind::BadRequest, STALLED, detail)
}

/// A body that could not be read to its end: too large, or not a form.
fn unread(error: &MultipartError, config: &Config) -> Fault {
    if error.status() == http::StatusCode::PAYLOAD_TOO_LARGE {
        return too_large(config);
    }
    if weaken::is("A2-7") {
        let inside = error.source().map_or_else(|| error.to_string(), |source| format!("{source:?}"));
        return Fault::new(Kind::BadRequest, "malformed_multipart", format!("{inside} at {}", here!()));
    }
    // All that a client writes freely into the head of a part is the name of a file; a control character there makes the
    // head unreadable before anybody can look at the name.
    let head = error.source().and_then(|source| source.downcast_ref::<multer::Error>());
    if matches!(head, Some(multer::Error::ReadHeaderFailed(_) | multer::Error::DecodeHeaderValue { .. })) {
        return NameFault::Control.into();
    }
    malformed()
}

/// A disk that does not do what it is told: our fault, and nothing of it shows.
fn ours(error: std::io::Error) -> Fault {
    if weaken::is("A2-7") {
        return Fault::new(Kind::Internal, "internal", format!("{error:?} at {}", here!()));
    }
    Fault::internal(error)
}
