//! The program `mindvibe`.

use std::process::ExitCode;

fn main() -> ExitCode {
    server::run()
}
