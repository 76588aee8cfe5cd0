//! Composition only: settings, wiring, the embedded client and the program's commands. Nothing is decided here that a
//! slice could decide.

mod commands;
pub mod compose;
pub mod config;
pub mod listen;
mod logging;
pub mod operations;
pub mod proofs;
mod web;

pub use commands::run;
