//! `mindvibe keys …`.

use super::say;
use crate::compose::{Failure, House};
use crate::config::{Config, Source};
use identity::Rotation;
use std::process::ExitCode;

/// What to do with the server's own keys.
#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Replace a key. Nothing that was signed in time is refused for it.
    #[command(after_help = "Example: mindvibe keys rotate signing --now")]
    Rotate {
        /// signing: the key of access tokens.
        #[arg(value_parser = ["signing"])]
        which: String,
        /// Let the new key sign at once instead of a day from now, when everybody knows it.
        #[arg(long)]
        now: bool,
        /// The present key is in other hands: the new one signs at once, and no token of the old one counts any more.
        #[arg(long)]
        compromised: bool,
        /// text or json.
        #[arg(long, default_value = "text", value_parser = ["text", "json"])]
        format: String,
    },
}

/// Runs it.
pub(super) async fn run(command: Command) -> Result<ExitCode, Failure> {
    let Command::Rotate { which, now, compromised, format } = command;
    let how = match (now, compromised) {
        (_, true) => Rotation::Compromised,
        (true, false) => Rotation::Now,
        (false, false) => Rotation::Announced,
    };
    let config = Config::read(&Source::environment())?;
    let house = House::open(&config).await?;
    let made = house.identity(&config).await?.rotate_signing_key(how).await;
    house.close().await;
    let id = made?;
    if format == "json" {
        say(&serde_json::json!({"key": which, "id": id, "signs": if how == Rotation::Announced { "in a day" } else { "now" }}).to_string());
    } else if how == Rotation::Announced {
        say(&format!("Made the {which} key {id}. It is published now and signs in a day."));
    } else {
        say(&format!("Made the {which} key {id}. It signs from now on."));
    }
    Ok(ExitCode::SUCCESS)
}
