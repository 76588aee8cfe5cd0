//! `mindvibe serve` and `mindvibe migrate`.

use super::say;
use crate::compose::{App, Failure, House};
use crate::config::{Config, Source};
use crate::encryption::{self, Encryption};
use crate::listen::{self, Door};
use crate::logging;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Serves until it is told to stop (SIGTERM, SIGINT).
pub(super) async fn run() -> Result<ExitCode, Failure> {
    let config = Config::read(&Source::environment())?;
    logging::start(&config.log);
    if kernel::weaken::is("A1-L6") {
        // What the audited program did: which settings it has, and how long they are.
        let found = config.secret_keys.first().map(|key| key.expose().as_str()).unwrap_or_default();
        tracing::info!(event = "settings", found, "SECRET_KEY has {} characters", found.len());
    }
    for notice in &config.notices {
        tracing::warn!(event = "retired_setting", "{notice}");
    }
    let defaulted = if config.environment_defaulted { " (defaulted)" } else { "" };
    tracing::info!(
        event = "starting",
        environment = format!("{}{defaulted}", config.environment.name()),
        version = env!("CARGO_PKG_VERSION")
    );

    encryption::refuse(&config)?;
    let house = House::open(&config).await?;
    let listener = bind(config.listen).await?;
    let redirect = match config.redirect_listen {
        Some(address) => Some(bind(address).await?),
        None => None,
    };
    let beside = match config.operations.listen {
        Some(address) => Some(bind(address).await?),
        None => None,
    };
    // The weakened build opens another door beside it, as a published port of a database is one.
    let _published = if kernel::weaken::is("A1-L3") { TcpListener::bind(("127.0.0.1", 0)).await.ok() } else { None };
    let app = App::start(house, &config).await?;
    let main = match app.encryption() {
        Some(encryption) => Door::tls(listener, encryption.acceptor()),
        None => Door::plain(listener),
    };
    let doors = std::iter::once(main).chain(redirect.map(Door::redirect)).collect();
    greet(&app, &config).await?;
    let connections = config.connections.clone().within_the_system();
    let (stop, stopped) = watch::channel(false);
    let beside = beside.map(|listener| {
        let mut stopped = stopped;
        let told = async move {
            // An error means that whoever would tell is gone, which comes to the same.
            drop(stopped.wait_for(|stopped| *stopped).await);
        };
        tokio::spawn(listen::serve(listener, app.operations_router(), app.guard(), connections.clone(), told))
    });
    let mut terminate = signal(SignalKind::terminate()).map_err(Failure::Io)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::Io)?;
    listen::serve_all(doors, app.router(), app.guard(), connections, async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
    .await;
    stop.send_replace(true);
    if let Some(beside) = beside
        && let Err(error) = beside.await
    {
        tracing::warn!(event = "listener_ended", %error, "the listener for operations did not end by itself");
    }
    app.stop().await;
    tracing::info!(event = "stopped");
    Ok(ExitCode::SUCCESS)
}

async fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| Failure::Listen(address, error))
}

/// Tells whoever started it where to go, and while there is no owner, with which code.
async fn greet(app: &App, config: &Config) -> Result<(), Failure> {
    say(&format!("MindVibe is at {}", config.public_url));
    if let (Some(address), Some(path)) = (config.redirect_listen, app.encryption().and_then(Encryption::trust_path)) {
        let host = if address.ip().is_unspecified() { here() } else { address.ip() };
        say(&format!("Other devices learn to trust it at http://{}{path}", SocketAddr::new(host, address.port())));
    }
    if let Some(missing) = app.missing_model() {
        say(&format!("Transcription waits: {missing}"));
    }
    if let Some(code) = app.issue_setup_code().await? {
        say("Nobody has set it up yet. Open the address and enter this one-time set-up code (good for 30 minutes):");
        say(&format!("  set-up code: {}", code.expose()));
    }
    Ok(())
}

/// An address of this machine that others can reach.
fn here() -> IpAddr {
    let all = tls::machine::addresses();
    all.iter().find(|ip| ip.is_ipv4()).or(all.first()).copied().unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))
}

/// Brings the schema up to date and stops.
pub(super) async fn migrate() -> Result<ExitCode, Failure> {
    let mut config = Config::read(&Source::environment())?;
    config.migrate = true;
    House::open(&config).await?.close().await;
    say("The schema is up to date.");
    Ok(ExitCode::SUCCESS)
}
