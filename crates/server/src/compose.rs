//! Where everything is plugged together.

use crate::config::{Config, ConfigError, Environment};
use crate::encryption::Encryption;
use crate::operations::{self, Document};
use crate::proofs::{self, Proofs};
use crate::{logging, posture, web};
use axum::{Extension, Router};
use guard::{Guard, Problem};
use identity::Identity;
use journal::Journal;
use kernel::{Ambient, Fault, Secret};
use monitor::Monitoring;
use recordings::{Purge, Transcribe};
use relay::Relay;
use seal::KeyEncryptionRing;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use store::jobs::{Runner, Running};
use store::keys::KeyStore;
use store::{Db, Settings};
use tokio::task::JoinSet;
use utoipa::openapi::{InfoBuilder, License, OpenApi, Paths};
use utoipa_axum::router::OpenApiRouter;

/// How often quiet buckets are forgotten.
const TIDY_EVERY: Duration = Duration::from_mins(5);
/// How often what was deleted long ago is removed for good.
const PURGE_EVERY: Duration = Duration::from_hours(1);
/// How long jobs under way get when the process stops; what is not done by then is taken up at the next start.
const GRACE: Duration = Duration::from_secs(10);

/// What API keys can be allowed to reach. A route that does not stand here is out of reach of every key.
pub const AREAS: &[guard::Area] = &[
    guard::Area { name: "journal", routes: &["/api/moods", "/api/journal"] },
    guard::Area { name: "recordings", routes: &["/api/recordings"] },
    guard::Area { name: "transcriptions", routes: &["/v1/audio"] },
    // Who one is, and nothing that changes it.
    guard::Area { name: "identity", routes: &["/api/auth/me$", "/auth/profile$"] },
    guard::Area { name: "monitoring", routes: &["/api/monitoring", "/metrics$"] },
];
const AREA_NAMES: &[&str] = &["journal", "recordings", "transcriptions", "identity", "monitoring"];

