//! Composition only: settings, wiring, the embedded client and the program's commands. Nothing is decided here that a
//! slice could decide.

mod commands;
pub mod compose;
pub mod config;
mod doctor;
pub mod encryption;
pub mod listen;
mod logging;
pub mod operations;
mod posture;
pub mod proofs;
mod trust;
mod web;

pub use commands::run;
