//! `mindvibe doctor`.

use super::say;
use crate::compose::Failure;
use crate::config::Source;
use crate::doctor;
use std::process::ExitCode;

/// How to tell.
#[derive(clap::Args)]
#[command(after_help = "Example: MINDVIBE_CONFIG=/etc/mindvibe/mindvibe.env mindvibe doctor --format json")]
pub(super) struct Arguments {
    /// text or json.
    #[arg(long, default_value = "text", value_parser = ["text", "json"])]
    format: String,
}

/// Looks; 0 when nothing is to be mended, 1 when something is.
pub(super) async fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let findings = doctor::examine(&Source::environment()).await;
    say(&if arguments.format == "json" { doctor::json(&findings).to_string() } else { doctor::table(&findings) });
    Ok(if doctor::is_well(&findings) { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
