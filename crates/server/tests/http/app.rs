//! The real application on a real, empty, migrated database of either engine, listening on loopback.

use crate::client::Client;
use guard::Role;
use identity::NewUser;
use kernel::Secret;
use server::compose::{App, House};
use server::config::{Config, Source};
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A password that every policy takes.
pub(crate) const PASSWORD: &str = "a long sentence nobody says aloud 7";

/// A running application; call [`TestApp::end`] at the end of the test.
pub(crate) struct TestApp {
    pub(crate) base: String,
    pub(crate) house: House,
    pub(crate) identity: std::sync::Arc<identity::Identity>,
    pub(crate) data: TempDir,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

impl TestApp {
    /// On SQLite.
    pub(crate) async fn sqlite() -> Self {
        Self::start(None, &[]).await
    }

    /// On PostgreSQL, in a database of its own.
    pub(crate) async fn postgres() -> Self {
        let url = store::testing::postgres_empty().await.url.expect("a database of PostgreSQL has an address");
        Self::start(Some(url.expose().clone()), &[]).await
    }

    /// On SQLite with settings of its own.
    pub(crate) async fn with(settings: &[(&str, &str)]) -> Self {
        Self::start(None, settings).await
    }

    /// One of several instances on one PostgreSQL.
    pub(crate) async fn instance(database: &str, settings: &[(&str, &str)]) -> Self {
        Self::start(Some(database.to_owned()), settings).await
    }

    async fn start(database: Option<String>, settings: &[(&str, &str)]) -> Self {
        let data = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut source = Source::of([]);
        for (name, value) in settings {
            source = source.or(name, value);
        }
        source = source
            .or("ENVIRONMENT", "development")
            .or("DATA_DIR", data.path().to_str().unwrap())
            .or("PUBLIC_URL", &format!("http://localhost:{port}"));
        if let Some(url) = &database {
            source = source.or("DATABASE_URL", url);
        }
        // Where no test says otherwise, without speech: what needs a model has a test of its own.
        let config = Config::read(&source.or("MODELS_DIR", data.path().join("none").to_str().unwrap())).unwrap();
        let house = House::open(&config).await.unwrap();
        let app = App::start(house.clone(), &config).await.unwrap();
        let (stop, stopped) = oneshot::channel();
        let (router, guard, identity) = (app.router(), app.guard(), app.identity().clone());
        let served = tokio::spawn(async move {
            let stopping = async move {
                let _ = stopped.await;
            };
            server::listen::serve(listener, router, guard, config.connections, stopping).await;
            app.stop().await;
        });
        Self { base: format!("http://127.0.0.1:{port}"), house, identity, data, stop, served }
    }

    /// Stops it and waits until it has.
    pub(crate) async fn end(self) {
        self.stop.send(()).unwrap();
        self.served.await.unwrap();
    }

    /// The origin that this server takes for its own.
    pub(crate) fn origin(&self) -> String {
        self.base.replace("127.0.0.1", "localhost")
    }

    /// Somebody new; answers their address.
    pub(crate) async fn person(&self, role: Role) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let email = format!("person{}@mind.example", NEXT.fetch_add(1, Ordering::Relaxed));
        let new =
            NewUser { email: email.clone(), password: Secret::new(PASSWORD.to_owned()), display_name: None, role };
        self.identity.create_user(new).await.unwrap();
        email
    }

    /// Nobody.
    pub(crate) fn anonymous(&self) -> Client {
        Client::anonymous(&self.base)
    }

    /// A member's browser.
    pub(crate) async fn member(&self) -> Client {
        Client::browser(&self.base, &self.person(Role::Member).await, PASSWORD).await
    }

    /// A member's script.
    pub(crate) async fn script(&self) -> Client {
        Client::script(&self.base, &self.person(Role::Member).await, PASSWORD).await
    }
}

/// Runs `async fn(TestApp)` on both engines.
#[macro_export]
macro_rules! on_both_engines {
    ($($name:ident),* $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name($crate::app::TestApp::sqlite().await).await;
            })*
        }
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name($crate::app::TestApp::postgres().await).await;
            })*
        }
    };
}
