//! Where the data is, and how its server is recognised (A1-H5).

use super::{ConfigError, Environment, Source};
use kernel::Secret;
use std::path::PathBuf;

const MODE: &str = "DB_SSL_MODE";

/// How PostgreSQL is reached; nothing of it means anything to SQLite.
#[derive(Clone, Default)]
pub(super) struct Database {
    /// PostgreSQL, when it is not the embedded SQLite.
    pub(super) url: Option<Secret<String>>,
    /// Certificates by which PostgreSQL is recognised, when not the system's.
    pub(super) ca: Option<PathBuf>,
    /// Whether a server on this machine must show a certificate too.
    pub(super) verify_local: bool,
    /// Whether its certificate is not looked at. Never in production.
    pub(super) without_verification: bool,
}

/// Reads `DATABASE_URL`, `DB_SSL_MODE` and `DB_CA_FILE`.
pub(super) fn read(source: &Source, environment: Environment) -> Result<Database, ConfigError> {
    let url = source.secret("DATABASE_URL")?;
    let ca = source.get("DB_CA_FILE").map(PathBuf::from);
    if let Some(file) = ca.as_ref().filter(|file| !file.is_file()) {
        let why = format!("{} is no file", file.display());
        return Err(ConfigError::Invalid { name: "DB_CA_FILE", why });
    }
    let (verify_local, without_verification) = match source.get(MODE) {
        None => (false, false),
        Some("verify-full") => (true, false),
        Some("require-no-verify") if environment == Environment::Development || kernel::weaken::is("A1-H5.start") => {
            (false, true)
        }
        Some("require-no-verify") => {
            let why = "require-no-verify exists in development only: anybody in between could read everything";
            return Err(ConfigError::Invalid { name: MODE, why: why.into() });
        }
        Some(_) => {
            let why = "it is verify-full (the default), or require-no-verify in development";
            return Err(ConfigError::Invalid { name: MODE, why: why.into() });
        }
    };
    if let Some(url) = &url {
        check(url.expose(), without_verification)?;
    }
    Ok(Database { url, ca, verify_local, without_verification })
}

/// The URL may ask for more than the default, never for less. No message repeats any part of it: it holds a password.
fn check(url: &str, without_verification: bool) -> Result<(), ConfigError> {
    let invalid = |why: &str| Err(ConfigError::Invalid { name: "DATABASE_URL", why: why.to_owned() });
    let Some(parsed) = url::Url::parse(url).ok().filter(|url| matches!(url.scheme(), "postgres" | "postgresql")) else {
        return invalid("it is a postgres:// URL");
    };
    let host = percent_host(parsed.host_str().unwrap_or_default());
    let asked = parsed.query_pairs().find(|(name, _)| matches!(&**name, "sslmode" | "ssl-mode"));
    let mode = asked.map(|(_, mode)| mode.to_ascii_lowercase());
    let is_here = matches!(host.as_str(), "" | "localhost" | "127.0.0.1" | "[::1]") || host.starts_with('/');
    match mode.as_deref() {
        None | Some("verify-full") => Ok(()),
        Some("disable" | "prefer") if is_here => Ok(()),
        Some(_) if without_verification || kernel::weaken::is("A1-H5.start") => Ok(()),
        Some(_) => invalid("sslmode is verify-full, or left out, which is the same"),
    }
}

/// A socket's folder stands percent-encoded where the host would.
fn percent_host(host: &str) -> String {
    host.replace("%2F", "/").replace("%2f", "/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(environment: Environment, pairs: &[(&str, &str)]) -> String {
        let source = pairs.iter().fold(Source::of([]), |source, (name, value)| source.or(name, value));
        let said = read(&source, environment).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(!said.contains("CANARY"), "{said}");
        said
    }

    #[test]
    fn a_database_elsewhere_is_verified_in_production() {
        let production = |pairs: &[(&str, &str)]| refusal(Environment::Production, pairs);
        assert_eq!(production(&[("DATABASE_URL", "postgres://u:CANARY@db.example/x")]), "");
        assert_eq!(production(&[("DATABASE_URL", "postgres://u:CANARY@db.example/x?sslmode=verify-full")]), "");
        for mode in ["disable", "allow", "prefer", "require", "verify-ca", "REQUIRE"] {
            let url = format!("postgres://u:CANARY@db.example/x?sslmode={mode}");
            assert!(production(&[("DATABASE_URL", &url)]).starts_with("DATABASE_URL cannot be used"), "{mode}");
        }
        for mode in ["require", "prefer", "disable", "require-no-verify"] {
            let said = production(&[("DATABASE_URL", "postgres://u:CANARY@db.example/x"), ("DB_SSL_MODE", mode)]);
            assert!(said.starts_with("DB_SSL_MODE cannot be used"), "{mode}: {said}");
        }
        assert!(production(&[("DATABASE_URL", "mysql://u:CANARY@h/x")]).starts_with("DATABASE_URL"));
        assert!(production(&[("DB_CA_FILE", "/nowhere")]).starts_with("DB_CA_FILE"));
    }

    #[test]
    fn this_machine_may_do_without_and_development_may_look_away() {
        for url in [
            "postgres://u@127.0.0.1:5432/x?sslmode=disable",
            "postgres://u@localhost/x?sslmode=prefer",
            "postgres://u@%2Fvar%2Frun%2Fpostgresql/x?sslmode=disable",
        ] {
            assert_eq!(refusal(Environment::Production, &[("DATABASE_URL", url)]), "", "{url}");
        }
        let source = Source::of([("DB_SSL_MODE", "require-no-verify")]);
        assert!(read(&source, Environment::Development).unwrap().without_verification);
        assert!(read(&Source::of([("DB_SSL_MODE", "verify-full")]), Environment::Production).unwrap().verify_local);
    }
}
