//! Where bytes of strangers are parsed, as functions that take any bytes and panic when a promise is broken.
//!
//! `scripts/verify/fuzz.sh` has a fuzzer look for such bytes (the program in the folder `fuzz/`, which is no part of the
//! workspace); what it found of interest lies in `corpus/`, and the test `replay` tries all of it again. Nothing here is
//! shipped.

mod door;
mod frames;
mod headers;
mod json;
mod tokens;
mod uploads;

/// What a fuzzer calls: it must not panic, whatever the bytes.
pub type Target = fn(&[u8]);

/// Every target: its name, which is its folder in `corpus/`, and the function.
pub const TARGETS: [(&str, Target); 5] = [
    ("frames", frames::target),
    ("headers", headers::target),
    ("json", json::target),
    ("tokens", tokens::target),
    ("uploads", uploads::target),
];

/// The target of that name.
pub fn target(name: &str) -> Option<Target> {
    TARGETS.iter().find(|(known, _)| *known == name).map(|(_, target)| *target)
}
