//! What the crate does with real files and the real model, from outside.
//!
//! One binary, so that the engine is linked once. Fixtures are made at test time by `espeak-ng` and `ffmpeg`; models and
//! recordings come from `make models` and `make samples`.

#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod files;
mod hostile;
mod metadata;
mod pool;
mod real_speech;
mod support;
