//! `mindvibe config …`: what the settings are, without starting anything. No value of a secret is ever shown.

use super::say;
use crate::compose::Failure;
use crate::config::register::{self, Kind, SETTINGS};
use crate::config::{Config, ConfigError, Environment, Source};
use data_encoding::BASE64URL_NOPAD;
use kernel::Ambient;
use serde_json::{Value, json};
use std::process::ExitCode;

/// What to do with the settings.
#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Say whether the server could start with these settings: 0 it could, 1 it could not.
    #[command(after_help = "Example: MINDVIBE_CONFIG=/etc/mindvibe/mindvibe.env mindvibe config check")]
    Check {
        /// text or json.
        #[arg(long, default_value = "text", value_parser = ["text", "json"])]
        format: String,
    },
    /// Print a JSON Schema of all settings.
    #[command(after_help = "Example: mindvibe config schema > settings.schema.json")]
    Schema {
        /// text, which is JSON for people, or json, which is one line.
        #[arg(long, default_value = "text", value_parser = ["text", "json"])]
        format: String,
    },
    /// Print a file of settings to begin with.
    #[command(after_help = "Example: mindvibe config example > mindvibe.env")]
    Example {
        /// text or json.
        #[arg(long, default_value = "text", value_parser = ["text", "json"])]
        format: String,
    },
}

/// Runs it.
pub(super) fn run(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Check { format } => Ok(check(&Source::environment(), format == "json")),
        Command::Schema { format } => {
            let schema = register::schema();
            say(&if format == "json" { schema.to_string() } else { serde_json::to_string_pretty(&schema)? });
            Ok(ExitCode::SUCCESS)
        }
        Command::Example { format } => {
            let text = register::example();
            say(&if format == "json" { json!({ "example": text }).to_string() } else { text.trim_end().to_owned() });
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// What is wrong with a setting.
#[derive(Debug)]
struct Problem {
    setting: &'static str,
    why: String,
}

/// All that is wrong, not only the first: what is found is put right in a copy, and the reading begins again.
fn problems(source: &Source) -> (Option<Config>, Vec<Problem>) {
    let mut source = source.clone();
    if source.get("ENVIRONMENT") == Some(Environment::Development.name()) && source.get("SECRET_KEY_FILE").is_none() {
        // A look must not make the secret that a start would make.
        source = source.or("SECRET_KEY", &stand_in());
    }
    let mut found: Vec<Problem> = Vec::new();
    loop {
        let error = match Config::read(&source) {
            Ok(config) => return (Some(config), found),
            Err(error) => error,
        };
        let (setting, why) = match error {
            ConfigError::Missing { name, why } => (name, format!("not set: {why}")),
            ConfigError::Invalid { name, why } => (name, why),
        };
        let again = found.iter().any(|known| known.setting == setting);
        found.push(Problem { setting, why });
        let known = register::find(setting);
        let (Some(known), false) = (known, again) else { return (None, found) };
        source.remove(setting);
        if known.kind == Kind::Secret {
            source.remove(&format!("{setting}_FILE"));
        }
        if known.required {
            source.set(setting, &if known.kind == Kind::Secret { stand_in() } else { known.example.to_owned() });
        } else if source.get(setting).is_none()
            && !known.example.is_empty()
            && found.last().is_some_and(Problem::is_missing)
        {
            source.set(setting, known.example);
        }
    }
}

impl Problem {
    fn is_missing(&self) -> bool {
        self.why.starts_with("not set")
    }
}

/// Takes the place of a secret while the rest is looked at.
fn stand_in() -> String {
    BASE64URL_NOPAD.encode(&Ambient::system().bytes::<48>())
}

/// What is set, by name; never the value.
fn states(source: &Source) -> Value {
    let state = |name: &str| {
        let file = format!("{name}_FILE");
        if source.get(name).is_some() || source.get(&file).is_some() { "configured" } else { "missing" }
    };
    let plain = SETTINGS.iter().filter(|one| !one.name.contains('*'));
    plain.map(|one| (one.name.to_owned(), json!(state(one.name)))).collect::<serde_json::Map<_, _>>().into()
}

fn check(source: &Source, as_json: bool) -> ExitCode {
    let (config, problems) = problems(source);
    let unknown: Vec<&String> = source.names_in_file().iter().filter(|name| register::find(name).is_none()).collect();
    let notices = config.as_ref().map(|config| config.notices.clone()).unwrap_or_default();
    let fine = problems.is_empty() && unknown.is_empty();
    if as_json {
        let listed: Vec<Value> =
            problems.iter().map(|problem| json!({"setting": problem.setting, "problem": problem.why})).collect();
        let answer = json!({
            "ok": fine, "environment": config.as_ref().map(|config| config.environment.name()), "problems": listed,
            "unknown": unknown, "notices": notices, "settings": states(source),
        });
        say(&answer.to_string());
    } else {
        for problem in &problems {
            say(&format!("{}: {}", problem.setting, problem.why));
        }
        for name in &unknown {
            say(&format!("{name}: there is no such setting; see mindvibe config schema"));
        }
        for notice in &notices {
            say(notice);
        }
        if fine {
            say("The settings can be used.");
        }
    }
    if fine { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let source = Source::of([
            ("SECRET_KEY", "changeme"),
            ("CORS_ALLOWED_ORIGINS", "*"),
            ("TLS_MODE", "files"),
            ("REGISTRATION", "anybody"),
            ("LOG_LEVEL", "debug"),
        ]);
        let (config, problems) = problems(&source);
        let names: Vec<_> = problems.iter().map(|problem| problem.setting).collect();
        for name in
            ["SECRET_KEY", "PUBLIC_URL", "CORS_ALLOWED_ORIGINS", "TLS_CERT_FILE", "TLS_KEY_FILE", "REGISTRATION"]
        {
            assert!(names.contains(&name), "{name} is not among {names:?}");
        }
        assert_eq!(names.len(), 6, "{names:?}");
        assert!(config.is_some(), "the rest can be used");
    }

    #[test]
    fn a_look_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let source = Source::of([("ENVIRONMENT", "development"), ("DATA_DIR", data.to_str().unwrap())]);
        let (config, problems) = problems(&source);
        assert!(config.is_some() && problems.is_empty(), "{problems:?}");
        assert!(!data.exists());
    }

    #[test]
    fn states_hold_no_value() {
        let states = states(&Source::of([("SECRET_KEY", "CANARY"), ("PUBLIC_URL", "https://canary.example")]));
        assert_eq!((&states["SECRET_KEY"], &states["SMTP_PASSWORD"]), (&json!("configured"), &json!("missing")));
        assert!(!states.to_string().to_lowercase().contains("canary."), "{states}");
    }
}
