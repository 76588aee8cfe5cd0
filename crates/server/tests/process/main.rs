//! The program itself, as a process: killed in the middle of its work, and searched for what it should not have kept.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod canary;
mod commands;
mod kill;
mod program;
mod proofs;
mod settings;
