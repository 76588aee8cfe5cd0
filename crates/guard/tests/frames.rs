//! The bounds of a WebSocket, over a real socket.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

use axum::Router;
use axum::extract::ws::{Message, WebSocketUpgrade};
use axum::routing::get;
use guard::{Frames, bound_frames};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const KIB: usize = 1024;

/// A server that answers each message with its length.
async fn start() -> std::net::SocketAddr {
    let counting = |frames: Frames| {
        get(move |upgrade: WebSocketUpgrade| async move {
            bound_frames(upgrade, frames).on_upgrade(|mut socket| async move {
                while let Some(Ok(message)) = socket.recv().await {
                    if let Message::Binary(bytes) = message {
                        socket.send(Message::Text(bytes.len().to_string().into())).await.unwrap();
                    }
                }
            })
        })
    };
    let router = Router::new().route("/text", counting(Frames::Text)).route("/audio", counting(Frames::Audio));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}

async fn open(address: std::net::SocketAddr, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "GET {path} HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(stream.read_u8().await.unwrap());
    }
    assert!(answer.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&answer));
    stream
}

/// A frame as a client sends it (RFC 6455, section 5.2), masked with zeros.
fn frame(opcode: u8, last: bool, length: usize) -> Vec<u8> {
    let mut bytes = vec![opcode | if last { 0x80 } else { 0 }, 0x80 | 127];
    bytes.extend((length as u64).to_be_bytes());
    bytes.extend([0; 4]);
    bytes.resize(bytes.len() + length, b'x');
    bytes
}

/// What comes back for these bytes: a text, or nothing when the server ends it.
async fn answer(stream: &mut TcpStream, bytes: &[u8]) -> Option<String> {
    // The server may end it before it has read everything.
    let _ = stream.write_all(bytes).await;
    let mut head = [0; 2];
    stream.read_exact(&mut head).await.ok()?;
    let mut text = vec![0; usize::from(head[1])];
    stream.read_exact(&mut text).await.ok()?;
    (head[0] == 0x81).then(|| String::from_utf8(text).unwrap())
}

#[tokio::test]
async fn a_frame_or_a_message_that_is_too_large_ends_the_socket() {
    const BINARY: u8 = 2;
    const MORE: u8 = 0;
    let address = start().await;
    for (path, most) in [("/text", 64 * KIB), ("/audio", 256 * KIB)] {
        let mut stream = open(address, path).await;
        assert_eq!(answer(&mut stream, &frame(BINARY, true, most)).await, Some(most.to_string()), "{path}");
        assert_eq!(answer(&mut stream, &frame(BINARY, true, most + 1)).await, None, "{path}: one byte more");
        let mut stream = open(address, path).await;
        let halves = [frame(BINARY, false, most / 2), frame(MORE, true, most / 2 + 1)].concat();
        assert_eq!(answer(&mut stream, &halves).await, None, "{path}: in two frames");
    }
}
