//! The HTTP suite: the real router behind the real guard, on both engines, spoken to as clients do.

mod app;
mod client;
mod contract;
mod guard;
mod identity;
mod journal;
mod recordings;
