//! The slice as a client sees it: the real routes behind the real guard, on both databases, with the real speech model and
//! real speech.

#![expect(clippy::unwrap_used, reason = "a test says no by panicking")]

mod bounds;
mod form;
mod house;
mod main_job;
mod metadata;
mod openai;
mod refusals;
mod scanner;
