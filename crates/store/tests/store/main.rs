//! The store's tests: on both engines wherever a promise is made for both.

#![expect(clippy::unwrap_used, reason = "a test says no by panicking")]

mod cancellation;
mod conformance;
mod demo;
mod engines;
mod jobs;
mod keys;
mod once;
mod opening;
mod schema;
mod sqlite;
mod support;
mod traps;
