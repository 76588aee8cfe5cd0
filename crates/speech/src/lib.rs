//! Sound to text, inside the process: what a file is, its samples, what is said in it, and the forms a transcript takes.
//!
//! Strangers' bytes are parsed here and nowhere else in the program. Everything that parses them works under limits and
//! behind a net that turns a panic of a decoder into [`AudioFault::Corrupt`]. Everything that computes for long runs on
//! threads of its own with a bounded queue ([`Prober`], [`WhisperPool`]), never on the runtime of the server.
//!
//! What this crate deliberately does not do: it opens no network connection, knows no HTTP, no database and no
//! recording, keeps nothing on disk, and downloads no model (`make models` does).

mod cancel;
mod chapters;
mod chunks;
mod container;
mod cores;
mod decode;
mod demux;
pub mod export;
mod fault;
mod language;
mod limits;
mod line;
pub mod models;
mod phrases;
mod pool;
mod probe;
mod prober;
mod resample;
mod source;
mod strip;
mod transcript;
mod whisper;
mod words;

pub use cancel::Cancel;
pub use container::{Container, UnknownContainer};
pub use decode::{Decoder, SAMPLE_RATE, decode};
pub use fault::{AudioFault, SpeechError};
pub use language::{Language, UnknownLanguage};
pub use limits::Limits;
pub use models::{Missing, ModelFile};
pub use pool::{Job, PoolSettings, WhisperPool};
pub use probe::{Probe, probe};
pub use prober::{ProbeError, Prober};
pub use source::Source;
pub use strip::strip;
pub use transcript::{Segment, Transcript, Word};
