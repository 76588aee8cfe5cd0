//! What this slice has to be told by others, in its own words.

use futures_util::future::BoxFuture;
use kernel::Fault;
use serde::Serialize;
use utoipa::ToSchema;

/// How many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Headcount {
    /// Accounts that can be used.
    pub users: u64,
    /// Of these, who was here within a day.
    pub active_day: u64,
    /// Of these, who was here within a week.
    pub active_week: u64,
    /// Sessions of both surfaces that count now.
    pub live_sessions: u64,
}

/// Counts who is here. `identity` knows; `server` plugs it in.
pub trait People: Send + Sync + 'static {
    /// How many there are now.
    fn count(&self) -> BoxFuture<'_, Result<Headcount, Fault>>;
}

/// So many in so many seconds.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = LimitWindow)]
pub struct Window {
    /// How many.
    #[schema(minimum = 1, maximum = 2_000_000_000)]
    pub count: u32,
    /// In so many seconds.
    #[schema(minimum = 1, maximum = 31_536_000)]
    pub seconds: u64,
}

/// One class of what is limited.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Limited {
    /// The class, as in `RATE_LIMIT_<CLASS>`.
    #[schema(max_length = 64)]
    pub class: &'static str,
    /// All of these hold.
    #[schema(max_items = 10)]
    pub windows: Vec<Window>,
}

/// Something of which there is never more.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct Ceiling {
    /// What: `connections`, `json_bytes`, `head_seconds`.
    #[schema(max_length = 64)]
    pub name: &'static str,
    /// The most of it.
    #[schema(minimum = 0)]
    pub most: u64,
}

/// Something outside, and whether it is asked at the moment.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Breaker {
    /// What is asked: `mail`, `oidc:keycloak`.
    #[schema(max_length = 64)]
    pub name: String,
    /// `closed`: it is asked. `open`: it failed too often and is left alone. `half_open`: it is tried again.
    #[schema(max_length = 16)]
    pub state: &'static str,
}

/// Tells how the protections stand. `server` knows what is plugged in.
pub trait Posture: Send + Sync + 'static {
    /// Every limit, as it holds.
    fn limits(&self) -> Vec<Limited>;
    /// Every ceiling.
    fn ceilings(&self) -> Vec<Ceiling>;
    /// Every breaker, now.
    fn breakers(&self) -> Vec<Breaker>;
}
