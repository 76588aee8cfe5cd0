//! An open socket that ends with its owner's session.

use super::SIGNED_OUT;
use crate::caller::{Caller, Ended, Identities};
use axum::extract::ws::{CloseFrame, Message, WebSocket};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::time::{Interval, MissedTickBehavior, interval_at};
use tokio_tungstenite::tungstenite;

/// How often in a row it may stay unknown whether the owner may still have the socket: the database is away, and a socket
/// that has nothing to do with it need not end for that at once.
const UNKNOWN: u32 = 5;
/// Close codes of RFC 6455, section 7.4.1.
const TOO_LARGE: u16 = 1009;
const PROTOCOL_ERROR: u16 = 1002;
const AGAIN_LATER: u16 = 1013;
/// How long a client that reads nothing may hold up what is sent to it.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long a goodbye may take.
const GOODBYE: Duration = Duration::from_secs(1);

/// The other side is not there any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the other side of the socket is gone")]
pub struct Gone;

/// An open socket. Whoever has it keeps asking it for messages, also when none is expected: that is when it looks whether
/// the session behind it still is.
pub struct Socket {
    inner: WebSocket,
    caller: Caller,
    identities: Arc<dyn Identities>,
    ended: Option<Receiver<Ended>>,
    tick: Interval,
    /// Whether it has to be asked, before anything else, if the owner may still have it.
    due: bool,
    unknown: u32,
    over: bool,
}

enum Event {
    Tick,
    Ended(Result<Ended, RecvError>),
    Message(Option<Result<Message, axum::Error>>),
}

impl Socket {
    pub(super) fn new(
        inner: WebSocket,
        caller: Caller,
        identities: Arc<dyn Identities>,
        ended: Option<Receiver<Ended>>,
        asked_every: Duration,
    ) -> Self {
        let mut tick = interval_at(tokio::time::Instant::now() + asked_every, asked_every);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { inner, caller, identities, ended, tick, due: false, unknown: 0, over: false }
    }

    /// Whose it is.
    pub const fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The next text or bytes; nothing when it is over, for whatever reason. May be given up and asked again.
    pub async fn recv(&mut self) -> Option<Message> {
        while !self.over {
            if self.due {
                self.ask().await;
                continue;
            }
            let event = tokio::select! {
                _ = self.tick.tick() => Event::Tick,
                ended = next(&mut self.ended) => Event::Ended(ended),
                message = self.inner.recv() => Event::Message(message),
            };
            match event {
                // What was missed may have been about this one.
                Event::Tick | Event::Ended(Err(RecvError::Lagged(_))) => self.due = true,
                Event::Ended(Err(RecvError::Closed)) => self.ended = None,
                Event::Ended(Ok(ended)) => self.due = ended.concerns(&self.caller),
                Event::Message(Some(Ok(message @ (Message::Text(_) | Message::Binary(_))))) => return Some(message),
                // Pings are answered below.
                Event::Message(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => {}
                Event::Message(Some(Ok(Message::Close(_)))) => {
                    // Asked once more, so that the other side's goodbye is answered.
                    drop(tokio::time::timeout(GOODBYE, self.inner.recv()).await);
                    self.over = true;
                }
                Event::Message(None) => self.over = true,
                Event::Message(Some(Err(error))) => {
                    let code = if is_too_large(error) { TOO_LARGE } else { PROTOCOL_ERROR };
                    self.close(code, "").await;
                }
            }
        }
        None
    }

    /// Sends a message.
    ///
    /// # Errors
    /// When nobody is there, or nobody reads.
    pub async fn send(&mut self, message: Message) -> Result<(), Gone> {
        if self.over {
            return Err(Gone);
        }
        if let Ok(Ok(())) = tokio::time::timeout(PATIENCE, self.inner.send(message)).await {
            return Ok(());
        }
        self.over = true;
        Err(Gone)
    }

    /// Closes it with a code; nothing comes or goes after that.
    pub async fn close(&mut self, code: u16, reason: &'static str) {
        if !self.over {
            let frame = CloseFrame { code, reason: reason.into() };
            // Whoever is gone already does not need to be told.
            let _ = self.send(Message::Close(Some(frame))).await;
            self.over = true;
        }
    }

    async fn ask(&mut self) {
        if kernel::weaken::is("A1-H6.revoked") {
            self.due = false;
            return;
        }
        match self.identities.still(&self.caller).await {
            Ok(true) => self.unknown = 0,
            Ok(false) => {
                self.close(SIGNED_OUT, "signed out").await;
                return;
            }
            Err(error) => {
                self.unknown += 1;
                tracing::warn!(%error, "it is not known whether the owner of a socket may still have it");
                if self.unknown >= UNKNOWN {
                    self.close(AGAIN_LATER, "try again later").await;
                    return;
                }
            }
        }
        // Only now: given up half way, it is asked again.
        self.due = false;
    }
}

/// The next end that this process brings about; never, where there is nobody to tell.
async fn next(ended: &mut Option<Receiver<Ended>>) -> Result<Ended, RecvError> {
    match ended {
        Some(ended) => ended.recv().await,
        None => std::future::pending().await,
    }
}

fn is_too_large(error: axum::Error) -> bool {
    let inner = error.into_inner();
    matches!(inner.downcast_ref::<tungstenite::Error>(), Some(tungstenite::Error::Capacity(_)))
}
