//! Run-time switches that break one protection each, so that `prove` can be shown to notice.
//!
//! They exist only in a binary built with the feature `weaken`, which `make verify` and the tests build beside the real
//! one. Without the feature [`is`] is a constant `false`, and the compiler removes what it guards.

/// Whether this program has the switches. The shipped one asks while it is compiled, and does not compile with them.
pub const COMPILED_IN: bool = cfg!(feature = "weaken");

/// Whether the protection behind the finding `id` (`A1-C4`) is switched off in this process.
#[cfg(not(feature = "weaken"))]
pub const fn is(_id: &str) -> bool {
    false
}

/// Whether the protection behind the finding `id` (`A1-C4`) is switched off in this process.
///
/// The list is the environment variable `MINDVIBE_WEAKEN`, ids separated by commas, read once.
#[cfg(feature = "weaken")]
pub fn is(id: &str) -> bool {
    use std::sync::OnceLock;
    static OFF: OnceLock<Vec<String>> = OnceLock::new();
    #[expect(clippy::disallowed_methods, reason = "a switch of the test binary alone, not a setting")]
    let off = OFF.get_or_init(|| {
        let list = std::env::var("MINDVIBE_WEAKEN").unwrap_or_default();
        list.split(',').map(|id| id.trim().to_owned()).collect()
    });
    off.iter().any(|switch| switch == id)
}
