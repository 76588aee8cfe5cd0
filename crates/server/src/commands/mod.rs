//! The program's commands. Each answers with 0 (done), 1 (found something) or 2 (could not run); `serve` with 78 when the
//! settings are refused (sysexits' `EX_CONFIG`).

mod config;
mod doctor;
mod init;
mod keys;
mod openapi;
mod prove;
mod serve;
mod user;

use crate::logging;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Settings cannot be used.
const EX_CONFIG: u8 = 78;
/// The command could not run.
const COULD_NOT_RUN: u8 = 2;

/// A self-hosted server for sensitive conversation.
#[derive(Parser)]
#[command(name = "mindvibe", version, after_help = "Example: ENVIRONMENT=development mindvibe serve")]
struct Cli {
    /// Without a command it serves.
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Start the server.
    #[command(after_help = "Example: ENVIRONMENT=development LISTEN_ADDR=127.0.0.1:8080 mindvibe serve")]
    Serve,
    /// Bring the database's schema up to date, then stop.
    #[command(after_help = "Example: DATABASE_URL=postgres://mind@db.example/mind mindvibe migrate")]
    Migrate,
    /// Make what a server needs to begin: settings, a secret, and if wanted a certificate authority for a local network.
    Init(init::Arguments),
    /// Look at the settings: whether they can be used, what there is, and how a file of them looks.
    Config {
        #[command(subcommand)]
        command: config::Command,
    },
    /// Check this deployment from inside, and say how to mend what is wrong.
    Doctor(doctor::Arguments),
    /// Manage accounts of the installation in `DATA_DIR` or `DATABASE_URL`, also beside a running server.
    User {
        #[command(subcommand)]
        command: user::Command,
    },
    /// Change the server's own keys, also beside a running server.
    Keys {
        #[command(subcommand)]
        command: keys::Command,
    },
    /// Attack a running MindVibe as the audits' findings describe, and say which attacks fail to fail.
    Prove(prove::Arguments),
    /// Print the OpenAPI document.
    #[command(after_help = "Example: mindvibe openapi > openapi.json")]
    Openapi,
}

/// Runs the command that the arguments name.
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let asked_for_help = !error.use_stderr();
            // Nobody is left to tell if the terminal is gone.
            let _ = error.print();
            return if asked_for_help { ExitCode::SUCCESS } else { ExitCode::from(COULD_NOT_RUN) };
        }
    };
    // Dropped last: what the runtime tells while it ends is written too.
    let _ending = logging::Ending;
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return complain(&format!("the runtime does not start: {error}")),
    };
    let ended = runtime.block_on(async {
        match cli.command.unwrap_or(Command::Serve) {
            Command::Serve => serve::run().await,
            Command::Migrate => serve::migrate().await,
            Command::Init(arguments) => init::run(&arguments),
            Command::Config { command } => config::run(command),
            Command::Doctor(arguments) => doctor::run(&arguments).await,
            Command::User { command } => user::run(command).await,
            Command::Keys { command } => keys::run(command).await,
            Command::Prove(arguments) => prove::run(arguments).await,
            Command::Openapi => openapi::run(),
        }
    });
    match ended {
        Ok(status) => status,
        Err(failure) if failure.is_of_settings() => {
            complain(&format!("CRITICAL {failure}"));
            ExitCode::from(EX_CONFIG)
        }
        Err(failure) => complain(&failure.to_string()),
    }
}

#[expect(clippy::print_stderr, reason = "a command tells its terminal what went wrong")]
fn complain(text: &str) -> ExitCode {
    // A cause may quote an address with its password.
    eprintln!("mindvibe: {}", kernel::redact::text(text));
    ExitCode::from(COULD_NOT_RUN)
}

#[expect(clippy::print_stdout, reason = "what a command was asked for goes to its standard output")]
fn say(text: &str) {
    println!("{text}");
}
