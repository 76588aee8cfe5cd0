//! The HTTP suite: the real router behind the real guard, on both engines, spoken to as clients do.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod app;
mod client;
mod contract;
mod document;
mod fleet;
mod guard;
mod identity;
mod journal;
mod operations;
mod recordings;
#[path = "../../../relay/tests/support/mod.rs"]
mod redis;
mod scheme;
mod security;
mod sharing;
mod sockets;
mod threats;
mod walk;
