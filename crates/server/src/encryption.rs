//! TLS, plugged in: the certificate that the settings name, its renewal, and what strangers are shown without encryption.

use crate::compose::Failure;
use crate::config::{Config, ConfigError, Encryption as Settings};
use crate::trust;
use axum::Router;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::get;
use guard::{Path, Problem};
use http::{HeaderValue, header};
use kernel::{Ambient, Fault};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tls::local::{self, Local};
use tls::{Acceptor, Acme, Shelf};
use tokio::task::JoinSet;

/// Where an ACME authority looks for its proof (RFC 8555, section 8.3).
const CHALLENGE: &str = "/.well-known/acme-challenge/{token}";
/// How often it is looked whether a local certificate still fits this machine.
const LOOKED_EVERY: Duration = Duration::from_hours(1);

/// What ends TLS in this process.
pub struct Encryption {
    settings: Settings,
    shelf: Arc<Shelf>,
    acceptor: Acceptor,
    /// The local authority's certificate, for devices that do not trust it yet.
    trust: Option<trust::Page>,
}

/// The routes that are served in the clear, to whoever presents no credential.
pub fn plain_routes(settings: &Settings) -> &'static [&'static str] {
    match settings {
        Settings::Elsewhere | Settings::Files(_) => &[],
        Settings::Acme(_) => &[CHALLENGE],
        Settings::Local { .. } => trust::ROUTES,
    }
}

/// Which setting is to be looked at when its certificate cannot be served.
const fn blamed(settings: &Settings) -> &'static str {
    match settings {
        Settings::Files(_) => "TLS_CERT_FILE",
        Settings::Elsewhere | Settings::Acme(_) | Settings::Local { .. } => "TLS_MODE",
    }
}

/// Whether a certificate that is to be there is, looked at before anything else is opened.
///
/// # Errors
/// It is not, or cannot be used.
pub fn refuse(config: &Config) -> Result<(), Failure> {
    let Settings::Files(files) = &config.encryption else { return Ok(()) };
    let invalid = |error: tls::Error| ConfigError::Invalid { name: "TLS_CERT_FILE", why: error.to_string() };
    files.read().map(drop).map_err(|error| invalid(error).into())
}

impl Encryption {
    /// Reads or makes the certificate. `None` when TLS ends elsewhere.
    ///
    /// # Errors
    /// When there is none that could be served, and none can be asked for.
    pub fn open(config: &Config, ambient: &Ambient) -> Result<Option<Self>, Failure> {
        let settings = config.encryption.clone();
        let refused = |error: tls::Error| ConfigError::Invalid { name: blamed(&settings), why: error.to_string() };
        let shelf = Arc::new(Shelf::default());
        let mut trust = None;
        match &settings {
            Settings::Elsewhere => return Ok(None),
            Settings::Files(files) => shelf.put(files.read().map_err(refused)?),
            Settings::Acme(acme) => {
                let acme = Acme::new((**acme).clone(), shelf.clone(), ambient.clone());
                if acme.load().map_err(refused)?.is_none() {
                    tracing::warn!(event = "no_certificate_yet", "it is asked for now; until then nobody is served");
                }
            }
            Settings::Local { folder, names } => {
                let (local, names) = (Local::new(folder), local::names_of_this_machine(names));
                let made = local.ensure(&names, ambient).map_err(refused)?;
                shelf.put(local.files().read().map_err(refused)?);
                let pem = local.authority_pem().map_err(refused)?;
                trust = Some(trust::Page::new(&made.authority, &pem, &config.public_url));
            }
        }
        check(&shelf, config, ambient);
        let acceptor = Acceptor::new(shelf.clone()).map_err(refused)?;
        Ok(Some(Self { settings, shelf, acceptor, trust }))
    }

    /// What makes encrypted connections of plain ones.
    pub fn acceptor(&self) -> Acceptor {
        self.acceptor.clone()
    }

    /// Where devices learn to trust the local authority, if that is what vouches for this server.
    pub fn trust_path(&self) -> Option<&'static str> {
        self.trust.as_ref().map(|_| trust::PATH)
    }

    /// Keeps the certificate new for as long as the chores run.
    pub(crate) fn tend(&self, ambient: &Ambient, chores: &mut JoinSet<()>) {
        match &self.settings {
            Settings::Elsewhere => {}
            Settings::Files(files) => {
                chores.spawn(tls::watch(files.clone(), self.shelf.clone(), tls::LOOKED_EVERY));
            }
            Settings::Acme(acme) => {
                chores.spawn(Acme::new((**acme).clone(), self.shelf.clone(), ambient.clone()).keep());
            }
            Settings::Local { folder, names } => {
                chores.spawn(keep_local(folder.clone(), names.clone(), self.shelf.clone(), ambient.clone()));
            }
        }
    }

    /// What is served without a credential, in the clear too.
    pub(crate) fn routes(&self) -> Router {
        let mut router = Router::new();
        if matches!(self.settings, Settings::Acme(_)) {
            router = router.merge(Router::new().route(CHALLENGE, get(challenge)).with_state(self.shelf.clone()));
        }
        if let Some(page) = &self.trust {
            router = router.merge(page.routes());
        }
        router
    }
}

/// Says what browsers will complain of. It is served all the same: a new file may be on its way.
fn check(shelf: &Shelf, config: &Config, ambient: &Ambient) {
    let Some(pair) = shelf.present() else { return };
    let facts = pair.facts();
    let host = url::Url::parse(&config.public_url).ok().and_then(|url| url.host_str().map(str::to_owned));
    if let Some(host) = host.filter(|host| !facts.covers(host)) {
        tracing::error!(event = "certificate_for_another_name", host, "the certificate is not for PUBLIC_URL");
    }
    if let Err(error) = facts.check_time(ambient.now()) {
        tracing::error!(event = "certificate_out_of_time", %error, "browsers refuse it");
    }
}

/// A local certificate is made anew before it is over, and when this machine gets other addresses.
async fn keep_local(folder: PathBuf, names: Vec<String>, shelf: Arc<Shelf>, ambient: Ambient) {
    let local = Local::new(folder);
    let mut tick = tokio::time::interval(LOOKED_EVERY);
    tick.tick().await;
    loop {
        tick.tick().await;
        let made = local.ensure(&local::names_of_this_machine(&names), &ambient);
        match made.and_then(|made| Ok((made, local.files().read()?))) {
            Ok((made, pair)) if made.new_server => {
                tracing::info!(event = "certificate_renewed", until = %made.server.not_after, "a new certificate is served");
                shelf.put(pair);
            }
            Ok(_) => {}
            Err(error) => tracing::error!(event = "certificate_not_renewed", %error, "trying again later"),
        }
    }
}

async fn challenge(State(shelf): State<Arc<Shelf>>, Path(token): Path<String>) -> guard::Result<impl IntoResponse> {
    let answer = shelf.answer_to(&token).ok_or_else(|| Problem::from(Fault::not_found()))?;
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"))], answer))
}
