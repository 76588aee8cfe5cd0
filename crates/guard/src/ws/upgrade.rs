//! Whether a request becomes a socket.

use super::socket::Socket;
use super::{PROTOCOL, Sizes, TICKET};
use crate::caller::{Caller, Presented};
use crate::context::Context;
use crate::extract::context;
use crate::limiter::Class;
use crate::problem::Problem;
use crate::steps::origin::check_websocket;
use axum::extract::FromRequestParts;
use axum::extract::ws::WebSocketUpgrade;
use axum::response::Response;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, header};
use kernel::{Fault, Kind, Secret};
use std::sync::Arc;

/// A request that may become a socket. As a handler's argument it is the rule "a socket, from us or with a ticket": it
/// has shown exactly one credential of the right kind, and a browser has named our origin.
pub struct Upgrade {
    inner: WebSocketUpgrade,
    context: Arc<Context>,
    by: By,
}

enum By {
    /// The session's cookie, already believed.
    Session(Caller),
    /// A ticket, not yet looked at: only the handler knows what for.
    Ticket(Secret<String>),
}

/// A request that becomes a socket.
pub struct Accepted {
    inner: WebSocketUpgrade,
    context: Arc<Context>,
    /// Whose it is.
    pub caller: Caller,
}

/// The subprotocols a client offers.
struct Offered {
    ours: bool,
    ticket: Option<Secret<String>>,
}

impl Offered {
    fn read(headers: &HeaderMap) -> Self {
        let lines = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|line| line.to_str().ok());
        let mut offered = Self { ours: false, ticket: None };
        for name in lines.flat_map(|line| line.split(',')).map(str::trim) {
            if name == PROTOCOL {
                offered.ours = true;
            } else if let Some(ticket) = name.strip_prefix(TICKET) {
                offered.ticket = Some(Secret::new(ticket.to_owned()));
            }
        }
        offered
    }
}

fn nobody() -> Fault {
    Fault::new(
        Kind::Unauthenticated,
        "ticket_required",
        "A socket opens with the session's cookie, or with a ticket from /api/ws/ticket as a subprotocol.",
    )
}

impl<S: Send + Sync> FromRequestParts<S> for Upgrade {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let context = context(parts)?.clone();
        let offered = Offered::read(&parts.headers);
        // Origin before credential: what a page of somebody else sends is refused whatever comes along with it.
        let from_browser = parts.headers.contains_key(header::ORIGIN) || parts.headers.contains_key("sec-fetch-site");
        let with_cookie = matches!(context.presented, Some(Presented::Session(_)));
        if (from_browser || with_cookie) && !kernel::weaken::is("A1-H6.origin") {
            check_websocket(&context.guard.config, &parts.headers)?;
        }
        let by = match (&context.presented, offered.ticket) {
            (Some(_), Some(_)) => {
                let detail = "Open a socket with the session's cookie or with a ticket, not with both.";
                return Err(Fault::new(Kind::BadRequest, "ambiguous_credentials", detail).into());
            }
            (Some(Presented::Session(_)), None) => By::Session(Caller::from_request_parts(parts, state).await?),
            (None, Some(ticket)) => By::Ticket(ticket),
            (_, None) => return Err(nobody().into()),
        };
        let inner = WebSocketUpgrade::from_request_parts(parts, state).await.map_err(|_| {
            Fault::new(Kind::BadRequest, "websocket_expected", "This address speaks WebSocket (RFC 6455), version 13.")
        })?;
        if !offered.ours {
            let detail = "Offer the subprotocol mindvibe.v1.";
            return Err(Fault::new(Kind::BadRequest, "subprotocol_required", detail).into());
        }
        Ok(Self { inner, context, by })
    }
}

impl Upgrade {
    /// Looks at the ticket, if it came with one. `purpose` is what the ticket must have been made for.
    ///
    /// # Errors
    /// 401 `ticket_void` for one that was used, is older than half a minute, was made for something else or for another
    /// network, or never was one; 429 for somebody who asks too often.
    pub async fn authorise(self, purpose: &'static str) -> Result<Accepted, Problem> {
        let Self { inner, context, by } = self;
        let caller = match by {
            By::Session(caller) => caller,
            By::Ticket(ticket) => {
                let found = context.guard.identities.redeem(&ticket, purpose, &context.sender).await?;
                let Some(caller) = found else {
                    // A guessed ticket must not be a way around the budget of callers that have none.
                    crate::steps::rate::count_anonymous(&context).await?;
                    let detail = "This ticket was used, is too old, or is for something else. Ask for another.";
                    return Err(Fault::new(Kind::Unauthenticated, "ticket_void", detail).into());
                };
                context.guard.limiter.check(Class::SignedIn, &caller.user_id.to_string()).await?;
                // Set once a request: a ticket is looked at once.
                let _ = context.user.set(caller.user_id);
                caller
            }
        };
        Ok(Accepted { inner, context, caller })
    }
}

impl Accepted {
    /// Answers 101 and lets `work` have the socket. It is over when `work` is, or when the session behind it is.
    pub fn serve<W, F>(self, sizes: Sizes, work: W) -> Response
    where
        W: FnOnce(Socket) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let Self { mut inner, context, caller } = self;
        inner.set_selected_protocol(HeaderValue::from_static(PROTOCOL));
        // Subscribed before the answer, so that an end in between is not missed.
        let ended = context.guard.identities.ended();
        let identities = context.guard.identities.clone();
        let asked_every = context.guard.config.sockets_asked_every;
        inner.max_message_size(sizes.message).max_frame_size(sizes.frame).on_upgrade(move |socket| {
            let socket = Socket::new(socket, caller, identities, ended, asked_every);
            work(socket)
        })
    }
}
