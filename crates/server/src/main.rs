//! The program `mindvibe`.

use std::process::ExitCode;

// Whichever way the feature was asked for: what breaks protections on purpose is another program.
const _: () =
    assert!(!kernel::weaken::COMPILED_IN, "the shipped program has no switches: build mindvibe-weakened instead");

fn main() -> ExitCode {
    server::run()
}
