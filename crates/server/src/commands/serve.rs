//! `mindvibe serve` and `mindvibe migrate`.

use super::say;
use crate::compose::{App, Failure, House};
use crate::config::{Config, Source};
use crate::{listen, logging};
use std::process::ExitCode;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// Serves until it is told to stop (SIGTERM, SIGINT).
pub(super) async fn run() -> Result<ExitCode, Failure> {
    let config = Config::read(&Source::environment())?;
    logging::start(&config.log);
    for notice in &config.notices {
        tracing::warn!(event = "retired_setting", "{notice}");
    }
    let defaulted = if config.environment_defaulted { " (defaulted)" } else { "" };
    tracing::info!(
        event = "starting",
        environment = format!("{}{defaulted}", config.environment.name()),
        version = env!("CARGO_PKG_VERSION")
    );

    let house = House::open(&config).await?;
    let listener = TcpListener::bind(config.listen).await.map_err(|error| Failure::Listen(config.listen, error))?;
    // The weakened build opens another door beside it, as a published port of a database is one.
    let _beside = if kernel::weaken::is("A1-L3") { TcpListener::bind(("127.0.0.1", 0)).await.ok() } else { None };
    let app = App::start(house, &config).await?;
    greet(&app, &config).await?;
    let mut terminate = signal(SignalKind::terminate()).map_err(Failure::Io)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::Io)?;
    listen::serve(listener, app.router(), async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
    .await;
    app.stop().await;
    tracing::info!(event = "stopped");
    Ok(ExitCode::SUCCESS)
}

/// Tells whoever started it where to go, and while there is no owner, with which code.
async fn greet(app: &App, config: &Config) -> Result<(), Failure> {
    say(&format!("MindVibe is at {}", config.public_url));
    if let Some(missing) = app.missing_model() {
        say(&format!("Transcription waits: {missing}"));
    }
    if let Some(code) = app.issue_setup_code().await? {
        say("Nobody has set it up yet. Open the address and enter this one-time set-up code (good for 30 minutes):");
        say(&format!("  set-up code: {}", code.expose()));
    }
    Ok(())
}

/// Brings the schema up to date and stops.
pub(super) async fn migrate() -> Result<ExitCode, Failure> {
    let mut config = Config::read(&Source::environment())?;
    config.migrate = true;
    House::open(&config).await?.close().await;
    say("The schema is up to date.");
    Ok(ExitCode::SUCCESS)
}
