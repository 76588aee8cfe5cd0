//! Who people are here: the one-time set-up, accounts, signing in on both surfaces, sessions.
//!
//! A browser has a cookie, a script has an access token; both are random, opaque, stored as a hash, and end on every
//! surface at once when the account does. Nobody is let in without a credential, in any environment, and no answer or its
//! time tells whether an address has an account.
//!
//! Whoever signs up has an account once they have confirmed the address by the link of a letter, and not before; without
//! mail, whoever has an invitation.
//!
//! Not here: checking headers and origins, which is `guard`'s work.

mod account_queries;
mod accounts;
mod api_keys;
mod binding;
mod cache;
mod client;
mod common;
mod config;
mod cookies;
mod device;
mod disabling;
mod ends;
mod errands;
mod events;
mod factors;
mod federation;
mod headcount;
mod identities;
mod import;
mod invitations;
mod jobs;
mod known;
mod links;
mod lockout;
mod model;
mod notices;
pub mod parsing;
mod passwords;
mod places;
mod post;
mod queries;
mod routes;
mod rules;
mod sessions;
mod setup_code;
mod signing;
#[cfg(test)]
mod tests;
mod tickets;
mod tokens;
mod weakened;

pub use account_queries::STATEMENTS as ACCOUNT_STATEMENTS;
pub use accounts::NewUser;
pub use api_keys::STATEMENTS as KEY_STATEMENTS;
pub use config::{Config, PasswordMode, Post, Registration, SessionBinding};
pub use errands::Errands;
pub use factors::access_queries::STATEMENTS as ACCESS_STATEMENTS;
pub use factors::queries::STATEMENTS as FACTOR_STATEMENTS;
pub use federation::{ProviderSettings, ProviderView, STATEMENTS as FEDERATION_STATEMENTS};
pub use headcount::{Headcount, STATEMENTS as COUNT_STATEMENTS};
pub use import::{ImportLine, Imported};
pub use jobs::{SWEEP_EVERY, keep_tidy};
pub use model::User;
pub use passwords::Unlocked;
pub use post::Deliver;
pub use queries::STATEMENTS;
pub use routes::{openapi, routes};
pub use signing::STATEMENTS as SIGNING_STATEMENTS;
pub use tickets::STATEMENTS as TICKET_STATEMENTS;
pub use tokens::STATEMENTS as TOKEN_STATEMENTS;
pub use tokens::{Rotation, TokenSettings, keep_keys, keep_tokens};

use cache::Cache;
use factors::RelyingParty;
use guard::Identities;
use kernel::{Ambient, Breaker, Fault, Secret};
use places::Places;
use seal::password::{Hasher, Params, Pepper, Pool};
use seal::{DataKey, csrf};
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
    /// The operator's database of places could not be read.
    #[error("GEOIP_FILE cannot be read: {0}")]
    Places(#[from] places::Unreadable),
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
    /// Backup codes are random: they need less of a hash than what people think up.
    codes_pool: Pool,
    relying_party: RelyingParty,
    places: Option<Places>,
    csrf_key: csrf::Key,
    log_key: Secret<[u8; 32]>,
    user_refs: identities::UserRefs,
    /// Seals letters and errands.
    post_key: DataKey,
    tries: Arc<lockout::Tries>,
    /// Seals what belongs to tokens and keys, and is nobody's own.
    token_key: DataKey,
    signing_keys: tokens::SigningKeys,
    federation: federation::Federation,
    recent_keys: api_keys::Recent<api_keys::KnownKey>,
    cache: Option<Cache>,
    /// Tells sockets of what ends here.
    ends: ends::Ends,
    /// The way to the mail server.
    post_way: Arc<Breaker>,
    codes: Mutex<SetupCodes>,
    /// Whether an owner was seen; there is no way back.
    owned: AtomicBool,
}

impl Identity {
    /// Reads this slice's keys and starts the threads that hash.
    pub async fn new(db: Db, keys: KeyStore, ambient: Ambient, config: Config) -> Result<Arc<Self>, StartError> {
        let pepper = Pepper::new(keys.server_key("password_pepper").await?);
        let previous = config.previous_peppers.iter().cloned().map(Pepper::new).collect();
        let hasher = Hasher::new(config.hash, Some(pepper)).with_previous(previous);
        let pool = Pool::start(hasher, config.hash_slots)?;
        let code_pepper = Pepper::new(keys.server_key("backup_code_pepper").await?);
        let (memory, passes, lanes) = Params::FLOOR;
        let cost = Params::new(memory, passes, lanes).map_err(|_| Fault::internal("the floor is accepted"))?;
        let codes_pool = Pool::start(Hasher::new(cost, Some(code_pepper)), config.hash_slots)?;
        let relying_party = RelyingParty::new(&config.public_url, &keys.server_key("ceremonies").await?);
        let places = config.geoip_file.as_deref().map(Places::open).transpose()?;
        let identity = Arc::new(Self {
            codes_pool,
            relying_party,
            places,
            post_key: DataKey::of_server(&keys.server_key("post").await?),
            tries: Arc::default(),
            csrf_key: csrf::Key::new(&keys.server_key("csrf").await?),
            log_key: keys.server_key("log").await?,
            user_refs: identities::UserRefs::default(),
            token_key: DataKey::of_server(&keys.server_key("tokens").await?),
            signing_keys: tokens::SigningKeys::default(),
            federation: federation::Federation::new(&config.providers, &ambient)?,
            recent_keys: api_keys::Recent::default(),
            cache: Some(Cache::default()),
            ends: ends::Ends::default(),
            post_way: Breaker::new("smtp", post::PATIENCE, &ambient),
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

    /// The ways to what this slice calls outside: the mail server, if there is one, and each provider.
    pub fn breakers(&self) -> Vec<Arc<Breaker>> {
        let post = matches!(self.config.post, Post::Smtp(_)).then(|| self.post_way.clone());
        post.into_iter().chain(self.federation.breakers()).collect()
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
