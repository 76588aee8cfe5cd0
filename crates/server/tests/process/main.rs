//! The program itself, as a process: killed in the middle of its work, and searched for what it should not have kept.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

#[path = "../../../tls/tests/acme/authority.rs"]
mod authority;
mod canary;
mod commands;
mod encryption;
#[path = "../../../tls/tests/acme/jws.rs"]
mod jws;
mod kill;
mod operations;
mod program;
mod proofs;
mod secrets;
mod settings;
mod setup;
#[path = "../../../tls/tests/acme/validation.rs"]
mod validation;