/// Why the program does not start or go on. No text here holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The settings are refused.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The secret is not one the key store knows.
    #[error("SECRET_KEY: {0}")]
    Ring(#[from] seal::RingError),
    /// The data cannot be opened.
    #[error("the database: {0}")]
    Store(#[from] store::Error),
    /// The address is taken, or not ours.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, std::io::Error),
    /// Something of the operating system.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// A slice does not start.
    #[error("{0}")]
    Fault(#[from] Fault),
    /// Accounts and sessions do not start.
    #[error("{0}")]
    Identity(#[from] identity::StartError),
    /// The OpenAPI document cannot be written.
    #[error("the OpenAPI document: {0}")]
    Document(#[from] serde_json::Error),
    /// The attack suite could not run.
    #[error("prove: {0}")]
    Prove(String),
}

impl Failure {
    /// Whether a setting has to be changed before it can start; the text then names it.
    pub const fn is_of_settings(&self) -> bool {
        matches!(self, Self::Config(_) | Self::Store(store::Error::Config(_) | store::Error::Environment { .. }))
    }
}

/// The data and its keys, open; what every command works with.
#[derive(Clone)]
pub struct House {
    /// The data.
    pub db: Db,
    /// Everybody's data keys.
    pub keys: KeyStore,
    /// Time and chance.
    pub ambient: Ambient,
}

impl House {
    /// Opens the data and the key store.
    ///
    /// # Errors
    /// When the database is not there, belongs to another environment, or was made under another secret.
    pub async fn open(config: &Config) -> Result<Self, Failure> {
        let (current, previous) = config
            .secret_keys
            .split_first()
            .ok_or(ConfigError::Missing { name: "SECRET_KEY", why: "it wraps the key store" })?;
        let ring = KeyEncryptionRing::new(current, previous)?;
        let settings = settings(config);
        let ambient = Ambient::system();
        let db = Db::open(&settings).await?;
        let keys = KeyStore::open(&settings, &db, ring, ambient.clone()).await?;
        Ok(Self { db, keys, ambient })
    }

    /// Accounts and sessions.
    ///
    /// # Errors
    /// When the key store does not give the server's own keys.
    pub async fn identity(&self, config: &Config) -> Result<Arc<Identity>, Failure> {
        let settings = identity::Config {
            registration: config.registration,
            public_url: config.public_url.clone(),
            post: config.post.clone(),
            password_mode: config.password_mode,
            previous_peppers: config.previous_peppers.clone(),
            session_binding: config.session_binding,
            totp_strict: config.totp_strict,
            geoip_file: config.geoip_file.clone(),
            tokens: config.tokens.clone(),
            signature_v1: config.signature_v1,
            providers: config.providers.clone(),
            areas: AREA_NAMES,
            ..identity::Config::default()
        };
        Ok(Identity::new(self.db.clone(), self.keys.clone(), self.ambient.clone(), settings).await?)
    }

    /// Closes the data so that nothing is left to replay.
    pub async fn close(self) {
        self.keys.close().await;
        self.db.close().await;
    }
}

fn settings(config: &Config) -> Settings {
    let stamp = config.environment.name();
    let mut settings = match &config.database_url {
        None => Settings::sqlite(&config.data_dir, stamp),
        Some(url) => Settings::postgres(url.clone(), &config.data_dir, stamp),
    };
    settings.migrate = config.migrate;
    settings.connections = config.database_connections;
    settings.log_statements = config.environment == Environment::Development;
    settings.tls_ca_file.clone_from(&config.database_ca);
    settings.tls_verify_local = config.database_verify_local;
    settings.tls_without_verification = config.database_unverified;
    settings
}

/// The whole application, running.
pub struct App {
    house: House,
    identity: Arc<Identity>,
    recordings: Arc<recordings::State>,
    guard: Arc<Guard>,
    monitoring: Arc<Monitoring>,
    /// Whether figures are served on a listener of their own, and nowhere else.
    apart: bool,
    public_url: String,
    encryption: Option<Encryption>,
    /// Whether figures of the last proof are for everybody.
    security_page: bool,
    document: Document,
    jobs: Running,
    chores: JoinSet<()>,
}

impl App {
    /// Starts the workers and wires the slices. The database must be open and nothing else may work on it.
    ///
    /// # Errors
    /// When a slice does not start.
    pub async fn start(house: House, config: &Config) -> Result<Self, Failure> {
        let House { db, keys, ambient } = house.clone();
        let identity = house.identity(config).await?;
        let mut media = recordings::Config::new(&config.media_dir, &config.models_dir);
        config.media.apply(&mut media);
        media.quota_bytes = u64::from(config.recordings_quota_gib) << 30;
        let recordings = recordings::State::new(media, db.clone(), keys, ambient.clone())?;
        let ways = identity.breakers().into_iter().chain(recordings.breakers()).collect();
        let (monitoring, keeper) = posture::monitoring(&house, &identity, ways, config).await?;
        let mut guard =
            Guard::new(config.guard.clone(), ambient.clone(), identity.port()).observed_by(monitoring.clone());
        if let Some(relay) = relay(&house, config).await? {
            guard = guard.sharing(Arc::new(relay));
        }
        if let Some(access_log) = logging::access_log() {
            guard = guard.logged_by(access_log);
        }
        let guard = Arc::new(guard);
        let jobs = Runner::new(db.clone(), ambient.clone())
            .register(Transcribe::new(recordings.clone()))
            .register(Purge::new(recordings.clone()))
            .register(identity::Deliver(identity.clone()))
            .register(identity::Errands(identity.clone()))
            .start()
            .await?;
        let encryption = Encryption::open(config, &ambient)?;
        let mut chores = chores(&house, &identity, &recordings, &guard);
        chores.spawn(keeper.run());
        chores.spawn(monitor::keep_watch(monitoring.clone()));
        if let Some(encryption) = &encryption {
            encryption.tend(&ambient, &mut chores);
        }
        let document = Document(Arc::from(document()?.into_bytes()));
        let public_url = config.public_url.clone();
        let apart = config.operations.listen.is_some();
        let security_page = config.security_page;
        Ok(Self {
            house,
            identity,
            recordings,
            guard,
            monitoring,
            apart,
            public_url,
            encryption,
            security_page,
            document,
            jobs,
            chores,
        })
    }

    /// Everything it serves, behind the guard.
    pub fn router(&self) -> Router {
        let House { db, keys, ambient } = self.house.clone();
        let inner = if self.apart { OpenApiRouter::new() } else { monitor::inner_routes(self.monitoring.clone()) };
        let proven = Proofs::new(db.clone(), ambient.clone(), &self.public_url, self.security_page);
        let api = OpenApiRouter::new()
            // On these alone: a layer around all routes is one more service to copy for each request.
            .merge(operations::routes().layer(Extension(self.document.clone())))
            .merge(proofs::routes(proven))
            .merge(monitor::routes(self.monitoring.clone()))
            .merge(inner)
            .merge(identity::routes(self.identity.clone()))
            .merge(journal::routes(Journal { db, keys, ambient: ambient.clone() }))
            .merge(recordings::routes(self.recordings.clone()));
        let (router, _) = api.split_for_parts();
        let router = router
            .merge(web::routes(ambient, &self.public_url, self.security_page))
            .merge(self.encryption.as_ref().map(Encryption::routes).unwrap_or_default())
            .fallback(async || Problem::from(Fault::not_found()));
        guard::protect(router, self.guard.clone())
    }

    /// The checks before every route, for whoever sees connections.
    pub fn guard(&self) -> Arc<Guard> {
        self.guard.clone()
    }

    /// What the listener for operations serves, behind the same guard: figures, and whether it is ready.
    pub fn operations_router(&self) -> Router {
        let api =
            OpenApiRouter::new().merge(monitor::health_route()).merge(monitor::inner_routes(self.monitoring.clone()));
        let (router, _) = api.split_for_parts();
        guard::protect(router.fallback(async || Problem::from(Fault::not_found())), self.guard.clone())
    }

    /// What ends TLS, when that is done here.
    pub fn encryption(&self) -> Option<&Encryption> {
        self.encryption.as_ref()
    }

    /// Why recordings wait, if they do.
    pub fn missing_model(&self) -> Option<String> {
        self.recordings.model().err().map(|missing| missing.to_string())
    }

    /// A fresh set-up code while nobody owns this installation.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn issue_setup_code(&self) -> Result<Option<Secret<String>>, Failure> {
        Ok(self.identity.issue_setup_code().await?)
    }

    /// Accounts and sessions, for tests that need somebody to be there.
    pub fn identity(&self) -> &Arc<Identity> {
        &self.identity
    }

    /// Lets work under way finish for a moment and closes the data.
    pub async fn stop(mut self) {
        self.chores.shutdown().await;
        self.jobs.shutdown(GRACE).await;
        self.house.close().await;
    }
}

/// The link to Redis, where there is one; what reaches it is hashed under a key that all instances read in the key store.
async fn relay(house: &House, config: &Config) -> Result<Option<Relay>, Failure> {
    let Some(url) = &config.relay else { return Ok(None) };
    let key = house.keys.server_key("relay").await?;
    let relay = Relay::open(url, key).await;
    let bad = |error: relay::BadUrl| ConfigError::Invalid { name: "REDIS_URL", why: error.to_string() };
    Ok(Some(relay.map_err(bad)?))
}

/// Work that comes round by the clock rather than by a request.
fn chores(
    house: &House,
    identity: &Arc<Identity>,
    recordings: &Arc<recordings::State>,
    guard: &Arc<Guard>,
) -> JoinSet<()> {
    let mut chores = JoinSet::new();
    chores.spawn(identity::keep_tidy(identity.clone()));
    chores.spawn(identity::keep_keys(identity.clone()));
    chores.spawn(identity::keep_tokens(identity.clone()));
    chores.spawn(recordings::keep_tidy(recordings.clone()));
    let purge = journal::Purge { db: house.db.clone(), ambient: house.ambient.clone() };
    chores.spawn(async move {
        let mut tick = tokio::time::interval(PURGE_EVERY);
        loop {
            tick.tick().await;
            match purge.run().await {
                Ok(0) => {}
                Ok(rows) => tracing::info!(event = "purged", slice = "journal", rows),
                Err(error) => tracing::warn!(event = "purge_failed", slice = "journal", %error, "trying again later"),
            }
        }
    });
    let guard = guard.clone();
    chores.spawn(async move {
        let mut tick = tokio::time::interval(TIDY_EVERY);
        loop {
            tick.tick().await;
            guard.tidy();
        }
    });
    chores
}

/// What each slice promises.
fn parts() -> [OpenApi; 6] {
    [
        operations::openapi(),
        monitor::openapi(),
        proofs::openapi(),
        identity::openapi(),
        journal::openapi(),
        recordings::openapi(),
    ]
}

/// The OpenAPI document of everything that is served, as it is committed: the slices' promises under one heading.
///
/// # Errors
/// Never for our own types; serialising could.
pub fn document() -> Result<String, Failure> {
    let mut document = OpenApi::new(
        InfoBuilder::new()
            .title("MindVibe")
            .version(env!("CARGO_PKG_VERSION"))
            .description(Some("A self-hosted server for sensitive conversation."))
            .license(Some(License::new("Apache-2.0")))
            .build(),
        Paths::new(),
    );
    for part in parts() {
        document.merge(part);
    }
    guard::complete_document(&mut document, AREAS);
    let mut text = document.to_pretty_json()?;
    text.push('\n');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn no_two_slices_give_one_name_to_different_shapes() {
        let mut known = BTreeMap::new();
        for (name, shape) in parts().into_iter().filter_map(|part| part.components).flat_map(|all| all.schemas) {
            let shape = serde_json::to_value(shape).unwrap();
            let first = known.entry(name.clone()).or_insert_with(|| shape.clone());
            assert_eq!(*first, shape, "{name}: the document would keep one of them for both");
        }
    }
}
