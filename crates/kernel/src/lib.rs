//! The words every other crate uses: typed ids, time, chance, secrets, pages and faults.
//!
//! Nothing here does I/O, knows HTTP or knows SQL; the exceptions that reach outside, the system clock, its timer and the
//! system's random numbers, are the places where time and chance enter the program.

// The macro `id!` names this crate by its name; inside of it, that name is this.
extern crate self as kernel;

mod ambient;
mod breaker;
mod digits;
mod fault;
mod id;
mod page;
pub mod redact;
mod secret;
mod time;
pub mod weaken;

pub use ambient::{Ambient, Clock, ManualClock, Rng, SystemClock, SystemRng};
pub use breaker::{Breaker, BreakerSnapshot, BreakerState, Outage, Patience};
pub use digits::Digits;
pub use fault::{Fallback, Fault, FieldFault, Kind};
pub use id::{JobId, UserId};
pub use page::{Cursor, Limit, Page};
pub use secret::Secret;
pub use time::Timestamp;

#[doc(hidden)]
pub use uuid as __uuid;
#[doc(hidden)]
pub use {serde as __serde, utoipa as __utoipa};
