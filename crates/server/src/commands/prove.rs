//! `mindvibe prove`.

use super::say;
use crate::compose::{Failure, House};
use crate::config::{Config, Source};
use crate::proofs;
use ::prove::{
    Account, Accounts, AccountsError, Evidence, FromFile, Options, Pending, Program, SignedUp, Site, output,
};
use data_encoding::BASE32_NOPAD;
use guard::Role;
use identity::{Identity, NewUser};
use kernel::{Ambient, Fault, Secret, UserId};
use std::collections::HashMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// How to attack, and how to tell. Rules of the kind `start` try throw-away instances of this very program instead; those of
/// the kind `evidence` look up how its own tests ended.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  DATA_DIR=./data mindvibe prove --target http://localhost:8080\n  \
    mindvibe prove --target https://mind.example --accounts accounts.json --format sarif > prove.sarif\n  \
    DATA_DIR=./data mindvibe prove --target http://localhost:8080 --record")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line with a name of its own")]
pub(super) struct Arguments {
    /// The server to attack.
    #[arg(long, default_value = "http://localhost:8080")]
    target: String,
    /// Another instance of the same server, for what must hold at both.
    #[arg(long)]
    second_target: Option<String>,
    /// The certificate authority (PEM) that vouches for the targets, where this machine does not trust it anyway: `tls/ca.crt`
    /// in the data folder of a server with an authority of its own.
    #[arg(long)]
    authority: Option<PathBuf>,
    /// table, json, sarif or junit; with --list also markdown.
    #[arg(long, default_value = "table", value_parser = ["table", "json", "sarif", "junit", "markdown"])]
    format: String,
    /// Results of this program's own tests. Without it, `mindvibe-evidence.json` beside the program.
    #[arg(long)]
    evidence: Option<PathBuf>,
    /// Refuse also what could not be found out.
    #[arg(long)]
    strict: bool,
    /// Only these rules, by id or by finding; may be repeated.
    #[arg(long)]
    only: Vec<String>,
    /// Throw-away accounts: a JSON list of {"email", "password"}. Without it they are made in `DATA_DIR`, when that is set,
    /// or by signing up.
    #[arg(long)]
    accounts: Option<PathBuf>,
    /// Leave out what writes anything, even for a moment.
    #[arg(long)]
    read_only: bool,
    /// Keep the results for the page of security that administrators have. The target must be the server of the data in
    /// `DATA_DIR`, and this the program that it runs.
    #[arg(long)]
    record: bool,
    /// Milliseconds between two requests.
    #[arg(long)]
    pace: Option<u64>,
    /// Print the rules and stop.
    #[arg(long)]
    list: bool,
}

/// Attacks; 0 when nothing failed, 1 when something did, 2 when it could not run.
pub(super) async fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    if arguments.list {
        let rules = ::prove::rules();
        let text = match arguments.format.as_str() {
            "json" => output::rules_json(&rules),
            "markdown" => output::weaknesses(&rules),
            _ => output::rules_table(&rules),
        };
        say(text.trim_end());
        return Ok(ExitCode::SUCCESS);
    }
    if arguments.format == "markdown" {
        return Err(Failure::Prove(
            "--format markdown is for --list; a report is table, json, sarif or junit".to_owned(),
        ));
    }
    let pace = arguments.pace.map(Duration::from_millis);
    let authority = arguments.authority.as_ref().map(std::fs::read).transpose()?;
    let site = |url: String| Site { url, authority: authority.clone() };
    let target = site(arguments.target.clone());
    let home = home(&arguments).await?;
    if let Some(home) = home.as_ref().filter(|_| arguments.record) {
        proofs::recognise(&target, &home.identity).await?;
    }
    let options = Options {
        accounts: accounts(&arguments, &target, pace, home.as_ref())?,
        target,
        second_target: arguments.second_target.map(site),
        evidence: evidence(arguments.evidence),
        program: program(),
        only: arguments.only,
        read_only: arguments.read_only,
        pace,
        started_at: Ambient::system().now().to_string(),
        progress: None,
    };
    let report = tokio::select! {
        report = ::prove::run(options) => report.map_err(|error| Failure::Prove(error.to_string()))?,
        // Instances that run at this moment end, and their folders go.
        () = interrupted() => return Err(Failure::Prove("interrupted".to_owned())),
    };
    let text = match arguments.format.as_str() {
        "json" => output::json(&report),
        "sarif" => output::sarif(&report),
        "junit" => output::junit(&report),
        _ => output::table(&report),
    };
    say(text.trim_end());
    if let Some(home) = home {
        if arguments.record {
            let kept = proofs::keep(&home.house.db, &report, arguments.read_only).await?;
            // What programs read stays one document.
            if arguments.format == "table" {
                say(&format!("Kept {kept} results for the page of security."));
            }
        }
        home.house.close().await;
    }
    Ok(ExitCode::from(report.exit_status(arguments.strict)))
}

