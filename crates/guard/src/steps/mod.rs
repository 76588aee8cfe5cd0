//! One file a check; `stack.rs` has their order.

pub(crate) mod access_log;
pub(crate) mod ceiling;
pub(crate) mod client_ip;
pub(crate) mod content_type;
pub(crate) mod credential;
pub(crate) mod csrf;
pub(crate) mod digest;
pub(crate) mod headers;
pub(crate) mod identity_headers;
pub(crate) mod origin;
pub(crate) mod pace;
pub(crate) mod panics;
pub(crate) mod problems;
pub(crate) mod rate;
pub(crate) mod scheme;
pub(crate) mod sizes;
pub(crate) mod threat;
