//! The same list, and the same test, as `seal` has.

#[path = "../../seal/tests/public_items.rs"]
mod listed;
