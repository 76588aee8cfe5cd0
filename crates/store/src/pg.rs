//! Opens a PostgreSQL pool: its encryption, its manners.

use crate::lite::CACHED_STATEMENTS;
use crate::settings::{Policy, Settings, Stats};
use crate::{Error, Result};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions, PgSslMode};
use sqlx::{ConnectOptions, Connection};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// A connection that idled this long is tried before it is used; a fresher one is trusted.
const TRUSTED_FOR: Duration = Duration::from_secs(1);

#[derive(Clone)]
pub(crate) struct Pg {
    pub(crate) pool: PgPool,
    pub(crate) policy: Policy,
    pub(crate) stats: Arc<Stats>,
    pub(crate) texts: Texts,
}

/// How a transaction begins. The limits travel with it instead of with the connection, so that a pooler in transaction
/// mode (`PgBouncer`) may sit in between.
#[derive(Clone, Copy)]
pub(crate) struct Texts {
    pub(crate) write: &'static str,
    pub(crate) read: &'static str,
}

impl Texts {
    fn new(policy: Policy) -> Self {
        let (hold, wait) = (policy.hold.as_millis(), policy.wait.as_millis());
        let limits = format!(
            "set local idle_in_transaction_session_timeout = {hold}; set local statement_timeout = {hold}; \
             set local lock_timeout = {wait}"
        );
        // Leaked once for each opened database: sqlx wants texts that live as long as the program, and so do these.
        let leak = |begin: &str| &*Box::leak(format!("{begin}; {limits}").into_boxed_str());
        Self { write: leak("begin"), read: leak("begin isolation level repeatable read, read only") }
    }
}

impl Pg {
    pub(crate) async fn open(settings: &Settings, url: &str) -> Result<Self> {
        let options = options(settings, url)?;
        // A connection of its own first: the pool would only say that it waited.
        let first = match timeout(settings.policy.wait, options.connect()).await {
            Ok(Err(e)) if kernel::weaken::is("A2-8") => return Err(Error::Away(format!("{url}: {e}").into())),
            Ok(first) => first.map_err(|e| unreachable(&options, &e.to_string()))?,
            Err(_) => return Err(unreachable(&options, "no answer in time")),
        };
        let pool = PgPoolOptions::new()
            .max_connections(settings.connections.max(2))
            .acquire_timeout(settings.policy.wait)
            .test_before_acquire(false)
            .before_acquire(|conn, meta| {
                Box::pin(async move {
                    if meta.idle_for > TRUSTED_FOR {
                        conn.ping().await?;
                    }
                    Ok(true)
                })
            })
            .connect_with(options)
            .await?;
        // The server closes its end whatever we hear of it.
        let _ = first.close().await;
        Ok(Self { pool, policy: settings.policy, stats: Arc::default(), texts: Texts::new(settings.policy) })
    }
}

/// Which server, and why; never with which password.
fn unreachable(options: &PgConnectOptions, why: &str) -> Error {
    let server = match options.get_socket() {
        Some(socket) => socket.display().to_string(),
        None => format!("{}:{}", options.get_host(), options.get_port()),
    };
    Error::Away(format!("cannot open a connection to PostgreSQL at {server}: {why}").into())
}

/// Reads the URL and decides about encryption. No message repeats any part of the URL: it holds a password.
fn options(settings: &Settings, url: &str) -> Result<PgConnectOptions> {
    let unreadable = |_| Error::config("DATABASE_URL is not a postgres:// URL that can be read");
    let mut options: PgConnectOptions = url.parse().map_err(unreadable)?;
    let asked_for = ssl_mode_in(url);
    if is_local(&options) {
        if settings.tls_verify_local {
            options = options.ssl_mode(PgSslMode::VerifyFull);
        } else if asked_for.is_none() {
            options = options.ssl_mode(PgSslMode::Prefer);
        }
    } else if settings.tls_without_verification {
        tracing::error!("CRITICAL: the connection to PostgreSQL is not verified; anybody in between can read it");
        options = options.ssl_mode(PgSslMode::Require);
    } else {
        match asked_for.as_deref() {
            None | Some("verify-full") => options = options.ssl_mode(PgSslMode::VerifyFull),
            Some(_) => {
                return Err(Error::config(
                    "DATABASE_URL: sslmode must be verify-full (or left out) for a server on another host",
                ));
            }
        }
    }
    if kernel::weaken::is("A1-H5") {
        options = options.ssl_mode(PgSslMode::Require);
    }
    if let Some(file) = &settings.tls_ca_file {
        options = options.ssl_root_cert(file);
    }
    Ok(options.application_name("mindvibe").statement_cache_capacity(CACHED_STATEMENTS).disable_statement_logging())
}

fn is_local(options: &PgConnectOptions) -> bool {
    let host = options.get_host().trim_matches(['[', ']']);
    options.get_socket().is_some() || host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

/// The `sslmode` that the URL itself names; what the environment says is not asked.
fn ssl_mode_in(url: &str) -> Option<String> {
    let (_, query) = url.split_once('?')?;
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| matches!(*key, "sslmode" | "ssl-mode")).map(|(_, value)| value.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::Secret;

    fn mode(url: &str) -> Result<String> {
        let settings = Settings::postgres(Secret::new(url.to_owned()), "unused", "test");
        options(&settings, url).map(|o| format!("{:?}", o.get_ssl_mode()))
    }

    #[test]
    fn another_host_is_always_verified() {
        assert_eq!(mode("postgres://u:CANARY@db.example/x").unwrap(), "VerifyFull");
        assert_eq!(mode("postgres://u:CANARY@db.example/x?sslmode=verify-full").unwrap(), "VerifyFull");
        for weak in ["disable", "prefer", "require", "verify-ca", "REQUIRE"] {
            let error = mode(&format!("postgres://u:CANARY@db.example/x?sslmode={weak}")).unwrap_err().to_string();
            assert!(error.contains("verify-full") && !error.contains("CANARY"), "{error}");
        }
    }

    #[test]
    fn this_host_may_do_without() {
        for host in ["127.0.0.1:5432", "localhost", "[::1]:5432", "%2Fvar%2Frun%2Fpostgresql"] {
            assert_eq!(mode(&format!("postgres://u@{host}/x")).unwrap(), "Prefer", "{host}");
        }
        assert_eq!(mode("postgres://u@127.0.0.1/x?sslmode=disable").unwrap(), "Disable");
        let url = "postgres://u@127.0.0.1/x";
        let mut settings = Settings::postgres(Secret::new(url.to_owned()), "unused", "test");
        settings.tls_verify_local = true;
        assert_eq!(format!("{:?}", options(&settings, url).unwrap().get_ssl_mode()), "VerifyFull");
    }

    #[test]
    fn a_url_that_cannot_be_read_is_not_repeated() {
        for url in ["postgres//u:CANARY@h/x", "postgres://u:CANARY@h:port/x", "postgres://u:CANARY@h/x?sslmode=CANARY"]
        {
            assert!(!mode(url).unwrap_err().to_string().contains("CANARY"));
        }
    }
}
