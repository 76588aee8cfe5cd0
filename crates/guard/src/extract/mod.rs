//! What a handler may ask for. Each is a rule: a handler that takes a [`Caller`] cannot run without one.

mod caller;
mod client;
mod conditional;
mod json;
mod path;
mod query;

pub use caller::{Admin, Confirmed, Monitor, second_factor_required};
pub(crate) use client::user_agent;
pub use client::{ClientIp, Limits, UserAgent};
pub use conditional::{IdempotencyKey, IfMatch};
pub use json::{Json, Written};
pub use path::Path;
pub use query::Query;

use crate::context::Context;
use crate::problem::Problem;
use http::request::Parts;
use kernel::Fault;
use std::sync::Arc;

/// The request's context, which [`crate::protect`] puts there for every route.
pub(crate) fn context(parts: &Parts) -> Result<&Arc<Context>, Problem> {
    parts.extensions.get().ok_or_else(|| Fault::internal("a route stands outside of guard::protect").into())
}
