//! `mindvibe user …`. None of these starts a server or sends anything itself: a letter that a command causes is sent by the
//! server that runs.

use super::say;
use crate::compose::{Failure, House};
use crate::config::{Config, Source};
use guard::Role;
use identity::{Identity, ImportLine, Unlocked};
use kernel::{Fault, Kind, Secret};
use serde_json::{Value, json};
use std::io::{BufRead as _, Read as _};
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
        /// admin, monitor (sees figures) or member.
        #[arg(long, default_value = "member", value_parser = role)]
        role: Role,
        /// Read the password from standard input; there is no other way to give it, so that it is in no history.
        #[arg(long, required = true)]
        password_stdin: bool,
        /// text or json.
        #[arg(long, default_value = "text", value_parser = ["text", "json"])]
        format: String,
    },
    /// Take over accounts with the password hashes of another program (bcrypt, PBKDF2, scrypt, Argon2), one JSON object a
    /// line on standard input: `{"email", "password_hash", "display_name"}`. Each line stands for itself.
    #[command(after_help = "Example: mindvibe user import --format json < accounts.jsonl")]
    Import {
        /// text or json.
        #[arg(long, default_value = "text", value_parser = ["text", "json"])]
        format: String,
    },
    /// Help somebody who cannot sign in to a new password: print a link that works once, for a day, or set the password.
    /// Everything they are signed in to ends with the new password; a second factor stays.
    #[command(after_help = "Example: mindvibe user reset-password --email owner@mind.example")]
    ResetPassword {
        /// Whose.
        #[arg(long)]
        email: String,
        /// Read the new password from standard input instead of printing a link.
        #[arg(long)]
        password_stdin: bool,
        /// text or json.
        #[arg(long, default_value = "text", value_parser = ["text", "json"])]
        format: String,
    },
    /// Lift the lock of an account that wrong passwords have closed.
    #[command(after_help = "Example: mindvibe user unlock --email owner@mind.example")]
    Unlock {
        /// Whose.
        #[arg(long)]
        email: String,
        /// text or json.
        #[arg(long, default_value = "text", value_parser = ["text", "json"])]
        format: String,
    },
    /// Keep the holder of an account out: everything they are signed in to ends, and nothing lets them in, until it is
    /// enabled again. Nothing of theirs is lost.
    #[command(after_help = "Example: mindvibe user disable --email a@mind.example")]
    Disable {
        /// Whose.
        #[arg(long)]
        email: String,
        /// text or json.
        #[arg(long, default_value = "text", value_parser = ["text", "json"])]
        format: String,
    },
    /// Let the holder of a disabled account in again, with the password, second factors and API keys they had.
    #[command(after_help = "Example: mindvibe user enable --email a@mind.example")]
    Enable {
        /// Whose.
        #[arg(long)]
        email: String,
        /// text or json.
        #[arg(long, default_value = "text", value_parser = ["text", "json"])]
        format: String,
    },
    /// Take every second factor from an account whose owner has lost them, and end all of its sessions.
    ///
    /// Make sure that it is they who ask: from now on the password alone opens the account.
    #[command(name = "reset-2fa", after_help = "Example: mindvibe user reset-2fa --email a@mind.example")]
    ResetSecondFactors {
        /// Whose.
        #[arg(long)]
        email: String,
        /// text or json.
        #[arg(long, default_value = "text", value_parser = ["text", "json"])]
        format: String,
    },
}

/// The owner is made by the set-up page alone.
fn role(text: &str) -> Result<Role, String> {
    match text.parse() {
        Ok(Role::Owner) | Err(_) => Err("a role is admin, monitor or member".to_owned()),
        Ok(role) => Ok(role),
    }
}

/// What a command has to say: a line for people, the same for programs, and whether it did what was asked.
struct Said {
    text: String,
    json: Value,
    done: bool,
}

