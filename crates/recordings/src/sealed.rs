//! Between a row's sealed columns and what they hold.

use crate::model::{Meta, Problem, Recording, RecordingId};
use crate::queries::RecordingRow;
use kernel::{Ambient, Fault, UserId};
use seal::{Aad, DataKey};
use serde::Serialize;
use serde::de::DeserializeOwned;
use speech::{Container, Transcript};

fn meta(id: RecordingId, user: UserId) -> Aad {
    Aad { table: "recordings", row: id.uuid(), column: "meta", user: user.uuid() }
}

fn body(id: RecordingId, user: UserId) -> Aad {
    Aad { table: "transcripts", row: id.uuid(), column: "body", user: user.uuid() }
}

fn seal<T: Serialize>(key: &DataKey, place: &Aad, value: &T, ambient: &Ambient) -> Result<Vec<u8>, Fault> {
    let plain = serde_json::to_vec(value).map_err(Fault::internal)?;
    Ok(key.seal(place, &plain, &*ambient.rng))
}

/// What does not open is an error that names its row: nothing is skipped in silence.
fn open<T: DeserializeOwned>(key: &DataKey, place: &Aad, sealed: &[u8]) -> Result<T, Fault> {
    let Aad { table, row, .. } = place;
    let plain = key.open(place, sealed).map_err(|e| Fault::internal(format!("{table} {row} does not open: {e}")))?;
    // The kind only: serde's own words may repeat what a person said.
    serde_json::from_slice(&plain)
        .map_err(|e| Fault::internal(format!("{table} {row} cannot be read: {:?}", e.classify())))
}

/// Seals title and file name for their row.
pub(crate) fn seal_meta(
    key: &DataKey,
    id: RecordingId,
    user: UserId,
    value: &Meta,
    ambient: &Ambient,
) -> Result<Vec<u8>, Fault> {
    seal(key, &meta(id, user), value, ambient)
}

/// Title and file name of a row.
pub(crate) fn open_meta(key: &DataKey, row: &RecordingRow) -> Result<Meta, Fault> {
    open(key, &meta(row.id, row.user_id), &row.meta)
}

/// Seals a transcript for its recording.
pub(crate) fn seal_transcript(
    key: &DataKey,
    row: &RecordingRow,
    value: &Transcript,
    ambient: &Ambient,
) -> Result<Vec<u8>, Fault> {
    seal(key, &body(row.id, row.user_id), value, ambient)
}

/// The transcript of a recording.
pub(crate) fn open_transcript(key: &DataKey, row: &RecordingRow, sealed: &[u8]) -> Result<Transcript, Fault> {
    open(key, &body(row.id, row.user_id), sealed)
}

/// How the sound of a row is packed.
pub(crate) fn container(row: &RecordingRow) -> Result<Container, Fault> {
    row.container.parse().map_err(|e| Fault::internal(format!("recordings {}: container {e}", row.id)))
}

/// The recording a row holds.
pub(crate) fn open_recording(key: &DataKey, row: RecordingRow) -> Result<Recording, Fault> {
    let meta = open_meta(key, &row)?;
    Ok(Recording {
        id: row.id,
        title: meta.title,
        status: row.status,
        progress: fraction(row.progress_permille),
        problem: row.problem_code.clone().map(Problem::of),
        file_name: meta.file_name,
        container: container(&row)?,
        codec: row.codec,
        size_bytes: row.size_bytes,
        duration_s: fraction(row.duration_ms),
        language: row.language,
        created_at: row.created_at,
        updated_at: row.updated_at,
        version: row.version,
    })
}

/// A thousandth of a count. Counts here are far below 2^53, where every one of them is a float.
#[expect(clippy::cast_precision_loss, reason = "a day has 86,400,000 ms; 2^53 is 9 * 10^15")]
fn fraction(thousandths: i64) -> f64 {
    thousandths as f64 / 1000.0
}
