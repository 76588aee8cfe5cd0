//! WebSocket frames (RFC 6455), as the library reads them that speaks for us, under our bounds.

use std::io::{Cursor, Read, Result, Write};
use tungstenite::protocol::{Role, WebSocket, WebSocketConfig};

/// A message, and one frame of it.
const LARGEST: usize = 64 * 1024;

/// A client that has said all it will say, and hears nothing.
struct Client<'a>(Cursor<&'a [u8]>);

impl Read for Client<'_> {
    fn read(&mut self, into: &mut [u8]) -> Result<usize> {
        self.0.read(into)
    }
}

impl Write for Client<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

/// The bytes as what follows the handshake.
pub(crate) fn target(data: &[u8]) {
    let config = WebSocketConfig::default().max_message_size(Some(LARGEST)).max_frame_size(Some(LARGEST));
    let mut socket = WebSocket::from_raw_socket(Client(Cursor::new(data)), Role::Server, Some(config));
    // Each round takes at least a byte; what is left over is an error.
    for _ in 0..=data.len() {
        match socket.read() {
            Ok(message) => assert!(message.len() <= LARGEST, "a message of {} bytes", message.len()),
            Err(_) => return,
        }
    }
}