/// This program, for the rules that start it. The twin passes its switches on; nothing else of the environment is.
fn program() -> Option<Program> {
    #[cfg(feature = "weaken")]
    let environment = {
        let name = "MINDVIBE_WEAKEN";
        Source::environment().get(name).map(|switches| (name.to_owned(), switches.to_owned())).into_iter().collect()
    };
    #[cfg(not(feature = "weaken"))]
    let environment = Vec::new();
    let path = std::env::current_exe().ok()?;
    Some(Program { path, environment, temporary: std::env::temp_dir() })
}

/// The results of this program's own tests: those that were named, or those beside it.
fn evidence(named: Option<PathBuf>) -> Option<Evidence> {
    let program = std::env::current_exe().ok()?;
    Some(Evidence { results: named.unwrap_or_else(|| program.with_file_name("mindvibe-evidence.json")), program })
}

async fn interrupted() {
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        // Signals then end the process as they always do.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

/// The data that `DATA_DIR` and its like name.
struct Home {
    house: House,
    identity: Arc<Identity>,
}

/// Opens the data where it is needed: to make accounts in it, or to keep the results.
async fn home(arguments: &Arguments) -> Result<Option<Home>, Failure> {
    let source = Source::environment();
    if source.get("DATA_DIR").is_none() {
        return if arguments.record {
            Err(Failure::Prove(
                "--record keeps the results with the data: set DATA_DIR as the server has it".to_owned(),
            ))
        } else {
            Ok(None)
        };
    }
    if arguments.accounts.is_some() && !arguments.record {
        return Ok(None);
    }
    // A data directory that a development server made carries its own stamp and secret.
    let config = Config::read(&source.or("ENVIRONMENT", "development"))?;
    let house = House::open(&config).await?;
    let identity = house.identity(&config).await?;
    Ok(Some(Home { house, identity }))
}

fn accounts(
    arguments: &Arguments,
    target: &Site,
    pace: Option<Duration>,
    home: Option<&Home>,
) -> Result<Box<dyn Accounts>, Failure> {
    if let Some(path) = &arguments.accounts {
        let text = std::fs::read_to_string(path)?;
        return Ok(Box::new(FromFile::parse(&text).map_err(|error| Failure::Prove(error.to_string()))?));
    }
    let Some(Home { house, identity }) = home else {
        return Ok(Box::new(SignedUp::new(target.clone(), pace)));
    };
    Ok(Box::new(Local { house: house.clone(), identity: identity.clone(), made: Mutex::default() }))
}

/// Makes accounts where the data is, and removes them with all that hangs on them.
struct Local {
    house: House,
    identity: Arc<Identity>,
    made: Mutex<HashMap<String, UserId>>,
}

fn told(fault: &Fault) -> AccountsError {
    let mut parts = vec![fault.detail().to_owned()];
    parts.extend(fault.fields().iter().map(|field| format!("{}: {}", field.field, field.detail)));
    AccountsError(parts.join("; "))
}

impl Local {
    async fn one(&self) -> Result<Account, AccountsError> {
        let word = || BASE32_NOPAD.encode(&self.house.ambient.bytes::<15>()).to_lowercase();
        // Apart from each other: a password may not hold the address.
        let (email, password) = (format!("prove-{}@prove.invalid", word()), format!("{} {}", word(), word()));
        let mut left = 15;
        let user = loop {
            let new = NewUser {
                email: email.clone(),
                password: Secret::new(password.clone()),
                display_name: None,
                role: Role::Member,
            };
            match self.identity.create_user(new).await {
                // Rules that go on at the same time want their accounts, too.
                Err(fault) if fault.code() == "busy" && left > 0 => {
                    left -= 1;
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                made => break made.map_err(|fault| told(&fault))?,
            }
        };
        self.made.lock().unwrap_or_else(PoisonError::into_inner).insert(email.clone(), user.id);
        Ok(Account { email, password })
    }

    async fn clear(&self, accounts: Vec<Account>) -> Result<Vec<String>, AccountsError> {
        let mut left = Vec::new();
        for account in accounts {
            let known = self.made.lock().unwrap_or_else(PoisonError::into_inner).remove(&account.email);
            let id = match known {
                Some(id) => Some(id),
                None => self.identity.find_user(&account.email).await.map_err(|fault| told(&fault))?,
            };
            let Some(id) = id else { continue };
            if !self.identity.remove_user(id).await.map_err(|fault| told(&fault))? {
                left.push(account.email);
            }
        }
        Ok(left)
    }
}

impl Accounts for Local {
    fn make(&self, count: usize) -> Pending<'_, Vec<Account>> {
        Box::pin(async move {
            let mut accounts = Vec::with_capacity(count);
            for _ in 0..count {
                accounts.push(self.one().await?);
            }
            Ok(accounts)
        })
    }

    fn remove(&self, accounts: Vec<Account>) -> Pending<'_, Vec<String>> {
        Box::pin(self.clear(accounts))
    }
}
