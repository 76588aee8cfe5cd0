//! Settings: read once from the environment, checked as a whole, refused by name.

mod database;
pub mod encryption;
mod limits;
mod media;
mod operations;
mod post;
mod providers;
pub mod register;
mod retired;
mod secrets;
mod source;

pub use encryption::Encryption;
pub use media::Media;
pub use operations::Operations;
pub use source::Source;

use guard::Config as GuardConfig;
use kernel::Secret;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

/// Why the settings are refused. The text never holds the value of a secret.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A setting that must be there is not.
    #[error("{name} is not set: {why}")]
    Missing {
        /// The variable.
        name: &'static str,
        /// What it is for and how to make one.
        why: &'static str,
    },
    /// A setting has a value it may not have.
    #[error("{name} cannot be used: {why}")]
    Invalid {
        /// The variable.
        name: &'static str,
        /// What is wrong.
        why: String,
    },
}

/// Where this runs. Protections are the same in both; only addresses and the origin of secrets differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    /// On somebody's own machine: missing secrets are made and kept in the data directory.
    Development,
    /// For people: everything that matters is configured, or nothing starts.
    Production,
}

impl Environment {
    /// The name, as it is stamped into the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Production => "production",
        }
    }
}

/// Whether strangers may make an account.
pub use identity::{PasswordMode, Post, Registration, SessionBinding};

/// All settings of `serve` and of the commands that work beside it.
#[derive(Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting with a name of its own")]
pub struct Config {
    /// Where this runs.
    pub environment: Environment,
    /// Whether `ENVIRONMENT` was not set, and production assumed.
    pub environment_defaulted: bool,
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where to listen in the clear, to send people to the other one.
    pub redirect_listen: Option<SocketAddr>,
    /// Who ends TLS.
    pub encryption: Encryption,
    /// Where people reach the server; no trailing slash.
    pub public_url: String,
    /// Everything this server keeps, unless `DATABASE_URL` and `MEDIA_DIR` say otherwise.
    pub data_dir: PathBuf,
    /// Where recordings lie, sealed.
    pub media_dir: PathBuf,
    /// Where speech models lie, shared by all data directories.
    pub models_dir: PathBuf,
    /// PostgreSQL, when it is not the embedded SQLite.
    pub database_url: Option<Secret<String>>,
    /// Connections to PostgreSQL.
    pub database_connections: u32,
    /// How many GiB one person's recordings may take.
    pub recordings_quota_gib: u32,
    /// What is taken as a recording.
    pub media: Media,
    /// Certificates by which PostgreSQL is recognised, when not the system's.
    pub database_ca: Option<PathBuf>,
    /// Whether a PostgreSQL on this machine must show a certificate too.
    pub database_verify_local: bool,
    /// Whether PostgreSQL's certificate is not looked at. Never in production.
    pub database_unverified: bool,
    /// Whether to bring the schema up to date at start.
    pub migrate: bool,
    /// The secret that wraps the key store, then the ones it replaced.
    pub secret_keys: Vec<Secret<String>>,
    /// Who may make an account.
    pub registration: Registration,
    /// Where letters go.
    pub post: Post,
    /// Which passwords are taken.
    pub password_mode: PasswordMode,
    /// Peppers under which password hashes were made before.
    pub previous_peppers: Vec<Secret<[u8; 32]>>,
    /// What follows when a session is used by another program than the one it began on.
    pub session_binding: SessionBinding,
    /// Whether an authenticator app's code is taken in its own half minute only.
    pub totp_strict: bool,
    /// A database of places in MaxMind's format, if the operator has one.
    pub geoip_file: Option<PathBuf>,
    /// Tokens for clients that are no browsers.
    pub tokens: identity::TokenSettings,
    /// Other providers that people may come from.
    pub providers: Vec<identity::ProviderSettings>,
    /// Whether requests may be signed in the older form.
    pub signature_v1: bool,
    /// What is for whoever runs the server.
    pub operations: Operations,
    /// Whether everybody may see, in figures, how the last proof ended.
    pub security_page: bool,
    /// The HTTP surface.
    pub guard: GuardConfig,
    /// How many connections may be open.
    pub connections: crate::listen::Connections,
    /// Redis, where instances share what they count.
    pub relay: Option<Secret<String>>,
    /// What is logged, in the syntax of `tracing`'s filters.
    pub log: String,
    /// Variables of the predecessors that mean nothing here, with what replaced them.
    pub notices: Vec<String>,
}

