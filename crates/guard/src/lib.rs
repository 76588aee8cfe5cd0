//! How this house answers HTTP: one ordered list of checks, extractors that are the access rules, problem answers.
//!
//! A slice writes handlers in terms of these types and never touches a header itself. What is not here: who people are
//! (the port [`Identities`], which `identity` implements) and what is stored.

mod answer;
mod area;
mod caller;
mod config;
mod context;
pub mod csp;
mod document;
mod extract;
mod limiter;
mod observer;
mod openapi;
mod problem;
mod stack;
mod steps;
mod threat;
pub mod ws;

pub use answer::Entity;
pub use area::Area;
pub use caller::{Admission, Asked, Caller, Credential, Ended, Identities, Presented, Role, Sender};
pub use config::{Config, Upload};
pub use context::CorrelationId;
pub use document::complete_document;
pub use extract::{
    Admin, ClientIp, Confirmed, IdempotencyKey, IfMatch, Json, Limits, Monitor, Path, Query, UserAgent, Written,
    second_factor_required,
};
pub use limiter::{Class, Limiter, Rates, Window, household};
pub use observer::{Access, AccessLog, Answered, Failure, Observer};
pub use openapi::{ProblemBody, ProblemFallback, ProblemField};
pub use problem::{Problem, Result};
pub use stack::{Guard, protect};
pub use steps::ceiling::Ceilings;
pub use steps::credential::cookies;
pub use steps::origin::check_websocket;
pub use steps::scheme::{Connection, Transport};
pub use steps::sizes::CEILINGS;
pub use threat::{Scoring, Vigilance};
