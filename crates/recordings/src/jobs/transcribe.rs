//! Listens to a recording and writes down what was said: once, however often the process dies on the way.
//!
//! The transcript, the recording's state and the end of the job are one transaction. Without a model the job ends and the
//! recording waits; `tidy` queues it again when a model appears, so waiting uses up no tries.

use crate::media::{Place, Sound};
use crate::model::{RecordingId, Status};
use crate::queries::{self, RecordingRow};
use crate::sealed;
use crate::state::State;
use kernel::Fault;
use speech::{Cancel, Language, Source, SpeechError, Transcript};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;
use store::jobs::{Handler, Job, Lease, Outcome};
use store::{Error, Tx};
use tokio::time::{MissedTickBehavior, interval_at};

/// How often progress is written down.
const NOTE: Duration = Duration::from_secs(1);
/// How long to wait when the engine's queue is full: that is no fault of the recording, and uses up no try.
const BUSY: Duration = Duration::from_secs(2);
/// How long to wait after a failure of ours.
const AGAIN: Duration = Duration::from_secs(10);

/// The handler.
pub struct Transcribe(Arc<State>);

/// Why a try ended without a transcript.
enum Ended {
    /// Nobody wants it any more, or it is there already.
    Unneeded,
    /// No model is installed.
    NoModel,
    /// The process is stopping, or somebody else has the job.
    Stopped,
    /// It will never work.
    Hopeless(&'static str),
    /// It may work later.
    Later(&'static str, Fault),
}

impl<E: Into<Fault>> From<E> for Ended {
    fn from(error: E) -> Self {
        Self::Later("internal", error.into())
    }
}

impl Transcribe {
    /// For the runner.
    pub const fn new(state: Arc<State>) -> Self {
        Self(state)
    }

    async fn attempt(&self, id: RecordingId, lease: &Lease) -> Result<(), Ended> {
        let state = &*self.0;
        let row = queries::find(&mut state.db.lookup().await?, id).await?.ok_or(Ended::Unneeded)?;
        if row.deleted_at.is_some() || row.status == Status::Ready {
            return Err(Ended::Unneeded);
        }
        if state.engine.model().is_err() {
            return Err(Ended::NoModel);
        }
        let data_key = match state.keys.of(row.user_id).await {
            Err(Error::NoKey) => return Err(Ended::Hopeless("media_unreadable")),
            other => other?,
        };
        let place = Place::of(id, row.user_id, data_key.clone(), &state.ambient);
        self.note(id, Status::Working, lease).await?;
        let transcript = self.listen(&row, &place, lease).await?;

        let body = sealed::seal_transcript(&data_key, &row, &transcript, &state.ambient)?;
        let now = state.ambient.now();
        let language = Some(transcript.language.clone()).filter(|code| !code.is_empty()).or(row.language.clone());
        let mut tx = state.db.begin().await?;
        if !queries::ready(&mut tx, id, language, millis(transcript.duration_s), now).await? {
            return Err(Ended::Unneeded);
        }
        queries::insert_transcript(&mut tx, &row, body, &transcript.model, &transcript.language, now).await?;
        match lease.complete(&mut tx).await {
            Err(Error::LeaseLost) => return Err(Ended::Stopped),
            other => other?,
        }
        tx.commit().await?;
        Ok(())
    }

    /// Notes where the work stands, while the job is ours.
    async fn note(&self, id: RecordingId, status: Status, lease: &Lease) -> Result<(), Ended> {
        let mut tx = self.0.db.begin().await?;
        match lease.hold(&mut tx).await {
            Err(Error::LeaseLost) => return Err(Ended::Stopped),
            other => other?,
        }
        if !queries::set_status(&mut tx, id, status, self.0.ambient.now()).await? {
            return Err(Ended::Unneeded);
        }
        tx.commit().await?;
        Ok(())
    }

    async fn listen(&self, row: &RecordingRow, place: &Place, lease: &Lease) -> Result<Transcript, Ended> {
        loop {
            match self.listen_once(row, place, lease).await? {
                Err(SpeechError::Busy) => {}
                other => return other.map_err(judge),
            }
            tokio::select! {
                () = lease.stopped() => return Err(Ended::Stopped),
                () = tokio::time::sleep(BUSY) => {}
            }
        }
    }

    async fn listen_once(
        &self,
        row: &RecordingRow,
        place: &Place,
        lease: &Lease,
    ) -> Result<Result<Transcript, SpeechError>, Ended> {
        let state = &*self.0;
        let Sound { reader, length } = state.media.read(row.id, place.clone()).await.map_err(unread)?;
        let language = row.language.as_deref().and_then(|code| code.parse().ok()).unwrap_or(Language::Auto);
        let (heard, cancel) = (Arc::new(AtomicU32::new(0)), Cancel::new());
        let hear = heard.clone();
        let job = speech::Job::new(Source::new(reader, length))
            .language(language)
            .cancel(cancel.clone())
            .progress(move |share| hear.store(permille(share), Relaxed));
        let work = state.engine.transcribe(job);
        tokio::pin!(work);
        let mut note = interval_at(tokio::time::Instant::now() + NOTE, NOTE);
        note.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut noted = 0;
        loop {
            tokio::select! {
                // Dropping the work on the way out of here cancels it.
                done = &mut work => return Ok(done),
                () = lease.stopped() => {
                    cancel.cancel();
                    return Err(Ended::Stopped);
                }
                _ = note.tick() => {
                    let now = heard.load(Relaxed);
                    if now == noted {
                        continue;
                    }
                    noted = now;
                    let mut tx = state.db.begin().await?;
                    if !queries::progress(&mut tx, row.id, i64::from(now)).await? {
                        cancel.cancel();
                        return Err(Ended::Unneeded);
                    }
                    tx.commit().await?;
                }
            }
        }
    }

    /// Ends the job with the recording waiting, in one transaction.
    async fn wait_for_model(&self, id: RecordingId, lease: &Lease) -> Result<(), Error> {
        let mut tx = self.0.db.begin().await?;
        queries::set_status(&mut tx, id, Status::WaitingForModel, self.0.ambient.now()).await?;
        lease.complete(&mut tx).await?;
        tx.commit().await
    }
}

impl Handler for Transcribe {
    const KIND: &'static str = "recordings.transcribe";

    async fn run(&self, job: Job, lease: Lease) -> Outcome {
        let id = RecordingId::from(job.subject);
        let ended = match self.attempt(id, &lease).await {
            Ok(()) | Err(Ended::Unneeded) => return Outcome::Done,
            Err(ended) => ended,
        };
        match ended {
            Ended::Unneeded => Outcome::Done,
            Ended::Stopped => Outcome::Retry { after: Duration::ZERO, reason: "stopped" },
            Ended::Hopeless(code) => Outcome::Fail { code },
            Ended::NoModel => match self.wait_for_model(id, &lease).await {
                Ok(()) | Err(Error::LeaseLost) => Outcome::Done,
                Err(error) => {
                    tracing::warn!(%error, recording = %id, "could not note that a model is missing");
                    Outcome::Retry { after: AGAIN, reason: "internal" }
                }
            },
            Ended::Later(reason, error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, recording = %id, attempt = job.attempts, "a transcription failed");
                if let Err(Ended::Later(_, error)) = self.note(id, Status::Queued, &lease).await {
                    tracing::warn!(error = &error as &dyn std::error::Error, recording = %id, "could not note that it waits");
                }
                Outcome::Retry { after: AGAIN, reason }
            }
        }
    }

    async fn gave_up(&self, tx: &mut Tx, job: &Job, code: &str) -> store::Result<()> {
        queries::failed(tx, RecordingId::from(job.subject), code, self.0.ambient.now()).await
    }
}

fn unread(error: io::Error) -> Ended {
    match error.kind() {
        io::ErrorKind::NotFound => Ended::Hopeless("media_missing"),
        io::ErrorKind::InvalidData => Ended::Hopeless("media_unreadable"),
        _ => Ended::Later("media_unread", Fault::internal(error)),
    }
}

fn judge(error: SpeechError) -> Ended {
    match error {
        SpeechError::Missing(_) => Ended::NoModel,
        SpeechError::Cancelled | SpeechError::Stopped => Ended::Stopped,
        error if error.is_retryable() => Ended::Later(error.code(), Fault::internal(error)),
        error => Ended::Hopeless(error.code()),
    }
}

/// In thousandths, as the row holds it; the last one comes with the transcript.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=999 first")]
fn permille(share: f32) -> u32 {
    (share * 1000.0).clamp(0.0, 999.0) as u32
}

#[expect(clippy::cast_possible_truncation, reason = "clamped to a day first")]
fn millis(seconds: f64) -> i64 {
    (seconds * 1000.0).clamp(0.0, 86_400_000.0).round() as i64
}