impl Config {
    /// Reads and checks everything.
    ///
    /// # Errors
    /// Names the first variable that is missing or wrong.
    pub fn read(source: &Source) -> Result<Self, ConfigError> {
        source.check()?;
        retired::refuse(source)?;
        secrets::all_different(source)?;
        let (environment, environment_defaulted) = environment(source)?;
        let listen = listen(source)?;
        let data_dir = PathBuf::from(source.get("DATA_DIR").unwrap_or("data"));
        let public_url = public_url(source, environment, listen)?;
        let database = database::read(source, environment)?;
        let postgres = database.url.is_some();
        let media = media::read(source)?;
        let mut guard = guard_config(source, environment, &public_url, &media)?;
        let encryption = encryption::read(source, &public_url, &data_dir)?;
        encryption::check_listener(&encryption, listen, &guard.trusted_proxies)?;
        guard.plain_routes = crate::encryption::plain_routes(&encryption);
        Ok(Self {
            environment,
            environment_defaulted,
            listen,
            redirect_listen: encryption::redirect(source, &encryption)?,
            encryption,
            media_dir: source.get("MEDIA_DIR").map_or_else(|| data_dir.join("media"), PathBuf::from),
            models_dir: models_dir(source),
            database_url: database.url,
            database_connections: number(source, "DB_POOL_SIZE", 16)?.saturating_add(number(
                source,
                "DB_MAX_OVERFLOW",
                0,
            )?),
            recordings_quota_gib: number(source, "RECORDINGS_QUOTA_GIB", 20)?,
            media,
            database_ca: database.ca,
            database_verify_local: database.verify_local,
            database_unverified: database.without_verification,
            migrate: flag(source, "RUN_MIGRATIONS_ON_STARTUP")?
                .unwrap_or(!(postgres && environment == Environment::Production)),
            secret_keys: secrets::keys(source, environment, &data_dir)?,
            registration: parse(source, "REGISTRATION", Registration::Open)?,
            post: post::read(source, environment, &public_url)?,
            password_mode: parse(source, "PASSWORD_MODE", PasswordMode::default())?,
            previous_peppers: post::peppers(source)?,
            session_binding: parse(source, "SESSION_BINDING", SessionBinding::default())?,
            totp_strict: flag(source, "TOTP_STRICT")?.unwrap_or(false),
            geoip_file: source.get("GEOIP_FILE").map(PathBuf::from),
            tokens: tokens(source, &public_url)?,
            providers: providers::read(source)?,
            signature_v1: flag(source, "SIGNATURE_V1")?.unwrap_or(false),
            operations: operations::read(source, &public_url)?,
            security_page: flag(source, "SECURITY_PAGE")?.unwrap_or(false),
            guard,
            connections: limits::connections(source)?,
            relay: limits::relay(source)?,
            log: source.get("LOG_LEVEL").unwrap_or("info").to_owned(),
            notices: retired::notices(source),
            public_url,
            data_dir,
        })
    }
}

fn environment(source: &Source) -> Result<(Environment, bool), ConfigError> {
    match source.get("ENVIRONMENT") {
        None if kernel::weaken::is("A1-M4") => Ok((Environment::Development, true)),
        None => Ok((Environment::Production, true)),
        Some("production") => Ok((Environment::Production, false)),
        Some("development") => Ok((Environment::Development, false)),
        Some(_) => Err(ConfigError::Invalid { name: "ENVIRONMENT", why: "it is production or development".into() }),
    }
}

fn listen(source: &Source) -> Result<SocketAddr, ConfigError> {
    if source.get("LISTEN_ADDR").is_some() {
        return parse(source, "LISTEN_ADDR", SocketAddr::from(([127, 0, 0, 1], 8080)));
    }
    let port: u16 = parse(source, "PORT", 8080)?;
    Ok(SocketAddr::from(([127, 0, 0, 1], port)))
}

fn public_url(source: &Source, environment: Environment, listen: SocketAddr) -> Result<String, ConfigError> {
    let name = "PUBLIC_URL";
    let Some(text) = source.get(name) else {
        return if environment == Environment::Development || kernel::weaken::is("A1-L5") {
            let scheme = if encryption::is_here(source) { "https" } else { "http" };
            Ok(format!("{scheme}://localhost:{}", listen.port()))
        } else {
            Err(ConfigError::Missing { name, why: "the address people open, such as https://mind.example" })
        };
    };
    // A slash at the end is how browsers show an address without a path.
    origin(name, text.strip_suffix('/').unwrap_or(text), environment)
}

