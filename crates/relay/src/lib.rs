//! What several instances share for a short while, in Redis: the counters of rates. Never holds truth: Redis may be gone
//! or come back empty at any moment, and all that is lost is how often somebody has asked.
//!
//! Whoever uses it has an answer for [`Away`]. What is counted, and by which key, is for `guard` to say; here it is text,
//! which reaches Redis only as a keyed hash.

mod counters;
mod link;

pub use counters::{Bucket, Taken};
pub use link::{Away, BadUrl, Relay};
