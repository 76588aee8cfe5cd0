//! The program `mindvibe-weakened`: the same, built with the feature `weaken`, whose switches break one protection each.

use std::process::ExitCode;

fn main() -> ExitCode {
    server::run()
}
