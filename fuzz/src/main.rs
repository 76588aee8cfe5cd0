//! libFuzzer around the target that `FUZZ_TARGET` names.

#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static TARGET: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
    fuzz::target(&name).unwrap_or_else(|| panic!("FUZZ_TARGET={name}: there is no such target"))
});

fuzz_target!(
    // libFuzzer's own hook ends the process at every panic, also at one that is caught; what a decoder does within its net
    // is no crash. A panic that comes out of the target still is one.
    init: drop(std::panic::take_hook()),
    |data: &[u8]| TARGET(data)
);