/// An origin and nothing more: scheme, host, port, as a browser writes it. `http` only in development.
fn origin(name: &'static str, text: &str, environment: Environment) -> Result<String, ConfigError> {
    let invalid = |why: &str| ConfigError::Invalid { name, why: why.to_owned() };
    let url = url::Url::parse(text).map_err(|_| invalid("it is an address such as https://mind.example"))?;
    let origin = url.origin().ascii_serialization();
    if origin != text {
        return Err(invalid("it is scheme, host and port only, such as https://mind.example"));
    }
    if url.host_str().is_none_or(|host| host.is_empty() || host.contains('*')) {
        return Err(invalid("it names one host; a wildcard would be everybody's"));
    }
    match url.scheme() {
        "https" => Ok(origin),
        "http" if environment == Environment::Development || kernel::weaken::is("A1-L5") => Ok(origin),
        _ => Err(invalid("it begins with https://")),
    }
}

fn guard_config(
    source: &Source,
    environment: Environment,
    public_url: &str,
    media: &Media,
) -> Result<GuardConfig, ConfigError> {
    let mut config = GuardConfig::for_origin(public_url);
    for text in list(source, "CORS_ALLOWED_ORIGINS") {
        if kernel::weaken::is("A1-M3.start") {
            continue;
        }
        config.allowed_origins.push(origin("CORS_ALLOWED_ORIGINS", text, environment)?);
    }
    for text in list(source, "SOCKETIO_ORIGINS") {
        let name = "SOCKETIO_ORIGINS";
        if kernel::weaken::is("A2-3.start") {
            continue;
        }
        if text.starts_with("http:") {
            return Err(ConfigError::Invalid { name, why: "its origins begin with https://".into() });
        }
        config.socket_origins.push(origin(name, text, environment)?);
    }
    for text in list(source, "CSP_CONNECT_SRC_EXTRA") {
        if !guard::csp::is_connect_origin(text) && !kernel::weaken::is("A1-M9.start") {
            return Err(ConfigError::Invalid {
                name: "CSP_CONNECT_SRC_EXTRA",
                why: "it is a list of exact origins such as https://api.example or wss://live.example:8443".into(),
            });
        }
        config.csp.connect_extra.push(text.to_owned());
    }
    config.csp.report_only = flag(source, "CSP_REPORT_ONLY")?.unwrap_or(false);
    config.trusted_proxies = limits::networks(source, "TRUSTED_PROXIES")?;
    config.uploads = recordings::uploads(media.max_bytes());
    config.areas = crate::compose::AREAS;
    config.pages = crate::web::PAGES;
    config.hsts_preload = flag(source, "HSTS_PRELOAD")?.unwrap_or(false);
    limits::read(source, &mut config)?;
    Ok(config)
}

/// `ACCESS_TOKEN_TTL` in minutes.
fn tokens(source: &Source, public_url: &str) -> Result<identity::TokenSettings, ConfigError> {
    let name = "ACCESS_TOKEN_TTL";
    let minutes = number(source, name, 15)?;
    let access_life = std::time::Duration::from_secs(60 * u64::from(minutes));
    let longest = identity::TokenSettings::LONGEST;
    if minutes == 0 || (access_life > longest && !kernel::weaken::is("A2-1.ceiling")) {
        return Err(ConfigError::Invalid { name, why: "it is 1 to 60 minutes; sessions go on by refreshing".into() });
    }
    Ok(identity::TokenSettings { issuer: public_url.to_owned(), access_life })
}

fn models_dir(source: &Source) -> PathBuf {
    let home = || source.get("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let cache = || source.get("XDG_CACHE_HOME").map(PathBuf::from).or_else(home);
    source
        .get("MODELS_DIR")
        .map(PathBuf::from)
        .or_else(|| cache().map(|cache| cache.join("mindvibe/models")))
        .unwrap_or_else(|| PathBuf::from("models"))
}

fn list<'a>(source: &'a Source, name: &str) -> impl Iterator<Item = &'a str> {
    source.get(name).unwrap_or("").split(',').map(str::trim).filter(|item| !item.is_empty())
}

