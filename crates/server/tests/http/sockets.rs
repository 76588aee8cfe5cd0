//! What one connection may cost, over real sockets: slow heads and bodies, heads that are too much, too many connections.

use crate::app::TestApp;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_mins(1);

/// A connection from an address of its own.
async fn connect(app: &TestApp, from: [u8; 4]) -> TcpStream {
    let server: SocketAddr = app.base.trim_start_matches("http://").parse().unwrap();
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((Ipv4Addr::from(from), 0).into()).unwrap();
    socket.connect(server).await.unwrap()
}

/// All that comes back until the server closes.
async fn rest(stream: &mut TcpStream) -> String {
    let mut all = Vec::new();
    // A connection that is reset has said what it had to say.
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut all)).await.expect("the server closes");
    String::from_utf8_lossy(&all).into_owned()
}

async fn ask(app: &TestApp, from: [u8; 4], head: &str) -> String {
    let mut stream = connect(app, from).await;
    stream.write_all(head.as_bytes()).await.unwrap();
    rest(&mut stream).await
}

/// The status of an answer.
fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or("no answer")
}

/// A byte each 500 ms, until the server has had enough; what it says, and when.
async fn trickle(stream: &mut TcpStream, head: &str) -> (String, Duration) {
    let began = Instant::now();
    stream.write_all(head.as_bytes()).await.unwrap();
    let (mut reader, mut writer) = stream.split();
    let drip = async {
        while writer.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        std::future::pending::<()>().await;
    };
    let mut all = Vec::new();
    let read = async {
        let mut piece = [0; 4096];
        while let Ok(count @ 1..) = reader.read(&mut piece).await {
            all.extend_from_slice(&piece[..count]);
        }
    };
    tokio::select! {
        () = drip => {}
        () = read => {}
        () = tokio::time::sleep(PATIENCE) => panic!("the server waits for a minute and longer"),
    }
    (String::from_utf8_lossy(&all).into_owned(), began.elapsed())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_that_never_ends_is_cut_off_after_ten_seconds() {
    let app = TestApp::sqlite().await;
    let mut stream = connect(&app, [127, 3, 0, 1]).await;
    let (said, took) = trickle(&mut stream, "GET /health HTTP/1.1\r\nhost: x\r\nx-slow: ").await;
    assert!(said.is_empty(), "{said}");
    assert!((9..14).contains(&took.as_secs()), "{took:?}");
    // Neither does a connection stay that says nothing at all.
    let mut silent = connect(&app, [127, 3, 0, 2]).await;
    let began = Instant::now();
    assert_eq!(rest(&mut silent).await, "");
    assert!((9..14).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_trickles_is_refused_after_half_a_minute() {
    let app = TestApp::sqlite().await;
    let mut stream = connect(&app, [127, 3, 0, 3]).await;
    let head =
        "POST /api/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9000\r\n\r\n";
    let (said, took) = trickle(&mut stream, head).await;
    assert_eq!(status(&said), "408", "{said}");
    assert!(said.contains("\"code\":\"body_too_slow\"") && said.contains("\"retryable\":true"), "{said}");
    assert!((29..36).contains(&took.as_secs()), "{took:?}");
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heads_that_are_too_much_are_refused() {
    let app = TestApp::sqlite().await;
    let from = [127, 3, 0, 4];
    let head = |lines: &str| format!("GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{lines}\r\n");
    let lines = |count: usize, length: usize| -> String {
        (0..count).map(|number| format!("x-{number}: {}\r\n", "a".repeat(length))).collect::<Vec<_>>().concat()
    };
    assert_eq!(status(&ask(&app, from, &head(&lines(98, 1))).await), "200", "a hundred headers in all");
    assert_eq!(status(&ask(&app, from, &head(&lines(99, 1))).await), "431");
    assert_eq!(status(&ask(&app, from, &head(&lines(90, 170))).await), "200", "less than 16 KiB");
    assert_eq!(status(&ask(&app, from, &head(&lines(90, 190))).await), "400", "more than 16 KiB");
    assert_eq!(status(&ask(&app, from, &head(&lines(1, 64 * 1024))).await), "431", "more than is ever read");
    let target =
        |length: usize| format!("GET /{} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", "a".repeat(length));
    assert_eq!(status(&ask(&app, from, &target(8 * 1024 - 1)).await), "404");
    assert_eq!(status(&ask(&app, from, &target(8 * 1024)).await), "400");
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_client_has_only_so_many_connections() {
    let app = TestApp::with(&[("CONNECTIONS_PER_CLIENT", "3")]).await;
    let (greedy, other) = ([127, 3, 0, 5], [127, 3, 0, 6]);
    let health = "GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let mut open = Vec::new();
    for _ in 0..3 {
        let mut stream = connect(&app, greedy).await;
        // One that says something, so that it was surely taken.
        stream.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        let mut answer = [0; 512];
        assert!(stream.read(&mut answer).await.unwrap() > 0 && answer.starts_with(b"HTTP/1.1 200 "));
        open.push(stream);
    }
    let refused = rest(&mut connect(&app, greedy).await).await;
    assert!(status(&refused) == "429" && refused.contains("retry-after: "), "{refused}");
    assert_eq!(status(&ask(&app, other, health).await), "200", "a neighbour");
    open.pop();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(status(&ask(&app, greedy, health).await), "200", "one has ended");
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_comes_when_all_places_are_taken_waits_for_one() {
    let app = TestApp::with(&[("CONNECTIONS", "2")]).await;
    let health = "GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let (one, two) = (connect(&app, [127, 3, 0, 7]).await, connect(&app, [127, 3, 0, 8]).await);
    tokio::time::sleep(Duration::from_millis(100)).await;
    let mut third = connect(&app, [127, 3, 0, 9]).await;
    third.write_all(health.as_bytes()).await.unwrap();
    let mut answer = [0; 512];
    let waited = tokio::time::timeout(Duration::from_millis(500), third.read(&mut answer)).await;
    assert!(waited.is_err(), "there is no place yet");
    drop((one, two));
    assert_eq!(status(&rest(&mut third).await), "200");
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_client_has_only_so_many_requests_at_once() {
    let app = TestApp::with(&[("REQUESTS_AT_ONCE_PER_CLIENT", "2")]).await;
    let from = [127, 3, 0, 10];
    let head = "POST /api/auth/login HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n\
                content-length: 2\r\n\r\n";
    let (mut one, mut two) = (connect(&app, from).await, connect(&app, from).await);
    for stream in [&mut one, &mut two] {
        stream.write_all(head.as_bytes()).await.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    let refused = ask(&app, from, "GET /api/setup HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert!(status(&refused) == "429" && refused.contains("\"code\":\"too_many_at_once\""), "{refused}");
    // What was under way is answered, and then there is room again.
    one.write_all(b"{}").await.unwrap();
    assert_eq!(status(&rest(&mut one).await), "422");
    let answer = ask(&app, from, "GET /api/setup HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert_eq!(status(&answer), "200", "{answer}");
    drop(two);
    app.end().await;
}
