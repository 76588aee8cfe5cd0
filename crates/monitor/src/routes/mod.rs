//! The HTTP surface of this slice, one action a file.

pub(crate) mod detailed;
pub(crate) mod failure;
pub(crate) mod health;
pub(crate) mod metrics;
pub(crate) mod prometheus;
pub(crate) mod security;
pub(crate) mod well_known;
