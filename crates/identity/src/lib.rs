//! Who people are here: the one-time set-up, accounts, signing in on both surfaces, sessions.
//!
//! A browser has a cookie, a script has an access token; both are random, opaque, stored as a hash, and end on every
//! surface at once when the account does. Nobody is let in without a credential, in any environment, and no answer or its
//! time tells whether an address has an account.
//!
//! Until this server can send mail, an account is active as soon as it is made: nobody has confirmed that its address is
//! theirs, so nothing may be granted on the strength of an address.
//!
//! Not here: second factors, password change and reset, API keys, federation; checking headers and origins, which is
//! `guard`'s work.

mod accounts;
mod api_keys;
mod cache;
mod client;
mod config;
mod cookies;
mod events;
mod federation;
mod identities;
mod jobs;
mod lockout;
mod model;
mod notices;
mod queries;
mod routes;
mod rules;
mod sessions;
mod setup_code;
mod signing;
#[cfg(test)]
mod tests;
mod tokens;
mod weakened;

pub use accounts::NewUser;
pub use api_keys::STATEMENTS as KEY_STATEMENTS;
pub use config::{Config, Registration};
pub use federation::{ProviderSettings, ProviderView, STATEMENTS as FEDERATION_STATEMENTS};
pub use jobs::{SWEEP_EVERY, keep_tidy};
pub use model::User;
pub use queries::STATEMENTS;
pub use routes::{openapi, routes};
pub use signing::STATEMENTS as SIGNING_STATEMENTS;
pub use tokens::STATEMENTS as TOKEN_STATEMENTS;
pub use tokens::{Rotation, TokenSettings, keep_keys, keep_tokens};

use cache::Cache;
use guard::Identities;
use kernel::{Ambient, Fault, Secret};
use seal::DataKey;
use seal::password::{Hasher, Pepper, Pool};
use setup_code::SetupCodes;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use store::Db;
use store::keys::KeyStore;
use tokio::sync::Mutex;

/// Why this slice cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The server's keys could not be read.
    #[error("the keys for passwords and sessions cannot be read")]
    Keys(#[from] store::Error),
    /// The threads that hash passwords could not be started.
    #[error("the threads that hash passwords cannot be started")]
    Threads(#[from] io::Error),
    /// The keys that sign access tokens could not be read or made.
    #[error("the keys that sign access tokens cannot be read: {0}")]
    Signing(#[from] Fault),
}

/// Accounts and sessions: what the routes of this slice hold, and what the command line speaks to.
pub struct Identity {
    db: Db,
    keys: KeyStore,
    ambient: Ambient,
    config: Config,
    pool: Pool,
    csrf_key: Secret<[u8; 32]>,
    log_key: Secret<[u8; 32]>,
    /// Seals what belongs to tokens and keys, and is nobody's own.
    token_key: DataKey,
    signing_keys: tokens::SigningKeys,
    federation: federation::Federation,
    recent_keys: api_keys::Recent<api_keys::KnownKey>,
    cache: Option<Cache>,
    codes: Mutex<SetupCodes>,
    /// Whether an owner was seen; there is no way back.
    owned: AtomicBool,
}

impl Identity {
    /// Reads this slice's keys and starts the threads that hash.
    pub async fn new(db: Db, keys: KeyStore, ambient: Ambient, config: Config) -> Result<Arc<Self>, StartError> {
        let pepper = Pepper::new(keys.server_key("password_pepper").await?);
        let pool = Pool::start(Hasher::new(config.hash, Some(pepper)), config.hash_slots)?;
        let identity = Arc::new(Self {
            csrf_key: keys.server_key("csrf").await?,
            log_key: keys.server_key("log").await?,
            token_key: DataKey::of_server(&keys.server_key("tokens").await?),
            signing_keys: tokens::SigningKeys::default(),
            federation: federation::Federation::new(&config.providers)?,
            recent_keys: api_keys::Recent::default(),
            cache: Some(Cache::default()),
            db,
            keys,
            ambient,
            config,
            pool,
            codes: Mutex::default(),
            owned: AtomicBool::new(false),
        });
        identity.tend_keys().await?;
        Ok(identity)
    }

    /// This slice as `guard` needs it.
    pub fn port(self: &Arc<Self>) -> Arc<dyn Identities> {
        Arc::new(identities::Port(self.clone()))
    }

    /// Makes the code by which somebody becomes the owner, to be printed where only who started the server sees it. `None`
    /// when there is an owner. It lives for half an hour; a code from before is void.
    pub async fn issue_setup_code(&self) -> Result<Option<Secret<String>>, Fault> {
        let mut codes = self.codes.lock().await;
        if self.has_owner().await? {
            return Ok(None);
        }
        Ok(Some(codes.issue(&self.ambient)))
    }

    /// Whether somebody owns this installation.
    pub async fn has_owner(&self) -> Result<bool, Fault> {
        if self.owned.load(Ordering::Relaxed) {
            return Ok(true);
        }
        let owned = queries::has_owner(&mut self.db.lookup().await?).await?;
        self.owned.store(owned, Ordering::Relaxed);
        Ok(owned)
    }
}
