//! Who is asking, and the port through which `identity` tells.

use crate::steps::access_log::ip_prefix;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderValue, Method};
use kernel::{Fault, Secret, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use std::any::Any;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::broadcast;
use utoipa::ToSchema;
use uuid::Uuid;

/// What somebody may do here, from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Uses the product.
    Member,
    /// Sees its figures as well: load, limits, how many people; never who they are.
    Monitor,
    /// Runs it: accounts, jobs, health; never content.
    Admin,
    /// Set it up, and cannot be removed.
    Owner,
}

impl Role {
    /// The name in the database and on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Monitor => "monitor",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }
}

impl FromStr for Role {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "member" => Ok(Self::Member),
            "monitor" => Ok(Self::Monitor),
            "admin" => Ok(Self::Admin),
            "owner" => Ok(Self::Owner),
            _ => Err("a role is member, monitor, admin or owner".to_owned()),
        }
    }
}

/// By which surface somebody came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// The browser's cookie.
    Session,
    /// An access token in `Authorization: Bearer`.
    Token,
    /// An API key, in whichever of its three headers.
    ApiKey,
}

/// Somebody who has proven who they are. As a handler's argument it is the rule "signed in".
///
/// The only way to make one is [`Identities::resolve`]; no header names a user (A1-C1).
#[derive(Debug, Clone)]
pub struct Caller {
    /// The account.
    pub user_id: UserId,
    /// What they may do.
    pub role: Role,
    /// The session, of either surface, that this request belongs to; with an API key, the key's id.
    pub session_id: Uuid,
    /// By which surface they came in.
    pub credential: Credential,
    /// Whether a second factor was shown when the session began or since.
    pub second_factor: bool,
    /// When they last proved who they are (a password, a second factor, a passkey); `None` for an API key, which cannot.
    pub confirmed_at: Option<Timestamp>,
    /// What an API key may do, as `area:read` and `area:write`; `None` for whoever is there in person.
    pub scopes: Option<Arc<[String]>>,
    /// What whoever recognised them knows besides, and nobody else reads.
    pub memo: Option<Arc<dyn Any + Send + Sync>>,
}

/// A credential as the request presented it, not yet believed.
pub enum Presented {
    /// The value of the cookie `__Host-sid`.
    Session(Secret<String>),
    /// What follows `Bearer` (or `Token`) in `Authorization`: an access token or an API key.
    Token(Secret<String>),
    /// The value of `x-api-key`, where nothing but an API key counts.
    ApiKey(Secret<String>),
}

/// Where a credential comes from, and what its answer carries along when the credential is exchanged for a new one.
pub struct Sender {
    /// The address, trusted proxies taken into account.
    pub ip: IpAddr,
    /// What the client calls itself, at most 256 characters; empty when it says nothing readable.
    pub user_agent: String,
    cookies: Mutex<Vec<HeaderValue>>,
}

impl Sender {
    /// A sender to whom nothing is handed so far.
    pub fn new(ip: IpAddr, user_agent: String) -> Self {
        Self { ip, user_agent, cookies: Mutex::default() }
    }

    /// The network, /24 or /48: what may be stored.
    pub fn prefix(&self) -> String {
        ip_prefix(self.ip)
    }

    /// Has the answer set this cookie, unless the handler begins or ends a session itself.
    pub fn set_cookie(&self, line: HeaderValue) {
        self.lock().push(line);
    }

    pub(crate) fn take_cookies(&self) -> Vec<HeaderValue> {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<HeaderValue>> {
        // Nothing panics while the list is held.
        self.cookies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a request asks for, for credentials that are bound to more than who holds them.
pub struct Asked<'a> {
    /// The address it comes from.
    pub ip: IpAddr,
    /// The method.
    pub method: &'a Method,
    /// The origin where people reach this server: `https://mind.example`.
    pub origin: &'a str,
    /// The path and the query: `/api/moods?limit=3`.
    pub path_and_query: &'a str,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// Whether a body follows.
    pub has_body: bool,
    /// The SHA-256 that was announced of the body. Whoever reads the body gets an error in place of its end if it is
    /// another.
    pub digest: Option<[u8; 32]>,
}

impl Asked<'_> {
    /// The whole target: `https://mind.example/api/moods?limit=3`.
    pub fn target(&self) -> String {
        format!("{}{}", self.origin, self.path_and_query)
    }
}

/// On which terms a caller is let in.
#[derive(Debug, Clone, Copy, Default)]
pub struct Admission {
    /// So many requests a minute of this credential, beside what holds for its owner.
    pub per_minute: Option<NonZeroU32>,
}

/// Something ended by which people are here; told within this process as it happens, for whoever holds a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// A session of either surface, or an API key.
    Session(Uuid),
    /// Everything of somebody's.
    User(UserId),
}

impl Ended {
    /// Whether it may be about this caller.
    pub fn concerns(self, caller: &Caller) -> bool {
        match self {
            Self::Session(id) => id == caller.session_id,
            Self::User(id) => id == caller.user_id,
        }
    }
}

/// The port behind which accounts and sessions live; `identity` implements it, `server` plugs it in.
pub trait Identities: Send + Sync + 'static {
    /// Whom the credential belongs to; `None` when to nobody, or not any more.
    fn resolve<'a>(
        &'a self,
        presented: &'a Presented,
        sender: &'a Sender,
    ) -> BoxFuture<'a, Result<Option<Caller>, Fault>>;

    /// The same at once, for whom nobody has to be asked about: a session that was looked up a moment ago. `None` says
    /// nothing.
    fn resolve_at_once(&self, _presented: &Presented, _sender: &Sender) -> Option<Caller> {
        None
    }

    /// Whether the caller of an API key may ask this: from this address, with this signature.
    ///
    /// # Errors
    /// The refusal to answer with.
    fn admit<'a>(&'a self, _caller: &'a Caller, _asked: &'a Asked<'a>) -> BoxFuture<'a, Result<Admission, Fault>> {
        async { Ok(Admission::default()) }.boxed()
    }

    /// Whether `token` was made for the session whose cookie is `sid` (signed double submit).
    fn csrf_matches(&self, sid: &Secret<String>, token: &str) -> bool;

    /// A pseudonym of a user for the log: the same for the same user, not to be turned back without our key.
    fn user_ref(&self, user: UserId) -> String;

    /// A credential was seen in a place where it must not be (a URL); if it is valid it is revoked.
    fn leaked<'a>(&'a self, presented: &'a Presented) -> BoxFuture<'a, ()>;

    /// Uses up a ticket for a socket; whose it is, if it was made for this purpose and this network and is not too old.
    /// Nobody's, unless tickets are made.
    fn redeem<'a>(
        &'a self,
        _ticket: &'a Secret<String>,
        _purpose: &'a str,
        _sender: &'a Sender,
    ) -> BoxFuture<'a, Result<Option<Caller>, Fault>> {
        async { Ok(None) }.boxed()
    }

    /// Whether somebody who was let in a while ago would be let in now. Nobody, unless this is answered.
    fn still<'a>(&'a self, _caller: &'a Caller) -> BoxFuture<'a, Result<bool, Fault>> {
        async { Ok(false) }.boxed()
    }

    /// Tells of what ends from now on in this process; nothing where ends are not told.
    fn ended(&self) -> Option<broadcast::Receiver<Ended>> {
        None
    }
}
