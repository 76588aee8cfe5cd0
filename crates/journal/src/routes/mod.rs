//! One action a file.

pub(crate) mod create_mood;
pub(crate) mod create_reflection;
pub(crate) mod delete_mood;
pub(crate) mod delete_reflection;
pub(crate) mod get_mood;
pub(crate) mod get_reflection;
pub(crate) mod list_moods;
pub(crate) mod list_reflections;
pub(crate) mod mood_stats;
pub(crate) mod restore_mood;
pub(crate) mod restore_reflection;
pub(crate) mod update_mood;
pub(crate) mod update_reflection;

use crate::Journal;
use crate::model::{Mood, MoodBody, Reflection, ReflectionBody};
use crate::queries::{MoodRow, ReflectionRow};
use crate::sealed;
use kernel::{Fault, Kind, Timestamp, UserId};
use seal::DataKey;

/// The mood a row holds.
fn open_mood(key: &DataKey, user: UserId, row: &MoodRow) -> Result<Mood, Fault> {
    let body: MoodBody = sealed::open(key, "moods", row.id.uuid(), user, &row.body)?;
    Ok(Mood {
        id: row.id,
        score: body.score,
        tags: body.tags,
        note: body.note,
        noted_at: row.noted_at,
        created_at: row.created_at,
        updated_at: row.updated_at,
        version: row.version,
    })
}

/// The reflection a row holds.
fn open_reflection(key: &DataKey, user: UserId, row: &ReflectionRow) -> Result<Reflection, Fault> {
    let body: ReflectionBody = sealed::open(key, "reflections", row.id.uuid(), user, &row.body)?;
    Ok(Reflection {
        id: row.id,
        title: body.title,
        content: body.content,
        tags: body.tags,
        created_at: row.created_at,
        updated_at: row.updated_at,
        version: row.version,
    })
}

/// A moment somebody names for a mood: now when they name none, and not in the future.
fn moment(journal: &Journal, named: Option<Timestamp>, otherwise: Timestamp) -> Result<Timestamp, Fault> {
    let Some(at) = named else { return Ok(otherwise) };
    if at > journal.ambient.now().plus(crate::rules::AHEAD) {
        return Err(Fault::field("noted_at", "in_the_future", "A mood is noted for now or for a past moment."));
    }
    if at.as_micros() < 0 {
        return Err(Fault::field("noted_at", "too_early", "The earliest moment is 1970-01-01T00:00:00Z."));
    }
    Ok(at)
}

/// Something that was deleted cannot be changed; to its owner it is gone until restored.
fn present<T>(row: Option<T>, deleted_at: impl Fn(&T) -> Option<Timestamp>) -> Result<T, Fault> {
    match row {
        Some(row) if deleted_at(&row).is_none() => Ok(row),
        _ => Err(Fault::not_found()),
    }
}

/// Something that can be restored: it was deleted, and the window is still open.
fn restorable<T>(journal: &Journal, row: Option<T>, deleted_at: impl Fn(&T) -> Option<Timestamp>) -> Result<T, Fault> {
    let row = row.ok_or_else(Fault::not_found)?;
    match deleted_at(&row) {
        None => Err(Fault::new(Kind::Conflict, "not_deleted", "It is not deleted.")),
        Some(at) if at.plus(crate::rules::UNDO) < journal.ambient.now() => Err(Fault::not_found()),
        Some(_) => Ok(row),
    }
}
