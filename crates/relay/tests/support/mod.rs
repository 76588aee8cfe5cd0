//! A Redis for tests, those of `server` too.

use kernel::Secret;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

const MISSING: &str = "TEST_REDIS_URL is not set, and a test that skips itself proves nothing. \
    Run `make test`, or put `scripts/with-servers.sh --redis` before the command";

/// Where the Redis is that all tests share; their keys must differ.
pub(crate) fn url() -> Secret<String> {
    #[expect(clippy::disallowed_methods, reason = "where the tests' server is, not a setting of the program")]
    let url = std::env::var("TEST_REDIS_URL").expect(MISSING);
    Secret::new(url)
}

/// A Redis of a test's own, which it may kill and start again on the same port. Empty at every start.
pub(crate) struct Server {
    port: u16,
    child: Option<Child>,
    folder: TempDir,
}

impl Server {
    /// Starts one, and waits until it takes connections.
    pub(crate) async fn start() -> Self {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = free.local_addr().expect("its number").port();
        drop(free);
        let mut server = Self { port, child: None, folder: tempfile::tempdir().expect("a folder") };
        server.again().await;
        server
    }

    /// Where it is.
    pub(crate) fn url(&self) -> Secret<String> {
        Secret::new(format!("redis://127.0.0.1:{}", self.port))
    }

    /// Ends it at once.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("it can be killed");
            child.wait().expect("it ends");
        }
    }

    /// Starts it again.
    pub(crate) async fn again(&mut self) {
        let child = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port", &self.port.to_string()])
            .arg("--dir")
            .arg(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is missing: run scripts/tools.sh test");
        self.child = Some(child);
        for _ in 0..200 {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("redis-server does not take connections");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}
