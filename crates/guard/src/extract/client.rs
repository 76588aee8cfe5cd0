//! Where a request comes from, and how often its sender may ask.

use super::context;
use crate::context::Context;
use crate::limiter::Class;
use crate::problem::Problem;
use crate::steps::access_log::ip_prefix;
use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, header};
use kernel::Fault;
use std::convert::Infallible;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

/// The address a request really comes from (trusted proxies taken into account).
#[derive(Debug, Clone, Copy)]
pub struct ClientIp(pub IpAddr);

impl ClientIp {
    /// Its network, /24 or /48: what may be stored.
    pub fn prefix(self) -> String {
        ip_prefix(self.0)
    }
}

impl<S: Sync> FromRequestParts<S> for ClientIp {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self(context(parts)?.ip))
    }
}

/// What the client calls itself, at most 256 characters; empty when it says nothing readable.
#[derive(Debug, Clone)]
pub struct UserAgent(pub String);

pub(crate) fn user_agent(headers: &HeaderMap) -> String {
    let text = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or("");
    // A header that can be read is ASCII.
    text.get(..256).unwrap_or(text).to_owned()
}

impl<S: Sync> FromRequestParts<S> for UserAgent {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(user_agent(&parts.headers)))
    }
}

/// The buckets, for limits that only the handler can name (passwords by account, recordings by user).
pub struct Limits(Arc<Context>);

impl Limits {
    /// Takes one from a bucket of the sender's address.
    ///
    /// # Errors
    /// 429 `too_many_requests`.
    pub async fn by_address(&self, class: Class) -> Result<(), Fault> {
        let (snapshot, verdict) = self.0.guard.limiter.take_by(class, self.0.ip).await;
        self.0.told(snapshot, verdict)
    }

    /// Takes one from a bucket of any other key: an account, a user.
    ///
    /// # Errors
    /// 429 `too_many_requests`.
    pub async fn by_key(&self, class: Class, key: &str) -> Result<(), Fault> {
        let (snapshot, verdict) = self.0.guard.limiter.take(class, key).await;
        self.0.told(snapshot, verdict)
    }

    /// Takes so many from it at once: seconds of sound. More than a full bucket holds takes a full one, so that nothing
    /// is refused for good.
    ///
    /// # Errors
    /// 429 `too_many_requests`.
    pub async fn some_by_key(&self, class: Class, key: &str, amount: NonZeroU32) -> Result<(), Fault> {
        let (snapshot, verdict) = self.0.guard.limiter.take_some(class, key, amount).await;
        self.0.told(snapshot, verdict)
    }
}

impl<S: Sync> FromRequestParts<S> for Limits {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self(context(parts)?.clone()))
    }
}
