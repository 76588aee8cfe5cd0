//! The listener for operations: figures and readiness on an address of their own, and there alone.

use crate::program::{Program, create_user};
use std::net::TcpListener;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figures_have_a_listener_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    create_user(&data, &[], "anna@mind.example");
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = format!("127.0.0.1:{port}");
    let program = Program::start(&data, &[("OPERATIONS_ADDR", &address)]);
    let client = program.script("anna@mind.example").await;
    let nobody = reqwest::Client::builder().build().unwrap();
    let status = async |client: &reqwest::Client, url: String| client.get(url).send().await.unwrap().status().as_u16();
    let inside = |path: &str| format!("http://{address}{path}");
    for (path, public, stranger, member) in [
        ("/health", 200, 200, 200),
        ("/ready", 404, 200, 200),
        ("/metrics", 404, 401, 403),
        ("/api/monitoring/security/status", 404, 401, 403),
        ("/api/moods", 401, 404, 404),
        ("/openapi.json", 401, 404, 404),
    ] {
        assert_eq!(status(&nobody, program.url(path)).await, public, "{path}");
        assert_eq!(status(&nobody, inside(path)).await, stranger, "{path} inside");
        assert_eq!(status(&client, inside(path)).await, member, "{path} inside, as a member");
    }
    program.kill();
}