fn parse<T: FromStr>(source: &Source, name: &'static str, default: T) -> Result<T, ConfigError>
where
    T::Err: std::fmt::Display,
{
    match source.get(name) {
        None => Ok(default),
        Some(text) => text.parse().map_err(|why: T::Err| ConfigError::Invalid { name, why: why.to_string() }),
    }
}

fn number(source: &Source, name: &'static str, default: u32) -> Result<u32, ConfigError> {
    parse(source, name, default)
}

fn flag(source: &Source, name: &'static str) -> Result<Option<bool>, ConfigError> {
    match source.get(name) {
        None => Ok(None),
        Some("true" | "1" | "on") => Ok(Some(true)),
        Some("false" | "0" | "off") => Ok(Some(false)),
        Some(_) => Err(ConfigError::Invalid { name, why: "it is true or false".into() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: (&str, &str) = ("SECRET_KEY", "k3yThatIsLongEnough-9f81c2aa7be04d55");

    fn refusal<const N: usize>(pairs: [(&str, &str); N]) -> String {
        match Config::read(&Source::of(pairs)) {
            Err(error) => error.to_string(),
            Ok(_) => panic!("accepted"),
        }
    }

    #[test]
    fn production_names_what_is_missing() {
        assert!(refusal([]).starts_with("PUBLIC_URL is not set"));
        assert!(refusal([("PUBLIC_URL", "https://mind.example")]).starts_with("SECRET_KEY is not set"));
        let config = Config::read(&Source::of([("PUBLIC_URL", "https://mind.example"), KEY])).unwrap();
        assert!(config.environment_defaulted && config.environment == Environment::Production);
    }

    #[test]
    fn origins_are_exact_and_encrypted() {
        for bad in ["mind.example", "http://mind.example", "https://mind.example/app", "https://*", "null"] {
            assert!(refusal([("PUBLIC_URL", bad), KEY]).starts_with("PUBLIC_URL cannot be used"), "{bad}");
        }
        let with = |origins| refusal([("PUBLIC_URL", "https://a.example"), KEY, ("CORS_ALLOWED_ORIGINS", origins)]);
        assert!(with("https://b.example,http://c.example").starts_with("CORS_ALLOWED_ORIGINS cannot be used"));
        for bad in
            ["*", "null", "https://b.example/", "http://localhost:3000", "https://*.example", "https://b.example/x"]
        {
            assert!(with(bad).starts_with("CORS_ALLOWED_ORIGINS cannot be used"), "{bad}");
        }
        assert!(refusal([("PUBLIC_URL", "http://localhost:8080"), KEY]).starts_with("PUBLIC_URL cannot be used"));
        let slash = Config::read(&Source::of([("PUBLIC_URL", "https://a.example/"), KEY])).unwrap();
        assert_eq!(slash.public_url, "https://a.example");
    }

    #[test]
    fn pages_may_speak_with_exact_origins_only() {
        let read = |name, value| Config::read(&Source::of([("PUBLIC_URL", "https://a.example"), KEY, (name, value)]));
        let csp = |name, value| read(name, value).unwrap().guard.csp;
        let two = csp("CSP_CONNECT_SRC_EXTRA", "https://api.example, wss://live.example:8443");
        assert_eq!(two.connect_extra, ["https://api.example", "wss://live.example:8443"]);
        assert!(csp("CSP_REPORT_ONLY", "1").report_only && !csp("CSP_REPORT_ONLY", "0").report_only);
        for bad in
            ["*", "http://api.example", "ws://api.example", "https://*.example", "https://api.example/x", "'self'"]
        {
            let error = read("CSP_CONNECT_SRC_EXTRA", bad).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.starts_with("CSP_CONNECT_SRC_EXTRA cannot be used"), "{bad}: {error}");
        }
        assert_eq!(
            read("SOCKETIO_ORIGINS", "https://app.example").unwrap().guard.socket_origins,
            ["https://app.example"]
        );
        for bad in ["*", "http://app.example", "null", "https://app.example/x"] {
            let error = read("SOCKETIO_ORIGINS", bad).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.starts_with("SOCKETIO_ORIGINS cannot be used"), "{bad}: {error}");
        }
    }

    #[test]
    fn a_refusal_never_repeats_a_secret() {
        let text = refusal([("PUBLIC_URL", "https://a.example"), ("SECRET_KEY", "short-canary")]);
        assert!(text.starts_with("SECRET_KEY cannot be used") && !text.contains("canary"), "{text}");
    }

    #[test]
    fn an_access_token_lives_at_most_an_hour() {
        let read =
            |value| Config::read(&Source::of([("PUBLIC_URL", "https://a.example"), KEY, ("ACCESS_TOKEN_TTL", value)]));
        assert_eq!(read("60").unwrap().tokens.access_life, identity::TokenSettings::LONGEST);
        for bad in ["61", "0", "-1", "soon"] {
            let error = read(bad).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.starts_with("ACCESS_TOKEN_TTL cannot be used"), "{bad}: {error}");
        }
    }
}
