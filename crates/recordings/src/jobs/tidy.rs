//! What nobody enqueues: taking up work when a model appears, and removing what dead processes left.

use crate::media::{MediaKey, Old};
use crate::state::State;
use crate::{jobs, queries};
use kernel::{Cursor, Fault, Timestamp};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};
use uuid::Uuid;

/// How often to look for a model.
const LOOK: Duration = Duration::from_secs(15);
/// How often to look for what was left behind.
const SWEEP: Duration = Duration::from_hours(1);
/// An upload that nobody has written to for so long is dead, and a file whose row is still to come is not this old.
const LEFT: Duration = Duration::from_hours(1);

/// Looks after this slice until dropped; the server runs it beside its own work, once in each process. The first look is
/// at once.
pub async fn keep_tidy(state: Arc<State>) {
    let (mut look, mut clean) = (interval(LOOK), interval(SWEEP));
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    clean.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let done = tokio::select! {
            _ = look.tick() => wake(&state).await.map(|woken| ("recordings taken up, a model is there", woken)),
            _ = clean.tick() => sweep(&state).await.map(|swept| ("left files removed", swept)),
        };
        match done {
            Ok((what, count)) if count > 0 => tracing::info!(count, "{what}"),
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "looking after recordings; trying again later"
                );
            }
        }
    }
}

/// Queues what waited for a model, if one is there now. Answers how many.
pub(crate) async fn wake(state: &State) -> Result<usize, Fault> {
    if state.engine.model().is_err() {
        return Ok(0);
    }
    let (mut woken, mut last) = (0, Cursor { at: Timestamp::from_micros(0), id: Uuid::nil() });
    loop {
        let waiting = queries::waiting(&mut state.db.lookup().await?, last).await?;
        if waiting.is_empty() {
            return Ok(woken);
        }
        for recording in waiting {
            last = Cursor { at: recording.created_at, id: recording.id.uuid() };
            let mut tx = state.db.begin().await?;
            // Another process may have been first.
            if queries::wake(&mut tx, recording.id, state.ambient.now()).await? {
                jobs::enqueue_transcribe(&mut tx, &state.ambient, recording.id, recording.user_id).await?;
                tx.commit().await?;
                woken += 1;
            }
        }
    }
}

/// Removes unfinished uploads of dead processes, and files that have no row. Answers how many.
pub(crate) async fn sweep(state: &State) -> Result<usize, Fault> {
    let before = state.ambient.now().minus(LEFT);
    let mut swept = 0;
    for (old, id) in state.media.old(before).await.map_err(Fault::internal)? {
        match old {
            Old::Part => state.media.remove_part(id).await.map_err(Fault::internal)?,
            Old::File => {
                let key = MediaKey::of(id).to_string();
                if queries::has_file(&mut state.db.lookup().await?, key).await? {
                    continue;
                }
                state.media.remove(id).await.map_err(Fault::internal)?;
            }
        }
        swept += 1;
    }
    Ok(swept)
}
