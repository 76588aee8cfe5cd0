//! WebSockets: who may open one, how large what comes over it may be, and how it ends when its owner's session does
//! (A1-H6).
//!
//! A browser opens one with the session's cookie, and names our exact origin while it does. Everybody else asks for a
//! ticket (`POST /api/ws/ticket`), which is good once and for half a minute, and sends it as a subprotocol:
//! `Sec-WebSocket-Protocol: mindvibe.v1, ticket.<…>`. Long-lived credentials are taken in neither place: a proxy logs the
//! subprotocol as it logs the query.
//!
//! ```
//! use guard::ws::{Sizes, Upgrade};
//!
//! async fn echo(upgrade: Upgrade) -> guard::Result<axum::response::Response> {
//!     let accepted = upgrade.authorise("echo").await?;
//!     Ok(accepted.serve(Sizes::TEXT, |mut socket| async move {
//!         while let Some(message) = socket.recv().await {
//!             if socket.send(message).await.is_err() {
//!                 break;
//!             }
//!         }
//!     }))
//! }
//! let _: axum::Router = axum::Router::new().route("/api/echo", axum::routing::get(echo));
//! ```

mod socket;
#[cfg(test)]
mod tests;
mod upgrade;

pub use axum::extract::ws::Message;
pub use socket::{Gone, Socket};
pub use upgrade::{Accepted, Upgrade};

use std::time::Duration;

/// The subprotocol that every socket of ours speaks, and the only one that is named back.
pub const PROTOCOL: &str = "mindvibe.v1";
/// What stands before a ticket in the list of subprotocols.
pub const TICKET: &str = "ticket.";
/// How often it is asked whether the owner of a socket may still have it; an end that this process brings about is
/// noticed at once.
pub const ASKED_EVERY: Duration = Duration::from_mins(1);
/// The close code when the session behind a socket has ended.
pub const SIGNED_OUT: u16 = 4401;
/// The close code when somebody may not be in a room any more.
pub const REMOVED: u16 = 4403;

/// How large what a client sends may be, in bytes (A1-M8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    message: usize,
    frame: usize,
}

impl Sizes {
    /// 64 KiB.
    pub const TEXT: Self = Self { message: 64 * 1024, frame: 64 * 1024 };
    /// 256 KiB, for sound.
    pub const AUDIO: Self = Self { message: 256 * 1024, frame: 256 * 1024 };
}
