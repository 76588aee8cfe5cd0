//! `mindvibe user …`.

use super::say;
use crate::compose::{Failure, House};
use crate::config::{Config, Source};
use guard::Role;
use kernel::Secret;
use std::io::Read as _;
use std::process::ExitCode;

/// What to do with an account.
#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Make a verified, active account.
    #[command(
        after_help = "Example: echo \"$PASSWORD\" | mindvibe user create --email a@mind.example --role member --password-stdin"
    )]
    Create {
        /// The address, which is also the name to sign in with.
        #[arg(long)]
        email: String,
        /// admin or member.
        #[arg(long, default_value = "member", value_parser = role)]
        role: Role,
        /// Read the password from standard input; there is no other way to give it, so that it is in no history.
        #[arg(long, required = true)]
        password_stdin: bool,
        /// text or json.
        #[arg(long, default_value = "text", value_parser = ["text", "json"])]
        format: String,
    },
    /// Take every second factor from an account whose owner has lost them, and end all of its sessions.
    ///
    /// Make sure that it is they who ask: from now on the password alone opens the account.
    #[command(name = "reset-2fa", after_help = "Example: mindvibe user reset-2fa --email a@mind.example")]
    ResetSecondFactors {
        /// The address of the account.
        #[arg(long)]
        email: String,
    },
}

/// The owner is made by the set-up page alone.
fn role(text: &str) -> Result<Role, String> {
    match text.parse() {
        Ok(Role::Owner) | Err(_) => Err("a role is admin or member".to_owned()),
        Ok(role) => Ok(role),
    }
}

/// Runs it.
pub(super) async fn run(command: Command) -> Result<ExitCode, Failure> {
    let (email, role, format) = match command {
        Command::Create { email, role, password_stdin: _, format } => (email, role, format),
        Command::ResetSecondFactors { email } => return reset_second_factors(&email).await,
    };
    let mut password = String::new();
    std::io::stdin().read_to_string(&mut password).map_err(Failure::Io)?;
    let password = Secret::new(password.trim_end_matches(['\r', '\n']).to_owned());
    let config = Config::read(&Source::environment())?;
    let house = House::open(&config).await?;
    let new = identity::NewUser { email: email.clone(), password, display_name: None, role };
    let made = house.identity(&config).await?.create_user(new).await;
    house.close().await;
    match made {
        Ok(user) if format == "json" => {
            say(&serde_json::json!({"id": user.id, "email": email, "role": role.name()}).to_string());
        }
        Ok(user) => say(&format!("Made {} {email} ({}).", role.name(), user.id)),
        Err(fault) => {
            say(&refusal(&fault, &format));
            return Ok(ExitCode::from(1));
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn reset_second_factors(email: &str) -> Result<ExitCode, Failure> {
    let config = Config::read(&Source::environment())?;
    let house = House::open(&config).await?;
    let identity = house.identity(&config).await?;
    let reset = match identity.find_user(email).await? {
        Some(user) => identity.reset_second_factors(user).await?,
        None => false,
    };
    house.close().await;
    if !reset {
        say("There is no active account with this address.");
        return Ok(ExitCode::from(1));
    }
    say("Done: the password alone opens this account until its owner sets up another second factor.");
    Ok(ExitCode::SUCCESS)
}

fn refusal(fault: &kernel::Fault, format: &str) -> String {
    let fields: Vec<String> = fault.fields().iter().map(|f| format!("{}: {}", f.field, f.detail)).collect();
    if format == "json" {
        return serde_json::json!({"code": fault.code(), "detail": fault.detail(), "fields": fields}).to_string();
    }
    if fields.is_empty() { fault.detail().to_owned() } else { fields.join("\n") }
}
