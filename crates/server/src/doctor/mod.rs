//! Looks at a deployment from inside: what is in order, what is not, and how to mend it. One file a check; nothing here
//! changes anything.

mod backups;
mod clock;
mod database;
mod disk;
mod dns;
mod mail;
mod providers;
mod redis;
mod tls;

use crate::config::{Config, ConfigError, Source};
use kernel::Ambient;
use reqwest::redirect::Policy;
use serde_json::{Value, json};
use std::pin::Pin;
use std::time::Duration;

/// How long one check may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long another server may take to answer.
const ANSWERED_WITHIN: Duration = Duration::from_secs(10);

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// As it should be.
    Good,
    /// Not as it should be.
    Bad,
    /// There is nothing of the kind here.
    NotApplicable,
}

impl State {
    const fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
            Self::NotApplicable => "not_applicable",
        }
    }
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) check: &'static str,
    pub(crate) state: State,
    /// What was seen. Never a secret.
    pub(crate) says: String,
    /// What to do about it; empty when nothing is to be done.
    pub(crate) mend: String,
}

/// What a check concludes, before its name is put to it.
type Seen = (State, String, String);

fn good(says: impl Into<String>) -> Seen {
    (State::Good, says.into(), String::new())
}

fn bad(says: impl Into<String>, mend: impl Into<String>) -> Seen {
    (State::Bad, says.into(), mend.into())
}

fn nothing(says: impl Into<String>) -> Seen {
    (State::NotApplicable, says.into(), String::new())
}

/// What is looked at.
struct Patient {
    config: Config,
    source: Source,
    ambient: Ambient,
}

impl Patient {
    /// The host of `PUBLIC_URL`.
    fn host(&self) -> String {
        let url = url::Url::parse(&self.config.public_url).ok();
        url.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
    }

    /// A client that does not wait long and goes nowhere it was not sent.
    fn client() -> reqwest::Result<reqwest::Client> {
        reqwest::Client::builder().timeout(ANSWERED_WITHIN).redirect(Policy::none()).tls_info(true).build()
    }
}

type Looking<'a> = Pin<Box<dyn Future<Output = Seen> + Send + 'a>>;

struct Check {
    name: &'static str,
    look: for<'a> fn(&'a Patient) -> Looking<'a>,
}

const CHECKS: &[Check] = &[
    Check { name: "tls", look: |patient| Box::pin(tls::look(patient)) },
    Check { name: "dns", look: |patient| Box::pin(dns::look(patient)) },
    Check { name: "clock", look: |patient| Box::pin(clock::look(patient)) },
    Check { name: "disk", look: |patient| Box::pin(disk::look(patient)) },
    Check { name: "database", look: |patient| Box::pin(database::look(patient)) },
    Check { name: "redis", look: |patient| Box::pin(redis::look(patient)) },
    Check { name: "providers", look: |patient| Box::pin(providers::look(patient)) },
    Check { name: "mail", look: |patient| Box::pin(mail::look(patient)) },
    Check { name: "backups", look: |patient| Box::pin(async { backups::look(patient) }) },
];

/// Looks at everything these settings bring about.
pub(crate) async fn examine(source: &Source) -> Vec<Finding> {
    let config = match Config::read(source) {
        Ok(config) => config,
        Err(error) => return vec![settings(&error)],
    };
    let mut findings = vec![retired(&config)];
    let patient = Patient { config, source: source.clone(), ambient: Ambient::system() };
    for check in CHECKS {
        let seen = tokio::time::timeout(PATIENCE, (check.look)(&patient)).await;
        let late = || bad("the check did not come to an end", "something it asks does not answer: look at the network");
        findings.push(named(check.name, seen.unwrap_or_else(|_| late())));
    }
    findings
}

fn named(check: &'static str, (state, says, mend): Seen) -> Finding {
    Finding { check, state, says, mend }
}

/// The settings cannot be used: nothing else can be looked at.
fn settings(error: &ConfigError) -> Finding {
    named("settings", bad(error.to_string(), "mindvibe config check tells all that is wrong with the settings"))
}

fn retired(config: &Config) -> Finding {
    let seen = if config.notices.is_empty() {
        good(format!("they can be used; this is {}", config.environment.name()))
    } else {
        bad(config.notices.join("; "), "remove what has no effect")
    };
    named("settings", seen)
}

/// A table for people.
pub(crate) fn table(findings: &[Finding]) -> String {
    let mut lines = Vec::new();
    for Finding { check, state, says, mend } in findings {
        let mark = match state {
            State::Good => "good",
            State::Bad => "BAD",
            State::NotApplicable => "-",
        };
        lines.push(format!("{mark:<5} {check:<10} {says}"));
        if !mend.is_empty() {
            lines.push(format!("{:<16} mend: {mend}", ""));
        }
    }
    lines.join("\n")
}

/// The same for programs.
pub(crate) fn json(findings: &[Finding]) -> Value {
    let all = findings.iter().map(|Finding { check, state, says, mend }| {
        json!({"check": check, "state": state.name(), "says": says, "mend": mend})
    });
    json!({"ok": is_well(findings), "checks": all.collect::<Vec<_>>()})
}

/// Whether nothing is to be mended.
pub(crate) fn is_well(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.state != State::Bad)
}

#[cfg(test)]
mod testing {
    use super::{Patient, Seen, State};
    use crate::config::{Config, Source};
    use kernel::Ambient;
    use std::path::Path;

    /// Somebody with these settings, in production.
    pub(super) fn patient(data: &Path, settings: &[(&str, &str)]) -> Patient {
        let mut source = Source::of([]);
        for (name, value) in settings {
            source = source.or(name, value);
        }
        source = source
            .or("PUBLIC_URL", "https://mind.example")
            .or("SECRET_KEY", "q7ZtR2vK9mXc4LpW8sYhN3bGdF6jUaQe1ToVxCi5")
            .or("DATA_DIR", data.to_str().unwrap());
        let config = Config::read(&source).unwrap_or_else(|error| panic!("{error}"));
        Patient { config, source, ambient: Ambient::system() }
    }

    /// What is bad says how to mend it, and what is not bad needs no mending.
    #[track_caller]
    pub(super) fn is(seen: &Seen, state: State) {
        let (found, says, mend) = seen;
        assert_eq!(*found, state, "{says}");
        assert_eq!(mend.is_empty(), state != State::Bad, "{says}: {mend}");
        assert!(!says.is_empty() && !says.contains("CANARY") && !mend.contains("CANARY"), "{says}: {mend}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn settings_that_cannot_be_used_are_all_there_is_to_say() {
        let findings = examine(&Source::of([("SECRET_KEY", "changeme")])).await;
        assert_eq!(findings.len(), 1);
        assert!(!is_well(&findings) && findings[0].says.contains("PUBLIC_URL"));
        assert_eq!(json(&findings)["checks"][0]["state"], "bad");
        assert!(table(&findings).contains("mend: "));
    }

    #[test]
    fn what_has_no_effect_any_more_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let well = testing::patient(folder.path(), &[]);
        assert_eq!(retired(&well.config).state, State::Good);
        let old = testing::patient(folder.path(), &[("DEBUG", "true")]);
        assert_eq!(retired(&old.config).state, State::Bad);
    }
}
