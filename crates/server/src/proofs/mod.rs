//! What `mindvibe prove --record` last found on this installation, rule by rule: shown to administrators with its
//! evidence, and in bare figures to everybody where the operator says so (`SECURITY_PAGE`).
//!
//! There is deliberately no route that writes it. Who keeps a proof has the data open already; a stolen session cannot
//! make this server look sound. And nothing becomes a pass by being passed over: what was not tried is never proven, what
//! could not be found out is unknown, and a pass of another version or of long ago is outdated.

mod answer;
mod findings;
mod keep;
mod queries;
mod routes;
mod standing;

pub use keep::{ForeignTarget, keep, recognise};
pub use queries::STATEMENTS;
pub use routes::{Proofs, openapi, routes};