/// Runs it: 0 when it was done, 1 when it was refused, 2 when it could not run.
pub(super) async fn run(command: Command) -> Result<ExitCode, Failure> {
    let format = match &command {
        Command::Create { format, .. }
        | Command::Import { format }
        | Command::ResetPassword { format, .. }
        | Command::Unlock { format, .. }
        | Command::Disable { format, .. }
        | Command::Enable { format, .. }
        | Command::ResetSecondFactors { format, .. } => format.clone(),
    };
    let config = Config::read(&Source::environment())?;
    let house = House::open(&config).await?;
    let said = match house.identity(&config).await {
        Ok(identity) => done(&identity, command).await,
        Err(failure) => Err(failure),
    };
    house.close().await;
    let said = said?;
    say(&if format == "json" { said.json.to_string() } else { said.text });
    Ok(if said.done { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

async fn done(identity: &Identity, command: Command) -> Result<Said, Failure> {
    let said = match command {
        Command::Create { email, role, .. } => {
            let new = identity::NewUser { email: email.clone(), password: password()?, display_name: None, role };
            identity.create_user(new).await.map(|user| Said {
                text: format!("Made {} {email} ({}).", role.name(), user.id),
                json: json!({"id": user.id, "email": email, "role": role.name()}),
                done: true,
            })
        }
        Command::Import { .. } => return import(identity).await,
        Command::ResetPassword { email, password_stdin: true, .. } => {
            identity.set_password_of(&email, password()?).await.map(|id| Said {
                text: format!("The password of {email} is set, and everything that was signed in is signed out."),
                json: json!({"id": id, "email": email, "status": "password_changed"}),
                done: true,
            })
        }
        Command::ResetPassword { email, .. } => identity.reset_link_of(&email).await.map(|link| Said {
            text: format!("Hand this link to the owner of {email}. It works once, for a day:\n{}", link.expose()),
            json: json!({"email": email, "link": link.expose()}),
            done: true,
        }),
        Command::Unlock { email, .. } => identity.unlock_account(&email).await.map(|unlocked| {
            let lifted = unlocked == Unlocked::Lifted;
            let text = if lifted { format!("{email} can sign in again.") } else { format!("{email} was not locked.") };
            Said { text, json: json!({"email": email, "lifted": lifted}), done: true }
        }),
        Command::Disable { email, .. } => identity.disable_account(&email).await.map(|changed| {
            let text = if changed { "is signed out, and stays out" } else { "was disabled already" };
            Said { text: format!("{email} {text}."), json: json!({"email": email, "status": "disabled"}), done: true }
        }),
        Command::Enable { email, .. } => identity.enable_account(&email).await.map(|changed| {
            let text = if changed { "can sign in again" } else { "was not disabled" };
            Said { text: format!("{email} {text}."), json: json!({"email": email, "status": "active"}), done: true }
        }),
        Command::ResetSecondFactors { email, .. } => without_second_factors(identity, &email).await,
    };
    said.or_else(refused)
}

async fn without_second_factors(identity: &Identity, email: &str) -> Result<Said, Fault> {
    let user = identity.find_user(email).await?.ok_or_else(Fault::not_found)?;
    if !identity.reset_second_factors(user).await? {
        return Err(Fault::not_found());
    }
    Ok(Said {
        text: format!("The password alone opens {email} until its owner sets up another second factor."),
        json: json!({"id": user, "email": email, "status": "second_factors_removed"}),
        done: true,
    })
}

/// The first line of what comes in, without its end.
fn password() -> Result<Secret<String>, Failure> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(Failure::Io)?;
    Ok(Secret::new(text.trim_end_matches(['\r', '\n']).to_owned()))
}

async fn import(identity: &Identity) -> Result<Said, Failure> {
    let (mut made, mut refusals) = (0, Vec::new());
    for (number, line) in std::io::stdin().lock().lines().enumerate() {
        let line = line.map_err(Failure::Io)?;
        if line.trim().is_empty() {
            continue;
        }
        let why = match serde_json::from_str::<ImportLine>(&line) {
            Ok(account) => match identity.import_user(account).await {
                Ok(_) => {
                    made += 1;
                    continue;
                }
                Err(fault) if fault.kind() == Kind::Invalid => why(&fault),
                Err(fault) => return Err(fault.into()),
            },
            // The reason of the parser can hold what it read, which is a hash.
            Err(_) => "it is not {\"email\", \"password_hash\", \"display_name\"}".to_owned(),
        };
        refusals.push((number + 1, why));
    }
    let mut lines = vec![format!("Took over {made}, refused {}.", refusals.len())];
    lines.extend(refusals.iter().map(|(line, why)| format!("line {line}: {why}")));
    let text = lines.join("\n");
    let list: Vec<Value> = refusals.iter().map(|(line, why)| json!({"line": line, "detail": why})).collect();
    Ok(Said { text, json: json!({"imported": made, "refused": list}), done: refusals.is_empty() })
}

fn why(fault: &Fault) -> String {
    let fields: Vec<String> = fault.fields().iter().map(|f| format!("{}: {}", f.field, f.detail)).collect();
    if fields.is_empty() { fault.detail().to_owned() } else { fields.join("\n") }
}

/// What the caller can mend is an answer; what they cannot is not.
fn refused(fault: Fault) -> Result<Said, Failure> {
    if matches!(fault.kind(), Kind::Internal | Kind::Unavailable) {
        return Err(fault.into());
    }
    let fields: Vec<String> = fault.fields().iter().map(|f| format!("{}: {}", f.field, f.detail)).collect();
    let json = json!({"code": fault.code(), "detail": fault.detail(), "fields": fields});
    Ok(Said { text: why(&fault), json, done: false })
}
