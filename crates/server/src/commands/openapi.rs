//! `mindvibe openapi`.

use super::say;
use crate::compose::{self, Failure};
use std::process::ExitCode;

/// Prints the OpenAPI document, as it is committed and served.
pub(super) fn run() -> Result<ExitCode, Failure> {
    say(compose::document()?.trim_end());
    Ok(ExitCode::SUCCESS)
}
