//! Encryption on the way in: which certificate a connection is answered with, and where that certificate comes from.
//!
//! Three sources, one [`Shelf`]: files that somebody else renews ([`watch`]), an ACME authority ([`Acme`]), or a
//! certificate authority of this machine's own ([`local`]). TLS 1.3, and 1.2 with forward secrecy and authenticated ciphers
//! only; nothing here can be set to less.
//!
//! What is not here: who listens where, and what is served (`server`); how PostgreSQL or a mail server is recognised (their
//! own crates).

mod accept;
mod acme;
mod error;
mod facts;
mod files;
pub mod local;
pub mod machine;
mod pair;
pub mod private;
mod shelf;

pub use accept::{Accepted, Acceptor};
pub use acme::{Acme, Renewal, Settings as AcmeSettings};
pub use error::Error;
pub use facts::Facts;
pub use files::{Files, LOOKED_EVERY, watch};
pub use pair::Pair;
pub use shelf::Shelf;
pub use tokio_rustls::server::TlsStream;
