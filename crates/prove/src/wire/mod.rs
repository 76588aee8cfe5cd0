//! HTTP/1.1 (RFC 9112) as an attacker speaks it: one connection a request, every header and every byte of framing ours.

mod request;
mod response;
mod target;

pub(crate) use request::{Body, Request};
pub(crate) use response::Response;
pub(crate) use target::{Line, Wire};

/// Why there is no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum WireError {
    #[error("the target is not an address like http://host:port: {0}")]
    Target(String),
    #[error("no connection: {0}")]
    Connect(String),
    #[error("no answer within {0} s")]
    Timeout(u64),
    #[error("the answer broke off: {0}")]
    Broken(String),
}
